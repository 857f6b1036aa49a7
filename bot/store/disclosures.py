"""What was told of somebody, to which place, under which release? A row for every telling; never the words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, or_, select

from bot.store.consent import releases
from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.messages import messages

disclosures = Table(
    "disclosures",
    metadata,
    Column("disclosure_id", String(32), primary_key=True),
    Column("release_id", String(32), ForeignKey("releases.release_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("program_id", String(64), ForeignKey("programs.program_id"), nullable=False),
    Column("told", String(120), nullable=False),  # comma-separated, of bot.rules.sharing.ITEMS
    Column("how", String(6), nullable=False),  # text · call · line
    Column("message_id", String(32)),  # the text that tells it; it may not have left yet
    Column("hold_id", String(32), ForeignKey("holds.hold_id", ondelete="CASCADE")),
    Column("staff_id", String(32)),
    Column("at", UTCDateTime, nullable=False),
    Column("recalled_at", UTCDateTime),  # the text had not left, and never will: nothing was told
    CheckConstraint("how IN ('text', 'call', 'line')", name="how"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Disclosure:
    disclosure_id: str
    release_id: str
    conversation_id: str
    program_id: str
    told: str
    how: str
    message_id: str | None
    hold_id: str | None
    staff_id: str | None
    at: datetime
    recalled_at: datetime | None


_c = disclosures.c
_FIELDS = tuple(_c[name] for name in Disclosure.__dataclass_fields__)


def add(tx: Tx, *, release_id: str, conversation_id: str, program_id: str, told: Iterable[str], how: str,
        staff_id: str | None, message_id: str | None = None, hold_id: str | None = None) -> None:  # fmt: skip
    row = {
        "disclosure_id": new_id(), "release_id": release_id, "conversation_id": conversation_id,
        "program_id": program_id, "told": ",".join(sorted(told)), "how": how, "message_id": message_id,
        "hold_id": hold_id, "staff_id": staff_id, "at": tx.now,
    }  # fmt: skip
    tx.conn.execute(disclosures.insert(), row)


def of_conversation(tx: Tx, conversation_id: str) -> list[Disclosure]:
    """What was told, the latest first."""
    query = select(*_FIELDS).where(_c.conversation_id == conversation_id, _c.recalled_at.is_(None))
    return [Disclosure(*row) for row in tx.conn.execute(query.order_by(_c.at.desc(), _c.disclosure_id.desc()))]


def by_question(tx: Tx, hold_id: str) -> frozenset[str]:
    """What the question for this place told, or would have told."""
    rows = tx.conn.execute(select(_c.told).where(_c.hold_id == hold_id)).scalars()
    return frozenset(item for told in rows for item in told.split(","))


def under(tx: Tx, release_ids: Collection[str]) -> list[Disclosure]:
    """What was told under these, in any conversation, the oldest first."""
    query = select(*_FIELDS).where(_c.release_id.in_(release_ids), _c.recalled_at.is_(None))
    return [Disclosure(*row) for row in tx.conn.execute(query.order_by(_c.at, _c.disclosure_id))]


def unreleased(tx: Tx, message_ids: Collection[str]) -> set[str]:
    """Of these texts, those that tell something for which a yes no longer stands."""
    if not message_ids:
        return set()
    over = or_(releases.c.revoked_at.is_not(None), releases.c.expires_at <= tx.now)
    query = select(_c.message_id).join(releases, releases.c.release_id == _c.release_id)
    return set(tx.conn.execute(query.where(_c.message_id.in_(message_ids), over)).scalars())


def carry_over(tx: Tx, person_id: str, release_id: str) -> None:
    """A new yes to the same question stands for what was told under the ones it takes the place of: when it ends, all
    of that is called back."""
    r = releases.c
    before = select(r.release_id).where(r.person_id == person_id, r.ending == "replaced")
    tx.conn.execute(disclosures.update().where(_c.release_id.in_(before)).values(release_id=release_id))


def recall(tx: Tx, disclosure: Disclosure) -> bool:
    """The text has not left: it never will, and nothing was told. False when it has, or may have."""
    m = messages.c
    waits = (m.message_id == disclosure.message_id, m.status == "queued", m.attempts == 0)
    values = {"status": "refused", "reason": "release_ended", "settled_at": tx.now}
    if disclosure.message_id is None or not tx.conn.execute(messages.update().where(*waits).values(**values)).rowcount:
        return False
    mine = _c.disclosure_id == disclosure.disclosure_id
    tx.conn.execute(disclosures.update().where(mine).values(recalled_at=tx.now))
    return True
