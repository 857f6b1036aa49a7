"""Can this colleague be reached now? Each of their channels rings, and only their answer proves it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import phonenumbers

from bot.store import audit, pages, reach, staff
from bot.store.db import Database, Tx, new_id
from bot.usecases import page_staff
from bot.usecases.refusal import Refused

TYPED = ("sms", "email", "webhook")
"""Ways whose address somebody types; a browser names its own, and the desk needs none."""
_MOST = 6
_AGAIN_AFTER = timedelta(seconds=20)
"""A ring that has not arrived yet is not missing yet; and a text costs money."""


def add(database: Database, *, staff_id: str, kind: str, address: str, region: str) -> str | Refused:
    """One more way to call them; it rings at once and counts from their answer on. Answers its id."""
    normal = _normal(kind, address.strip(), region)
    if normal is None:
        return Refused("This is no address for this kind of call: a number, a mail address, or an https address.")
    return keep(database, staff_id=staff_id, kind=kind, address=normal)


def keep(database: Database, *, staff_id: str, kind: str, address: str, key: str = "",
         name: str | None = None) -> str | Refused:  # fmt: skip
    """As `add`, of an address that was looked at already. One that stands rings again."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.active:
            return Refused("There is no such account.")
        if len(pages.channels_of(tx, [staff_id])) >= _MOST:
            return Refused("Six ways to be called are enough. Take one away first.")
        channel_id = pages.add_channel(tx, staff_id, kind, address, name=name, key=key)
        _ring(tx, staff_id, [channel_id])
        audit.record(tx, act="channel_added", staff_id=staff_id, object_id=channel_id, detail=kind)
    return channel_id


def drop(database: Database, *, staff_id: str, channel_id: str) -> Refused | None:
    """None means it is gone, with its calls."""
    with database.transaction() as tx:
        if not pages.drop_channel(tx, staff_id, channel_id):
            return Refused("This is no channel of yours.")
        audit.record(tx, act="channel_dropped", staff_id=staff_id, object_id=channel_id)
    return None


def ring_again(database: Database, *, staff_id: str, channel_id: str | None = None) -> Refused | None:
    """One of their channels, or with None all of them. None means that they ring; the answer is what counts."""
    with database.transaction() as tx:
        mine = [one.channel_id for one in pages.channels_of(tx, [staff_id]) if channel_id in (None, one.channel_id)]
        if not mine:
            return Refused("This is no channel of yours.")
        rang = reach.last_calls(tx, staff_id)
        quiet = [one for one in mine if one not in rang or tx.now - rang[one].created_at >= _AGAIN_AFTER]
        if not quiet:
            return Refused("It rang a moment ago. Give it twenty seconds.")
        _ring(tx, staff_id, quiet)
    return None


def ring_all(tx: Tx, staff_id: str) -> None:
    """At the start of a shift: all of them, in the transaction that begins it."""
    _ring(tx, staff_id, [one.channel_id for one in pages.channels_of(tx, [staff_id])])


def _ring(tx: Tx, staff_id: str, channel_ids: list[str]) -> None:
    pages.add(tx, [
        {"staff_id": staff_id, "channel_id": channel_id, "why": "proof", "tier": "P3", "call_key": f"proof:{new_id()}",
         "code": page_staff.code(), "due_at": tx.now}
        for channel_id in channel_ids
    ])  # fmt: skip


def _normal(kind: str, address: str, region: str) -> str | None:
    match kind:
        case "sms":
            try:
                number = phonenumbers.parse(address, region)
            except phonenumbers.NumberParseException:
                return None
            good = phonenumbers.is_possible_number(number)
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if good else None
        case "email":
            name, at, host = address.partition("@")
            return address if name and at and "." in host and not set(address) & set(" \r\n,;<>") else None
        case "webhook":
            parts = urlsplit(address)
            local = parts.hostname in ("127.0.0.1", "localhost")
            good = parts.scheme == "https" or (parts.scheme == "http" and local)
            return address if parts.hostname and good else None
    return None
