"""How does a program keep its own counts by a link, without an account? The link is the authority, and nothing more:
one program, until it expires or is taken back, and every tap is an observation like a text's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rules.asking import OFFICE_HOURS
from bot.rules.freshness import Freshness, age_of, freshness, p_open
from bot.rules.phrases import phrase
from bot.store import asks, audit, directory, links, openings
from bot.store.db import Database, Tx
from bot.store.directory import Stock
from bot.store.links import Link
from bot.store.openings import Said
from bot.usecases.refusal import Refused

LASTS_DAYS = 90
SHOWN = 30
"""Lines of history on the page."""
UNDO_WITHIN = timedelta(hours=24)
GONE = Refused("This link is not good any more. Ask the person who gave it to you for a new one.")


@dataclass(frozen=True, slots=True)
class Given:
    """`token` is shown once: only its keyed hash is kept."""

    link_id: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """One of the program's stocks, as it would be told now. `state` None: never counted."""

    stock: Stock
    available: int | None
    waitlist: bool
    observed_at: datetime | None
    state: Freshness
    chance: float


@dataclass(frozen=True, slots=True)
class Record:
    """All a program sees: its own counts, what was said before, and how often that proved true."""

    link: Link
    now: datetime
    counts: tuple[Counted, ...]
    history: tuple[Said, ...]
    checks: int
    proved: int
    hours: tuple[int, int]


def give(database: Database, *, program: str, staff_id: str | None = None, language: str = "en",
         days: int = LASTS_DAYS) -> Given | Refused:  # fmt: skip
    """A new link to this program's counts; those given before stay good."""
    if not 1 <= days <= 366:
        return Refused("A link lasts between one day and a year.")
    with database.transaction() as tx:
        program_id = directory.program_id_of(tx, program)
        if program_id is None:
            return Refused("There is no such program.")
        expires_at = tx.now + timedelta(days=days)
        link_id, token = links.add(tx, program_id=program_id, staff_id=staff_id, language=language,
                                   expires_at=expires_at)  # fmt: skip
        audit.record(tx, act="update_link_given", staff_id=staff_id, object_id=link_id)
    return Given(link_id, token, expires_at)


def take_back(database: Database, *, program: str, staff_id: str | None = None) -> int | Refused:
    """Every link to this program, at once; returns how many were good."""
    with database.transaction() as tx:
        program_id = directory.program_id_of(tx, program)
        if program_id is None:
            return Refused("There is no such program.")
        audit.record(tx, act="update_links_taken_back", staff_id=staff_id, object_id=program_id[:40])
        return links.revoke(tx, program_id)


def see(database: Database, token: str) -> Record | None:
    """What stands behind a link. None when it is good no more. Looking changes nothing, and makes no count younger."""
    with database.reading() as tx:
        link = links.find(tx, token)
        return None if link is None else _record(tx, link)


def put(database: Database, token: str, act: str, counts: Mapping[str, int]) -> Refused | None:
    """One tap. `act` is count (with `counts` by stock), same, full, wait, off, on or undo."""
    with database.transaction() as tx:
        link = links.find(tx, token)
        if link is None:
            return GONE
        stocks = directory.stocks_of(tx, link.program_id, lock=True)
        match act:
            case "count":
                return _count(tx, link, stocks, counts)
            case "same":
                return _same(tx, link, stocks)
            case "full" | "wait" | "off":
                _observe(tx, link, {stock.stock_id: 0 for stock in stocks}, waitlist=act == "wait")
                if act == "off":
                    directory.set_status(tx, link.program_id, "paused", only_from="active")
                return None
            case "on":
                directory.set_status(tx, link.program_id, "active", only_from="paused")
                return None
            case "undo":
                return _undo(tx, link, stocks)
        return Refused("That button is not known. Nothing was changed.")


def choose_hours(database: Database, token: str, first: int, end: int) -> Refused | None:
    """When this program may be asked for a count, in its own time."""
    if not 0 <= first < end <= 24:
        return Refused("The first hour must come before the last. Nothing was changed.")
    with database.transaction() as tx:
        link = links.find(tx, token)
        if link is None:
            return GONE
        asks.choose_hours(tx, link.program_id, first, end)
    return None


def _count(tx: Tx, link: Link, stocks: list[Stock], counts: Mapping[str, int]) -> Refused | None:
    most = {stock.stock_id: stock.maximum for stock in stocks}
    if not counts or not counts.keys() <= most.keys():
        return Refused("Say how many are open. Nothing was changed.")
    for stock_id, available in counts.items():
        if not 0 <= available <= most[stock_id]:
            return Refused(phrase("You have %(most)s at most. Nothing was changed.", most=most[stock_id]))
    directory.set_status(tx, link.program_id, "active", only_from="paused")
    _observe(tx, link, counts)
    return None


def _same(tx: Tx, link: Link, stocks: list[Stock]) -> Refused | None:
    known = {stock.stock_id: openings.state(tx, stock.stock_id) for stock in stocks}
    counts = {stock_id: state.available for stock_id, state in known.items() if state is not None}
    if not counts:
        return Refused("There is no count yet. Put in a number first.")
    directory.set_status(tx, link.program_id, "active", only_from="paused")
    _observe(tx, link, counts)
    return None


def _undo(tx: Tx, link: Link, stocks: list[Stock]) -> Refused | None:
    mine = [stock.stock_id for stock in stocks]
    since = tx.now - UNDO_WITHIN
    if not openings.undo_last(tx, mine, since=since, via="web", by_id=link.link_id):
        return Refused("There is nothing of the last day to undo.")
    directory.set_status(tx, link.program_id, "active", only_from="paused")
    return None


def _observe(tx: Tx, link: Link, counts: Mapping[str, int], *, waitlist: bool = False) -> None:
    for stock_id, available in counts.items():
        openings.observe(tx, stock_id=stock_id, available=available, via="web", waitlist=waitlist, by_id=link.link_id)


def _record(tx: Tx, link: Link) -> Record:
    stocks = directory.stocks_of(tx, link.program_id)
    states = {stock.stock_id: openings.state(tx, stock.stock_id) for stock in stocks}
    known = [state for state in states.values() if state is not None]
    return Record(
        link=link,
        now=tx.now,
        counts=tuple(_counted(stock, states[stock.stock_id], tx.now) for stock in stocks),
        history=tuple(openings.history(tx, list(states), limit=SHOWN)),
        checks=sum(state.belief.checks for state in known),
        proved=sum(state.belief.proved for state in known),
        hours=asks.hours_of(tx, link.program_id) or OFFICE_HOURS,
    )


def _counted(stock: Stock, state: openings.State | None, now: datetime) -> Counted:
    if state is None:
        return Counted(stock, None, False, None, Freshness.UNKNOWN, 0.0)
    age = None if state.silent_at else age_of(state.observed_at, now)
    sure = freshness(state.life, age, state.available)
    chance = p_open(state.life, age, state.available)
    return Counted(stock, state.available, state.waitlist, state.observed_at, sure, chance)
