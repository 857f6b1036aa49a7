"""Which credential, sender or webhook is wrong at the carrier, and what puts it right? Reads; changes nothing there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from bot.errors import SendError
from bot.ports import SenderSetup
from bot.services import Services
from bot.usecases.finding import Finding

INBOUND, FALLBACK, STATUS = "/twilio/inbound", "/twilio/fallback", "/twilio/status"
OPTIONS = "#rc=2&rp=ct,rt,5xx"
"""To go behind the inbound address: without it the carrier does not try a 5xx again (`reference/stack.md` 3.2)."""

CLOCKS_APART = timedelta(seconds=30)

_NOT_OURS = frozenset({"20003", "401"})
_NOT_ALLOWED = frozenset({"403", "20005", "20006", "20008"})
_NOT_THERE = frozenset({"unreachable", "connection", "timeout", "http"})


def examine_carrier(services: Services) -> list[Finding]:
    """One finding for the credentials, one for the clocks, one for every sender, and one for our own address."""
    found = [_address(services)]
    try:
        setup = services.carrier.inspect()
    except SendError as error:
        return [Finding("carrier", False, _why(error)), *found]
    account = (
        "credentials accepted" if setup.active else "the account is suspended or closed: see its console"
    )
    found.insert(0, Finding("carrier", setup.active, account))
    if setup.now is not None:
        apart = abs(setup.now - services.clock.now())
        words = f"{int(apart.total_seconds())} s from the carrier's" + (
            "" if apart <= CLOCKS_APART else ": set this machine's clock (NTP), or late texts and look-ups go wrong"
        )
        found.append(Finding("time", apart <= CLOCKS_APART, words))
    found += [_sender(sender, services.settings.public_url) for sender in setup.senders]
    return [*found, _opt_outs(services)]


def _why(error: SendError) -> str:
    if error.code in _NOT_OURS:
        return (
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN do not belong together (401): copy both anew from the console; "
            "a token that was rotated is void at once"
        )
    if error.code in _NOT_ALLOWED:
        return (
            "the credentials are known but may not do this (403): use the account's own auth token, not a test or a "
            "restricted one, and see in the console whether the account is suspended"
        )
    if error.code in _NOT_THERE:
        return "it cannot be reached: see to this machine's way to the network, its proxy, and TWILIO_API_BASE"
    return f"{error.staff_text} ({error.code})"


def _address(services: Services) -> Finding:
    url = services.settings.public_url
    parts = urlsplit(url)
    if services.settings.demo:
        return Finding("address", True, f"{url}, for a carrier on this machine")
    if parts.scheme != "https":
        return Finding("address", False, f"PUBLIC_URL is {url}: numbers and words would travel in clear; use https")
    if _is_private(parts.hostname or ""):
        return Finding("address", False, f"PUBLIC_URL is {url}: the carrier cannot reach it from outside")
    if "_" in (parts.hostname or ""):
        return Finding("address", False, f"PUBLIC_URL is {url}: the carrier calls no host with an underscore")
    return Finding("address", True, url)


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal")) or "." not in host


def _sender(sender: SenderSetup, public_url: str) -> Finding:
    faults = list(_faults(sender, public_url))
    if faults:
        return Finding("sender", False, f"{sender.name}: " + "; ".join(faults))
    return Finding("sender", True, f"{sender.name}: texts come to {_bare(sender.inbound)}")


def _faults(sender: SenderSetup, public_url: str) -> Iterator[str]:
    if not sender.known:
        yield (
            "this account does not have it: correct TWILIO_MESSAGING_SERVICE_SID" if sender.name.startswith("MG")
            else "this account does not have it: buy it, or correct TWILIO_FROM"
        )  # fmt: skip
        return
    if not sender.can_text:
        yield (
            "there is no number in the service: add one to its sender pool" if sender.name.startswith("MG")
            else "it cannot text: take a number with the SMS capability"
        )  # fmt: skip
    if sender.overruled:
        yield "a TwiML app stands before its addresses: remove the app from its messaging configuration"
    yield from _hook("a text that comes in", sender.inbound, sender.inbound_method, public_url + INBOUND, OPTIONS)
    yield from _hook("its fallback", sender.fallback, sender.fallback_method, public_url + FALLBACK, "")
    if sender.receipts and not sender.receipts.startswith(f"{public_url}{STATUS}"):
        yield "receipts also go to another address, with the person's number in them: clear its status callback"


def _hook(what: str, stands: str, method: str, wanted: str, options: str) -> Iterator[str]:
    if _bare(stands) != wanted:
        yield f"{what} goes to {_bare(stands) or 'nowhere'}: set it to {wanted}{options}"
    elif method.upper() != "POST":
        yield f"{what} comes by {method.upper()}: set it to HTTP POST"


def _bare(url: str) -> str:
    """Without what may follow: the carrier's options, and a query that could hold anything."""
    return url.partition("#")[0].partition("?")[0]


def _opt_outs(services: Services) -> Finding:
    where = "the service's" if services.settings.twilio_messaging_service_sid else "the number's"
    return Finding(
        "opt-outs", True, f"ours is the list that counts; keep {where} default or Advanced Opt-Out on as second barrier"
    )
