"""What do directory staff see of the programs they keep: which there are, what is known of each stock, what is due?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot.rules.freshness import Life, age_of, prior
from bot.store.db import Tx
from bot.store.directory import MATCHED, organizations, programs, stocks
from bot.store.openings import stock_states


@dataclass(frozen=True, slots=True)
class Known:
    """One stock and its latest count, holds not taken off. `age` None: never counted, or not known any more, because
    nobody answered or it opened anew."""

    program_id: str
    code_name: str
    need: str
    kind: str
    region: str
    stock_id: str
    unit: str
    maximum: int
    available: int | None
    waitlist: bool
    observed_at: datetime | None
    age: timedelta | None
    life: Life


@dataclass(frozen=True, slots=True)
class Program:
    """One program's row, and what its organization is."""

    program_id: str
    code_name: str
    organization_id: str
    organization: str
    organization_vetting: str
    need: str
    kind: str
    status: str
    region: str
    zip3: tuple[str, ...]
    facets: Mapping[str, Any]
    confidential: bool
    vetting: str
    visibility: str
    intake: Mapping[str, Any]
    verified_at: datetime | None
    reverify_at: datetime | None

    @property
    def is_matched(self) -> bool:
        return (self.status, self.vetting, self.organization_vetting) == ("active", "approved", "approved")


_p, _o, _s, _t = programs.c, organizations.c, stocks.c, stock_states.c
_PROGRAM = (
    _p.program_id, _p.code_name, _p.organization_id, _o.name, _o.vetting, _p.need, _p.kind, _p.status, _p.region,
    _p.zip3, _p.facets, _p.confidential, _p.vetting, _p.visibility, _p.intake, _p.verified_at, _p.reverify_at,
)  # fmt: skip


def known(tx: Tx, *, program_id: str | None = None, need: str = "", region: str = "") -> list[Known]:
    """Every stock of one program; or of all that are matched, of this need and region if they are said."""
    query = select(
        _p.program_id, _p.code_name, _p.need, _p.kind, _p.region, _s.stock_id, _s.unit, _s.maximum, _t.available,
        _t.waitlist, _t.observed_at, _t.silent_at, _p.facets, _t.yes_h, _t.full_h, _t.yes_floor, _t.full_top, _t.usual,
    )  # fmt: skip
    query = query.join_from(programs, organizations, _o.organization_id == _p.organization_id)
    query = query.join(stocks, _s.program_id == _p.program_id).outerjoin(stock_states, _t.stock_id == _s.stock_id)
    query = query.where(*(MATCHED if program_id is None else (_p.program_id == program_id,)))
    if need:
        query = query.where(_p.need == need)
    if region:
        query = query.where(_p.region == region)
    return [_known(row, tx.now) for row in tx.conn.execute(query.order_by(_p.code_name, _s.stock_id))]


def _known(row: Any, now: datetime) -> Known:
    available, waitlist, observed_at, silent_at, facets, *life = row[8:]
    age = None if silent_at else age_of(observed_at, now, facets.get("resets_at"), facets.get("timezone"))
    return Known(*row[:8], available, bool(waitlist), observed_at, age,
                 prior(row.kind) if available is None else Life(*life))  # fmt: skip


def program(tx: Tx, code_name: str) -> Program | None:
    found = _programs(tx, _p.code_name == code_name)
    return found[0] if found else None


def programs_of(tx: Tx, organization_id: str) -> list[Program]:
    return _programs(tx, _p.organization_id == organization_id)


def named(tx: Tx, program_ids: Collection[str]) -> dict[str, Program]:
    """These programs, by id."""
    return {one.program_id: one for one in _programs(tx, _p.program_id.in_(list(program_ids)))}


def called(tx: Tx, words: str, *, most: int) -> list[Program]:
    """Programs whose code name, or whose organization's name, begins like this, whatever their state."""
    like = words.lower()
    where = func.lower(_p.code_name).startswith(like, autoescape=True)
    return _programs(tx, where | func.lower(_o.name).startswith(like, autoescape=True), most=most)


def _programs(tx: Tx, where: Any, *, most: int | None = None) -> list[Program]:
    query = select(*_PROGRAM).join(organizations, _o.organization_id == _p.organization_id).where(where)
    rows = tx.conn.execute(query.order_by(_p.code_name).limit(most))
    return [Program(*row[:9], tuple(row[9]), *row[10:]) for row in rows]


def regions(tx: Tx) -> list[str]:
    """Where matched programs are."""
    query = select(_p.region).join(organizations, _o.organization_id == _p.organization_id).where(*MATCHED)
    return list(tx.conn.execute(query.distinct().order_by(_p.region)).scalars())
