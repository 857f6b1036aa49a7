"""What was last seen open, and how long may that be believed? Observations are only ever appended.

Beside them one row a stock, `stock_states`: the newest count that still stands and what the stock has taught about how
its counts age. It is written in the observation's own transaction and can always be made anew from the observations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    ScalarSelect,
    String,
    Table,
    bindparam,
    func,
    or_,
    select,
)

from bot.rules.freshness import Life, age_of
from bot.rules.learning import Belief, Check, learn, life_of
from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.directory import MATCHED, holds, organizations, programs, stocks

observations = Table(
    "observations",
    metadata,
    Column("observation_id", String(32), primary_key=True),
    Column("stock_id", String(64), ForeignKey("stocks.stock_id"), nullable=False),
    Column("available", Integer, nullable=False),
    Column("observed_at", UTCDateTime, nullable=False),
    Column("received_at", UTCDateTime, nullable=False),
    Column("via", String(8), nullable=False),  # sms · web · api · call · hold · seed · import
    Column("undone", Boolean, nullable=False),
    Column("waitlist", Boolean, nullable=False, server_default="0"),
    Column("by_id", String(40)),  # the link, key or account it came by; none for a text, whose number may report
    CheckConstraint("available >= 0", name="available"),
    Index(None, "stock_id", "observed_at"),
)

stock_states = Table(
    "stock_states",
    metadata,
    Column("stock_id", String(64), ForeignKey("stocks.stock_id", ondelete="CASCADE"), primary_key=True),
    Column("available", Integer, nullable=False),
    Column("waitlist", Boolean, nullable=False),
    Column("observed_at", UTCDateTime, nullable=False),
    Column("received_at", UTCDateTime, nullable=False, index=True),
    Column("silent_at", UTCDateTime),  # three questions were not answered: nobody knows any more
    Column("yes_h", Float, nullable=False),
    Column("full_h", Float, nullable=False),
    Column("yes_floor", Float, nullable=False),
    Column("full_top", Float, nullable=False),
    Column("usual", Float, nullable=False),
    Column("belief", JSON, nullable=False),  # what bot/rules/learning.py goes on from
)

REMEMBERED = 250
"""Counts that a belief is made anew from; what came before them has faded by then."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one stock, holds not taken off, and how it ages."""

    available: int
    waitlist: bool
    observed_at: datetime
    received_at: datetime
    silent_at: datetime | None
    life: Life
    belief: Belief


@dataclass(frozen=True, slots=True)
class StandingCount:
    """The newest count of one stock that still stands, holds not taken off, and when it reached us."""

    program_id: str
    code_name: str
    timezone: str | None
    available: int
    observed_at: datetime
    received_at: datetime
    life: Life


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a stock's history."""

    stock_id: str
    available: int
    waitlist: bool
    observed_at: datetime
    received_at: datetime
    via: str
    undone: bool


_p, _s, _o, _t = programs.c, stocks.c, observations.c, stock_states.c
LIFE = (_t.yes_h, _t.full_h, _t.yes_floor, _t.full_top, _t.usual)
_NEWEST = (_o.observed_at.desc(), _o.received_at.desc(), _o.observation_id.desc())
"""By when it was true, not by when it came: reports arrive out of order."""


def _active_holds(stock_id: ColumnElement[str]) -> ScalarSelect[int]:
    """How many places are promised, or asked for and not answered yet. A lapsed one is free at once, swept or not."""
    h, now = holds.c, bindparam("now", type_=UTCDateTime)
    live = (h.stock_id == stock_id, h.state.in_(("asked", "held")), or_(h.expires_at.is_(None), h.expires_at > now))
    return select(func.count()).select_from(holds).where(*live).scalar_subquery()


_OFFERED = (
    select(_s.stock_id)
    .join_from(programs, organizations, organizations.c.organization_id == _p.organization_id)
    .join(stocks, _s.program_id == _p.program_id)
    .outerjoin(stock_states, _t.stock_id == _s.stock_id)
    .where(*MATCHED)
)
"""Programs that are not approved, not active or suspended are not in it, from the moment that is committed."""
_ACTIVE_HOLDS = select(_active_holds(bindparam("stock_id")))  # type: ignore[arg-type]
_STATE = select(_t.available, _t.waitlist, _t.observed_at, _t.received_at, _t.silent_at, *LIFE, _t.belief).where(
    _t.stock_id == bindparam("stock_id")
)
_AGING = (
    select(_p.kind, _p.facets)
    .join(stocks, _s.program_id == _p.program_id)
    .where(_s.stock_id == bindparam("stock_id"))
)


def is_offered(tx: Tx, stock_id: str) -> bool:
    """Whether this stock's program is approved and active now."""
    return tx.conn.execute(_OFFERED.where(_s.stock_id == stock_id)).first() is not None


def _age(facets: Mapping[str, Any], at: datetime, now: datetime) -> Any:
    return age_of(at, now, facets.get("resets_at"), facets.get("timezone"))


def standing_counts(tx: Tx, program_id: str | None = None) -> list[StandingCount]:
    """Every stock that was ever counted, of approved, active programs (or of this one), program by program."""
    query = select(_p.program_id, _p.code_name, _p.facets, _t.available, _t.observed_at, _t.received_at, *LIFE)
    query = query.join(organizations, organizations.c.organization_id == _p.organization_id)
    query = query.join(stocks, _s.program_id == _p.program_id)
    query = query.join(stock_states, _t.stock_id == _s.stock_id)
    where = [*MATCHED]
    if program_id is not None:
        where.append(_p.program_id == program_id)
    rows = tx.conn.execute(query.where(*where).order_by(_p.program_id, _s.stock_id))
    return [StandingCount(*row[:2], row[2].get("timezone"), *row[3:6], Life(*row[6:])) for row in rows]


def latest_counts(tx: Tx, program_ids: Collection[str]) -> list[tuple[Any, ...]]:
    """(program, stock, unit, maximum, available, when, how it ages) of every stock of these programs, counted or
    not."""
    query = select(_s.program_id, _s.stock_id, _s.unit, _s.maximum, _t.available, _t.observed_at, *LIFE)
    query = query.outerjoin_from(stocks, stock_states, _t.stock_id == _s.stock_id)
    rows = tx.conn.execute(query.where(_s.program_id.in_(program_ids)).order_by(_s.stock_id))
    return [(*row[:6], None if row[4] is None else Life(*row[6:])) for row in rows]


def state(tx: Tx, stock_id: str) -> State | None:
    """What is known of a stock; None while it was never counted."""
    row = tx.conn.execute(_STATE, {"stock_id": stock_id}).one_or_none()
    return None if row is None else State(*row[:5], Life(*row[5:10]), _belief(row.belief))


def observe(tx: Tx, *, stock_id: str, available: int, via: str, observed_at: datetime | None = None,
            waitlist: bool = False, by_id: str | None = None) -> str:  # fmt: skip
    """Append a count and learn from it; nothing that was said before is overwritten. One that is older than what is
    known is kept too, and changes nothing of what is known. The caller holds the stock's lock."""
    observation_id, at = new_id(), observed_at or tx.now
    row = {
        "observation_id": observation_id, "stock_id": stock_id, "available": available, "observed_at": at,
        "received_at": tx.now, "via": via, "undone": False, "waitlist": waitlist, "by_id": by_id,
    }  # fmt: skip
    tx.conn.execute(observations.insert(), row)
    before = state(tx, stock_id)
    if before is not None and at < before.observed_at:
        _rebuild(tx, stock_id)
        return observation_id
    kind, facets = tx.conn.execute(_AGING, {"stock_id": stock_id}).one()
    belief = Belief() if before is None else before.belief
    if before is not None and via != "seed":
        check = Check(before.available, _age(facets, before.observed_at, at), available)
        belief = learn(belief, kind, check)
    _write(tx, stock_id, kind, belief, row, is_new=before is None)
    return observation_id


def undo_last(tx: Tx, stock_ids: Collection[str], *, since: datetime, via: str, by_id: str | None = None) -> bool:
    """Take back all counts of the last text, or of the last tap on a page, about these stocks, and what was learned of
    them. False when nothing is left to undo."""
    mine = [_o.stock_id.in_(stock_ids), _o.via == via, _o.undone.is_(False), _o.received_at >= since]
    if by_id is not None:
        mine.append(_o.by_id == by_id)
    last = tx.conn.execute(select(func.max(_o.received_at)).where(*mine)).scalar()
    if last is None:
        return False
    undone = (*mine, _o.received_at == last)
    touched = tx.conn.execute(select(_o.stock_id).where(*undone).distinct()).scalars().all()
    tx.conn.execute(observations.update().where(*undone).values(undone=True))
    for stock_id in touched:
        _rebuild(tx, stock_id)
    return True


def known(tx: Tx, *, stock_id: str, available: int, observed_at: datetime, via: str, by_id: str | None) -> bool:
    """Whether this very observation stands already: a machine that repeats itself adds nothing."""
    same = (_o.stock_id == stock_id, _o.observed_at == observed_at, _o.available == available, _o.via == via)
    query = select(_o.observation_id).where(*same, _o.by_id == by_id, _o.undone.is_(False))
    return tx.conn.execute(query.limit(1)).first() is not None


def _rebuild(tx: Tx, stock_id: str) -> None:
    """Make the row anew from the observations that stand."""
    query = select(observations).where(_o.stock_id == stock_id, _o.undone.is_(False)).order_by(*_NEWEST)
    told = [row._mapping for row in tx.conn.execute(query.limit(REMEMBERED))][::-1]
    tx.conn.execute(stock_states.delete().where(_t.stock_id == stock_id))
    if not told:
        return
    kind, facets = tx.conn.execute(_AGING, {"stock_id": stock_id}).one()
    belief = Belief()
    for earlier, later in pairwise(told):
        if later["via"] != "seed":
            age = _age(facets, earlier["observed_at"], later["observed_at"])
            belief = learn(belief, kind, Check(earlier["available"], age, later["available"]))
    _write(tx, stock_id, kind, belief, told[-1], is_new=True)


def _write(tx: Tx, stock_id: str, kind: str, belief: Belief, said: Mapping[str, Any], *, is_new: bool) -> None:
    values = {
        "available": said["available"], "waitlist": said["waitlist"], "observed_at": said["observed_at"],
        "received_at": said["received_at"], "silent_at": None, **asdict(life_of(belief, kind)),
        "belief": asdict(belief),
    }  # fmt: skip
    if is_new:
        tx.conn.execute(stock_states.insert(), {"stock_id": stock_id, **values})
    else:
        tx.conn.execute(stock_states.update().where(_t.stock_id == stock_id), values)


def _belief(kept: Mapping[str, Any]) -> Belief:
    """Nothing kept is nothing learned."""
    return Belief(**{**kept, "yes": tuple(kept["yes"]), "full": tuple(kept["full"])}) if kept else Belief()


def fall_silent(tx: Tx, program_id: str) -> None:
    """Nobody answered three times: what this program last said is not known to be so any more, until it says more."""
    theirs = select(_s.stock_id).where(_s.program_id == program_id)
    quiet = (_t.stock_id.in_(theirs), _t.silent_at.is_(None))
    tx.conn.execute(stock_states.update().where(*quiet).values(silent_at=tx.now))


def active_holds(tx: Tx, stock_id: str) -> int:
    return tx.conn.execute(_ACTIVE_HOLDS, {"stock_id": stock_id, "now": tx.now}).scalar_one()


def counted_at(tx: Tx, program_ids: Iterable[str]) -> dict[str, datetime]:
    """When each of these programs was last counted."""
    query = select(_s.program_id, func.max(_t.observed_at)).join(stocks, _s.stock_id == _t.stock_id)
    rows = tx.conn.execute(query.where(_s.program_id.in_(list(program_ids))).group_by(_s.program_id))
    return {row[0]: row[1] for row in rows}


def any_since(tx: Tx, since: datetime) -> bool:
    """Whether anything was counted from this moment on."""
    return tx.conn.execute(select(_t.stock_id).where(_t.received_at >= since).limit(1)).first() is not None


def history(tx: Tx, stock_ids: Collection[str], *, limit: int) -> list[Said]:
    """The latest counts of these stocks, newest first; taken back or not."""
    query = select(_o.stock_id, _o.available, _o.waitlist, _o.observed_at, _o.received_at, _o.via, _o.undone)
    rows = tx.conn.execute(query.where(_o.stock_id.in_(stock_ids)).order_by(*_NEWEST).limit(limit))
    return [Said(*row) for row in rows]
