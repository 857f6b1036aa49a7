"""How does a decision about a provider reach the rows the matcher reads? In the decision's own transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from bot.rules.continuum import UNSORTED
from bot.store.conversations import conversations
from bot.store.db import Tx
from bot.store.directory import holds, offers, organizations, programs, stocks

_p, _o = programs.c, organizations.c


def organization(tx: Tx, organization_id: str) -> str | None:
    """Its name, if it is known."""
    return tx.conn.execute(select(_o.name).where(_o.organization_id == organization_id)).scalar_one_or_none()


def organization_of(tx: Tx, program_id: str) -> str:
    return tx.conn.execute(select(_p.organization_id).where(_p.program_id == program_id)).scalar_one()


def sorted_and_placed(tx: Tx, organization_id: str) -> list[tuple[bool, bool]]:
    """For each of its programs that is not closed: whether somebody said what it is, and which area it serves."""
    query = select(_p.kind, _p.region).where(_p.organization_id == organization_id, _p.status != "closed")
    return [(kind != UNSORTED, bool(region)) for kind, region in tx.conn.execute(query)]


def approve(tx: Tx, organization_id: str, *, reverify_at: datetime) -> None:
    """The organization and all its programs, until the clock says again. Who may see them is another choice."""
    values = {"vetting": "approved", "verified_at": tx.now, "reverify_at": reverify_at}
    tx.conn.execute(organizations.update().where(_o.organization_id == organization_id).values(**values))
    tx.conn.execute(
        programs.update().where(_p.organization_id == organization_id, _p.vetting != "retired").values(**values)
    )


def suspend(tx: Tx, *, organization_id: str | None, program_id: str | None) -> list[str] | None:
    """The programs that are matched no more; None when nothing approved was named."""
    if organization_id is not None:
        where = (_o.organization_id == organization_id, _o.vetting == "approved")
        if tx.conn.execute(organizations.update().where(*where).values(vetting="suspended")).rowcount == 0:
            return None
        return list(tx.conn.execute(select(_p.program_id).where(_p.organization_id == organization_id)).scalars())
    stands = (_p.program_id == program_id, _p.vetting == "approved")
    if tx.conn.execute(programs.update().where(*stands).values(vetting="suspended")).rowcount == 0:
        return None
    return [program_id] if program_id is not None else []


def live_holds(tx: Tx, program_ids: Collection[str]) -> list[tuple[str, str, str]]:
    """(hold, program, conversation) of places asked for or held."""
    h = holds.c
    query = select(h.hold_id, stocks.c.program_id, h.conversation_id).join(stocks, stocks.c.stock_id == h.stock_id)
    live = (stocks.c.program_id.in_(list(program_ids)), h.state.in_(("asked", "held")))
    return [(row[0], row[1], row[2]) for row in tx.conn.execute(query.where(*live).order_by(h.requested_at))]


def open_offers(tx: Tx, program_ids: Collection[str]) -> list[tuple[str, str, str]]:
    """(conversation, program, label) of offers made in conversations that are still open, the newest first."""
    f, c = offers.c, conversations.c
    query = select(f.conversation_id, f.program_id, f.label).join(conversations, c.conversation_id == f.conversation_id)
    where = (f.program_id.in_(list(program_ids)), c.closed_at.is_(None))
    rows = tx.conn.execute(query.where(*where).order_by(f.made_at.desc(), f.offer_id))
    return [(row[0], row[1], row[2]) for row in rows]


def verified_dates(tx: Tx) -> list[datetime | None]:
    """When each approved program was last looked at: what the audit page's share is made of."""
    query = select(_p.verified_at).join(organizations, _o.organization_id == _p.organization_id)
    return list(tx.conn.execute(query.where(_p.vetting == "approved", _o.vetting == "approved")).scalars())


def due_again(tx: Tx) -> list[str]:
    """Programs whose re-verification has come, the longest overdue first."""
    query = select(_p.program_id).where(_p.vetting == "approved", _p.reverify_at <= tx.now)
    return list(tx.conn.execute(query.order_by(_p.reverify_at)).scalars())
