"""Which openings is a search given? One candidate for each stock of an approved, active program.

A search far from a place meets thousands of them, and what one states changes by an edit or a count alone. PostgreSQL
marks each version of a row itself (`xmin`, the transaction that wrote it), so a search asks for the marks, and reads
whole only the rows whose marks it has not met: there is no notice of a change that could be forgotten. Who is approved,
active and where, and which places are held, the database is asked every time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from json import loads
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Engine,
    Select,
    String,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bot.rules.criteria import Facets, merged
from bot.rules.facets import Candidate
from bot.rules.freshness import Life, age_of, prior
from bot.store.db import Tx
from bot.store.directory import MATCHED, holds, organizations, programs, stocks
from bot.store.openings import LIFE, stock_states

_p, _s, _t = programs.c, stocks.c, stock_states.c


class Where(StrEnum):
    """Which programs a search may leave out before they are judged, by what they serve."""

    ANYWHERE = "anywhere"
    NEAR = "near"
    FAR = "far"


def every(tx: Tx, *, needs: Collection[str] = (), zip3s: Collection[str] = (), where: Where = Where.ANYWHERE,
          known_for: Mapping[str, frozenset[str]] = MappingProxyType({})) -> list[Candidate]:  # fmt: skip
    """The candidates for these needs (none given: for all); every one of them, for only who judges them knows which
    fit. A program that serves everywhere is near and far. Of a stock that went silent, or opened anew since, nobody
    knows, and it was observed at None."""
    rows = tx.conn.execute(*searching(tx, needs=needs, zip3s=zip3s, where=where))
    if tx.conn.dialect.name == "postgresql":
        with rows:
            return _remembered(tx, rows.cursor.fetchall(), known_for)  # as the driver has them: nothing to convert
    return [_now(_candidate(*row[:-1]), row[-1], tx.now, known_for) for row in rows]


def searching(tx: Tx, *, needs: Collection[str] = (), zip3s: Collection[str] = (),
              where: Where = Where.ANYWHERE) -> tuple[Select[Any], dict[str, Any]]:  # fmt: skip
    """The statement, and what fills it."""
    where = where if zip3s else Where.ANYWHERE
    values: dict[str, Any] = {"now": tx.now}
    if needs:
        values["needs"] = list(needs)
    if where is not Where.ANYWHERE:
        values["zip3s"] = sorted(zip3s)
    return _search(tx.conn.dialect.name, bool(needs), where), values


@cache
def _search(dialect: str, by_need: bool, where: Where) -> Select[Any]:
    """Built once of each shape: a person waits for it in the middle of a turn."""
    h = holds.c
    live = (h.state.in_(("asked", "held")), or_(h.expires_at.is_(None), h.expires_at > bindparam("now")))
    taken = select(h.stock_id, func.count().label("n")).where(*live).group_by(h.stock_id).subquery("taken")
    query = _of_matched(_MARKS if dialect == "postgresql" else _whole(dialect), taken.c.n)
    query = query.outerjoin(taken, taken.c.stock_id == _s.stock_id)
    if by_need:
        query = query.where(_p.need.in_(bindparam("needs", expanding=True)))
    if where is Where.NEAR:
        query = query.where(or_(_serves_everywhere(dialect), _serves(dialect)))
    elif where is Where.FAR:
        query = query.where(not_(_serves(dialect)))
    return query


def _of_matched(columns: Iterable[ColumnElement[Any]], *more: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*columns, *more)
        .join_from(programs, organizations, organizations.c.organization_id == _p.organization_id)
        .join(stocks, _s.program_id == _p.program_id)
        .outerjoin(stock_states, _t.stock_id == _s.stock_id)
        .where(*MATCHED)
    )


def _serves_everywhere(dialect: str) -> ColumnElement[bool]:
    return _p.zip3 == literal_column("'[]'::jsonb") if dialect == "postgresql" else func.json_array_length(_p.zip3) == 0


def _serves(dialect: str) -> ColumnElement[bool]:
    """Whether a program serves any of the three-digit ZIPs that are asked for."""
    if dialect == "postgresql":
        return type_coerce(_p.zip3, JSONB).has_any(bindparam("zip3s", type_=ARRAY(String)))
    served = func.json_each(_p.zip3).table_valued("value")
    return exists(select(literal(1)).select_from(served).where(served.c.value.in_(bindparam("zip3s", expanding=True))))


# --- What one of them states -----------------------------------------------------------------------------------------


def _whole(dialect: str) -> tuple[ColumnElement[Any], ...]:
    """What a candidate is made of."""
    stated = [cast(column, Text) for column in (_p.zip3, _p.facets, _s.facets, _p.traits)]
    at: ColumnElement[Any] = case((_t.silent_at.is_(None), _t.observed_at))
    if dialect == "postgresql":
        at = type_coerce(at, DateTime(timezone=True))  # aware as it comes; of thousands none needs to be converted
    return _p.program_id, _s.stock_id, _s.unit, _p.need, _p.kind, *stated, _t.available, at, *LIFE


def _candidate(program_id: str, stock_id: str, unit: str, need: str, kind: str, zip3: str, facets: str, own: str,
               traits: str, available: int | None, at: datetime | None, *life: float) -> Candidate:  # fmt: skip
    """As its rows say it, nothing taken off; one that was never counted is as its kind is."""
    stated = _stated(unit, zip3, facets, own, traits)
    if available is None:
        return Candidate(program_id, stock_id, need, prior(kind), *stated, 0, None)
    return Candidate(program_id, stock_id, need, Life(*life), *stated, available, at)


@lru_cache(maxsize=32_768)
def _stated(unit: str, zip3: str, facets: str, own: str, traits: str) -> tuple[frozenset[str], Facets, tuple[str, ...]]:
    """What changes with an edit alone, made once of each text."""
    return frozenset(loads(zip3)), merged(loads(facets), loads(own), unit), tuple(loads(traits))


def _now(c: Candidate, held: int | None, now: datetime, known_for: Mapping[str, frozenset[str]]) -> Candidate:
    """With held places taken off, and a count from before the place last opened forgotten."""
    if held:
        c = replace(c, available=max(0, c.available - held))
    if _opens_anew(c) and age_of(c.observed_at, now, c.facets["resets_at"], c.facets.get("timezone")) is None:
        c = replace(c, observed_at=None)
    return replace(c, known_for=known_for[c.program_id]) if c.program_id in known_for else c


def _opens_anew(c: Candidate) -> bool:
    return "resets_at" in c.facets


# --- What is remembered of them ---------------------------------------------------------------------------------------

_MARKS = (_s.stock_id, *(literal_column(f"{table.name}.xmin", String) for table in (programs, stocks, stock_states)))
_MOST = 65_536
"""Candidates remembered of one database; about a kilobyte each."""


class _Kept(NamedTuple):
    """A candidate, and the marks of the rows it was made of."""

    program: str
    stock: str
    state: str | None
    candidate: Candidate
    changes_by_itself: bool


_KEPT: WeakKeyDictionary[Engine, dict[str, _Kept]] = WeakKeyDictionary()


def _remembered(tx: Tx, rows: Iterable[Any], known_for: Mapping[str, frozenset[str]]) -> list[Candidate]:
    """The candidates of these marks."""
    kept = _KEPT.setdefault(tx.conn.engine, {})
    found, unmet = [], {}
    for stock_id, program, stock, state, held in rows:
        one = kept.get(stock_id)
        if one is None or one[0] != program or one[1] != stock or one[2] != state:
            unmet[stock_id] = held
            continue
        plain = not (held or one[4] or known_for)
        found.append(one[3] if plain else _now(one[3], held, tx.now, known_for))
    if unmet:
        read = _read(tx, list(unmet))
        if len(kept) + len(read) > _MOST:
            kept.clear()
        kept.update(_settled(tx, read))
        found += [_now(one.candidate, unmet[stock_id], tx.now, known_for) for stock_id, one in read.items()]
    return found


def _read(tx: Tx, stock_ids: list[str]) -> dict[str, _Kept]:
    rows = tx.conn.execute(_WHOLE, {"stock_ids": stock_ids})
    made = {row[0]: (row[1:4], _candidate(*row[4:])) for row in rows}
    return {stock_id: _Kept(*marks, c, _opens_anew(c)) for stock_id, (marks, c) in made.items()}


_WHOLE = _of_matched((*_MARKS, *_whole("postgresql"))).where(
    _s.stock_id == any_(bindparam("stock_ids", type_=ARRAY(String)))
)


def _settled(tx: Tx, read: Mapping[str, _Kept]) -> dict[str, _Kept]:
    """Those that others may be told of: all but what this very transaction may have written, which it can write again
    under the same mark, or take back."""
    mine = tx.conn.execute(text("SELECT pg_current_xact_id_if_assigned()::xid::text")).scalar_one()
    if mine is None:
        return dict(read)
    return {
        stock_id: one
        for stock_id, one in read.items()
        if all(mark is None or _before(mark, mine) for mark in (one.program, one.stock, one.state))
    }


def _before(mark: str, mine: str) -> bool:
    """Transactions are numbered in a circle of 2^32."""
    return 0 < (int(mine) - int(mark)) % 2**32 < 2**31
