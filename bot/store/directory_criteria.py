"""What is stated of a program, by whom, and is it verified? And the one document the matcher reads, made from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.rules.criteria import merged, project, traits_of
from bot.store.db import Tx, new_id
from bot.store.directory import MATCHED, organizations, programs, stocks
from bot.store.directory_records import criteria, specialisations


@dataclass(frozen=True, slots=True)
class Criterion:
    criterion_id: str
    program_id: str
    facet: str
    value: Any
    hardness: str
    basis: str
    source: str
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Specialisation:
    tag: str
    claimed_at: datetime
    verified_at: datetime | None


_FIELDS = tuple(criteria.c[name] for name in Criterion.__dataclass_fields__)
_LINE = (criteria.c.facet, criteria.c.value, criteria.c.hardness, criteria.c.basis)


def of_program(tx: Tx, program_id: str, *, with_stocks: bool = False) -> list[Criterion]:
    """Facet by facet, drafts included; and what was said of one stock alone, if asked for."""
    query = select(*_FIELDS).where(criteria.c.program_id == program_id)
    query = query if with_stocks else query.where(criteria.c.stock_id.is_(None))
    query = query.order_by(criteria.c.facet, criteria.c.verified_at, criteria.c.criterion_id)
    return [Criterion(*row) for row in tx.conn.execute(query)]


def state(tx: Tx, *, program_id: str, facet: str, value: Any, hardness: str, basis: str, source: str,
          verified_by: str | None) -> str:  # fmt: skip
    """A new criterion; without `verified_by` a draft, which no matcher reads."""
    criterion_id = new_id()
    row = {
        "criterion_id": criterion_id, "program_id": program_id, "facet": facet, "value": value, "hardness": hardness,
        "basis": basis, "source": source, "verified_at": tx.now if verified_by else None, "verified_by": verified_by,
    }  # fmt: skip
    tx.conn.execute(criteria.insert(), row)
    return criterion_id


def specialise(tx: Tx, *, program_id: str, tag: str, verified_by: str | None) -> None:
    """A group this program says it knows well; verified when somebody saw that it does."""
    row = {
        "specialisation_id": new_id(), "program_id": program_id, "tag": tag, "claimed_at": tx.now,
        "verified_at": tx.now if verified_by else None, "verified_by": verified_by,
    }  # fmt: skip
    tx.conn.execute(specialisations.insert(), row)


def specialisations_of(tx: Tx, program_id: str) -> list[Specialisation]:
    """Groups a program says it knows well, seen to be so or not."""
    s = specialisations.c
    query = select(s.tag, s.claimed_at, s.verified_at).where(s.program_id == program_id).order_by(s.tag)
    return [Specialisation(*row) for row in tx.conn.execute(query)]


def verify_specialisation(tx: Tx, program_id: str, tag: str, staff_id: str) -> None:
    """Somebody saw that it knows this group well, whether it was claimed before or not."""
    s = specialisations.c
    values = {"verified_at": tx.now, "verified_by": staff_id}
    update = specialisations.update().where(s.program_id == program_id, s.tag == tag)
    if tx.conn.execute(update.values(**values)).rowcount == 0:
        specialise(tx, program_id=program_id, tag=tag, verified_by=staff_id)


def drop_specialisation(tx: Tx, program_id: str, tag: str) -> bool:
    s = specialisations.c
    return tx.conn.execute(specialisations.delete().where(s.program_id == program_id, s.tag == tag)).rowcount == 1


def known_for(tx: Tx, tags: Collection[str]) -> dict[str, frozenset[str]]:
    """Of these groups, those that somebody saw a program know well; by program."""
    s = specialisations.c
    query = select(s.program_id, s.tag).where(s.tag.in_(list(tags)), s.verified_at.is_not(None))
    found: dict[str, frozenset[str]] = {}
    for program_id, tag in tx.conn.execute(query):
        found[program_id] = found.get(program_id, frozenset()) | {tag}
    return found


def verify(tx: Tx, criterion_id: str, staff_id: str, *, basis: str, hardness: str = "hard") -> str | None:
    """Somebody asked, and it is so; returns the program it is of, or None when there is no such criterion."""
    where = criteria.c.criterion_id == criterion_id
    query = select(criteria.c.program_id, criteria.c.stock_id).where(where)
    row = tx.conn.execute(query).one_or_none()
    if row is None:
        return None
    program_id, stock_id = row
    values = {"verified_at": tx.now, "verified_by": staff_id, "basis": basis, "hardness": hardness}
    tx.conn.execute(criteria.update().where(where).values(**values))
    if stock_id is None:
        project_all(tx, [program_id])
    else:
        _project_stock(tx, stock_id, criterion_id)
    return program_id


def _project_stock(tx: Tx, stock_id: str, criterion_id: str) -> None:
    """What a refusal taught of one stock overrides its program's."""
    s = stocks.c
    line = tx.conn.execute(select(*_LINE).where(criteria.c.criterion_id == criterion_id)).one()
    own = tx.conn.execute(select(s.facets).where(s.stock_id == stock_id).with_for_update()).scalar_one()
    facets = merged(own, project([tuple(line)]))  # type: ignore[list-item]
    tx.conn.execute(stocks.update().where(s.stock_id == stock_id).values(facets=dict(facets)))


def project_all(tx: Tx, program_ids: Collection[str]) -> None:
    """Make the matcher's document of these programs anew."""
    c = criteria.c
    query = select(c.program_id, *_LINE).where(
        c.program_id.in_(list(program_ids)), c.stock_id.is_(None), c.verified_at.is_not(None)
    )
    stated: dict[str, list[tuple[str, Any, str, str]]] = {program_id: [] for program_id in program_ids}
    for program_id, *line in tx.conn.execute(query.order_by(c.verified_at, c.criterion_id)):
        stated[program_id].append(tuple(line))  # type: ignore[arg-type]
    update = programs.update()
    for program_id, facts in stated.items():
        facets = project(facts)
        values = {"facets": facets, "traits": list(traits_of(facets))}
        tx.conn.execute(update.where(programs.c.program_id == program_id).values(**values))


def older_than(tx: Tx, moment: datetime) -> dict[str, int]:
    """By matched program: how many of its verified criteria were last verified before this moment."""
    c, p = criteria.c, programs.c
    query = select(c.program_id, func.count()).join_from(criteria, programs, p.program_id == c.program_id)
    query = query.join(organizations, organizations.c.organization_id == p.organization_id)
    rows = tx.conn.execute(query.where(*MATCHED, c.verified_at < moment).group_by(c.program_id))
    return {row[0]: row[1] for row in rows}


def last_verified(tx: Tx, program_ids: Collection[str]) -> dict[tuple[str, str], datetime]:
    """By program and facet: when somebody last asked, and it was so."""
    c = criteria.c
    query = select(c.program_id, c.facet, func.max(c.verified_at)).where(
        c.program_id.in_(list(program_ids)), c.stock_id.is_(None), c.verified_at.is_not(None)
    )
    return {(row[0], row[1]): row[2] for row in tx.conn.execute(query.group_by(c.program_id, c.facet))}
