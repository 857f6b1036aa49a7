"""What does a provider's count change? One observation is appended, and the provider reads back what was understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from phonenumbers import parse
from phonenumbers.timezone import time_zones_for_number

from bot.rules.freshness import good_for_h
from bot.rules.phrases import phrase
from bot.services import Services
from bot.store import directory, messages, openings, reporter_invites
from bot.store.db import Database, Tx
from bot.store.directory import Reporter, Stock
from bot.usecases import hold
from bot.usecases.hold import Reply
from bot.usecases.provider_texts import text_provider
from bot.usecases.refusal import Refused
from flows.understanding import Expecting, Intent, read
from flows.understanding.provider import Counted, ProviderText, Said, masked, read_provider

UNDO_WITHIN = timedelta(hours=24)
OLDEST_COUNT = timedelta(days=365)
CLOCKS_DIFFER = timedelta(minutes=5)
"""A machine's clock may run ahead of ours by so much; its count is then taken as of now."""

_THEIR_OWN = frozenset(
    {
        Intent.SUICIDE, Intent.MEDICAL, Intent.DANGER, Intent.STOP, Intent.STOP_SILENT, Intent.START, Intent.MINOR,
        Intent.WRONG_NUMBER, Intent.MAYBE_STOP, Intent.HUMAN, Intent.HELP, Intent.ERASE,
    }
)  # fmt: skip
"""Who reports beds can be in danger, need a person or want no texts, like anyone: then they are answered as anyone."""

_NOT_UNDERSTOOD: Reply = ("PU6", {})


def report(tx: Tx, services: Services, *, number: str, text: str, message_id: str, late: bool = False) -> bool:
    """Take a text as a provider's, if it is one. False: it is an ordinary person's text and nothing was done. The
    caller has stored the inbound row in this transaction, and a repeated webhook never comes this far. A `late` text
    may not be true any more: they are asked to send it again."""
    reporter = directory.reporter(tx, number)
    if reporter is None:
        return _confirms(tx, services, number, text)
    said = read_provider(text)
    if _is_their_own(services, reporter, said, text):
        return False
    if said.doubtful:
        messages.rewrite(tx, message_id, masked(text))  # a provider's slip is no reason to keep a client's name
    key, fields = _NOT_UNDERSTOOD if late else _reply(tx, services, reporter, said, number)
    text_provider(tx, services, number=number, language=reporter.language, key=key, fields=fields)
    return True


_MAY_IT = Expecting("reporter", "", "yes_no", ("yes", "no"))


def _confirms(tx: Tx, services: Services, number: str, text: str) -> bool:
    """Whether this is the yes or the no of a number that staff named as one that may report (PU14)."""
    invite = reporter_invites.standing(tx, number)
    if invite is None:
        return False
    lexicon = services.script.lexicon
    said = read(text, expecting=_MAY_IT, language=invite.language, lexicon=lexicon, safe_now=True).intent
    if said not in (Intent.YES, Intent.NO):
        return False
    reporter_invites.drop(tx, number)
    if said is Intent.YES:
        directory.add_reporter(tx, number=number, program_id=invite.program_id, language=invite.language)
    key = "PU15" if said is Intent.YES else "PU16"
    fields: dict[str, str | int] = {"PROG": invite.code_name}
    text_provider(tx, services, number=number, language=invite.language, key=key, fields=fields)
    return True


@dataclass(frozen=True, slots=True)
class Recorded:
    """`is_new` is false when this very observation stood already, and nothing was added."""

    program_id: str
    available: int
    observed_at: datetime
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """By what way a count came that no text brought: call, api or web, and whose it was. A machine may speak for its
    own organization alone."""

    via: str = "call"
    by_id: str | None = None
    organization_id: str | None = None


def record_count(database: Database, *, program: str, available: int, unit: str | None = None,
                 at: datetime | None = None, source: Source = Source()) -> Recorded | Refused:  # fmt: skip
    """A count that staff heard by telephone, or that a machine sent. `program` is an id or a code name; `at` is when it
    was true. What the program itself would be asked back is refused; the same observation twice is one."""
    with database.transaction() as tx:
        observed_at = at or tx.now
        if not tx.now - OLDEST_COUNT < observed_at <= tx.now + CLOCKS_DIFFER:
            return Refused("The time of a count must lie in the past year.")
        observed_at = min(observed_at, tx.now)
        program_id = directory.program_id_of(tx, program)
        if program_id is None or not _is_theirs(tx, program_id, source):
            return Refused("There is no such program.")
        stocks = directory.stocks_of(tx, program_id, lock=True)
        shares = _shares(stocks, (Counted(available, unit),))
        if shares is None:
            return Refused("Say which unit is meant: " + ", ".join(sorted({s.unit for s in stocks})) + ".")
        stock = shares[0][0]
        if not 0 <= available <= stock.maximum:
            return Refused(phrase("This program has %(maximum)s at most.", maximum=stock.maximum))
        said = {"stock_id": stock.stock_id, "available": available, "via": source.via, "by_id": source.by_id}
        if at is not None and openings.known(tx, observed_at=observed_at, **said):
            return Recorded(program_id, available, observed_at, is_new=False)
        openings.observe(tx, observed_at=observed_at, **said)
        return Recorded(program_id, available, observed_at)


def _is_theirs(tx: Tx, program_id: str, source: Source) -> bool:
    return source.organization_id in (None, directory.organization_of(tx, program_id))


def _is_their_own(services: Services, reporter: Reporter, said: ProviderText, text: str) -> bool:
    if said.said is not Said.UNCLEAR and not said.doubtful:
        return False
    reading = read(text, expecting=None, language=reporter.language, lexicon=services.script.lexicon, safe_now=True)
    return reading.intent in _THEIR_OWN


def _reply(tx: Tx, services: Services, reporter: Reporter, said: ProviderText, number: str) -> Reply:
    """Do what the text says and return what to read back."""
    match said.said:
        case Said.COUNT:
            return _count(tx, services, reporter, said, number)
        case Said.SAME:
            return _same(tx, services, reporter, number)
        case Said.FULL | Said.WAIT:
            return _none_open(tx, services, reporter, number, waitlist=said.said is Said.WAIT)
        case Said.OFF:
            _none_open(tx, services, reporter, number)
            directory.set_status(tx, reporter.program_id, "paused", only_from="active")
            return "PU11", {"PROG": reporter.code_name}
        case Said.UNDO:
            return _undo(tx, reporter)
        case Said.HOLD_YES | Said.HOLD_NO | Said.HOLD_CALL | Said.MOVED_IN:
            return hold.answer(tx, services, program_id=reporter.program_id, said=said)
        case Said.UNCLEAR:
            return _NOT_UNDERSTOOD
        case _:
            assert_never(said.said)


def _count(tx: Tx, services: Services, reporter: Reporter, said: ProviderText, number: str) -> Reply:
    stocks = directory.stocks_of(tx, reporter.program_id, lock=True)
    shares = _shares(stocks, said.counts)
    if shares is None:
        return _NOT_UNDERSTOOD
    for stock, available in shares:
        if available > stock.maximum:
            return "PU5", {"PROG": reporter.code_name, "N": stock.maximum}
    if said.doubtful:
        if len(shares) > 1:
            return _NOT_UNDERSTOOD
        return "PU8", {"PROG": reporter.code_name, "N": shares[0][1]}
    directory.set_status(tx, reporter.program_id, "active", only_from="paused")
    return _observed(tx, services, reporter, shares, number)


def _shares(stocks: list[Stock], counts: Iterable[Counted]) -> list[tuple[Stock, int]] | None:
    """Which stock each number counts; None when that is not certain. Where there is one stock only, its units go by
    many names, but never by another gender's or a family's."""
    counts = tuple(counts)
    shares = []
    for counted in counts:
        fitting = [stock for stock in stocks if stock.unit == counted.unit]
        if not fitting and len(stocks) == len(counts) == 1 and counted.unit not in _NOT_INTERCHANGEABLE:
            fitting = stocks
        if len(fitting) != 1:
            return None
        shares.append((fitting[0], counted.available))
    return shares


_NOT_INTERCHANGEABLE = ("women_bed", "men_bed", "family_unit")


def _same(tx: Tx, services: Services, reporter: Reporter, number: str) -> Reply:
    stocks = directory.stocks_of(tx, reporter.program_id, lock=True)
    known = [(stock, openings.state(tx, stock.stock_id)) for stock in stocks]
    shares = [(stock, latest.available) for stock, latest in known if latest is not None]
    if not shares:
        return _NOT_UNDERSTOOD
    directory.set_status(tx, reporter.program_id, "active", only_from="paused")
    return _observed(tx, services, reporter, shares, number)


def _none_open(tx: Tx, services: Services, reporter: Reporter, number: str, *, waitlist: bool = False) -> Reply:
    stocks = directory.stocks_of(tx, reporter.program_id, lock=True)
    return _observed(tx, services, reporter, [(stock, 0) for stock in stocks], number, waitlist=waitlist)


def _observed(tx: Tx, services: Services, reporter: Reporter, shares: list[tuple[Stock, int]], number: str, *,
              waitlist: bool = False) -> Reply:  # fmt: skip
    """Append, and read back the whole program: PU2. It is good for as long as the shortest-lived part of it."""
    hours = 99
    for stock, available in shares:
        openings.observe(tx, stock_id=stock.stock_id, available=available, via="sms", waitlist=waitlist)
        now = openings.state(tx, stock.stock_id)
        assert now is not None
        hours = min(hours, good_for_h(now.life, available))
    told = sum(available for _, available in shares)
    local = tx.now.astimezone(_zone(reporter, number))
    time = services.script.wording.time_of_day(local, reporter.language)
    return "PU2", {"PROG": reporter.code_name, "N": told, "H": hours, "TIME": time}


def _zone(reporter: Reporter, number: str) -> ZoneInfo:
    """The program's own; where none is on record, that of the office number, which unlike a person's does not move."""
    if reporter.timezone:
        return ZoneInfo(reporter.timezone)
    zones = [zone for zone in time_zones_for_number(parse(number)) if "/" in zone and not zone.startswith("Etc/")]
    return ZoneInfo(zones[0] if zones else "America/Chicago")


def _undo(tx: Tx, reporter: Reporter) -> Reply:
    stocks = directory.stocks_of(tx, reporter.program_id, lock=True)
    if not openings.undo_last(tx, [stock.stock_id for stock in stocks], since=tx.now - UNDO_WITHIN, via="sms"):
        return _NOT_UNDERSTOOD
    directory.set_status(tx, reporter.program_id, "active", only_from="paused")
    return "PU7", {"PROG": reporter.code_name, "N": hold.counted(tx, stocks)}
