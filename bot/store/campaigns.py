"""Which lists were texted with which words, who approved, and what became of each recipient?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    and_,
    false,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.bulk import among, chunks
from bot.store.consent import suppressions
from bot.store.conversations import conversations
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.people import people

campaigns = Table(
    "campaigns",
    metadata,
    Column("campaign_id", String(32), primary_key=True),
    Column("name", LargeBinary, nullable=False),  # sealed
    Column("state", String(10), nullable=False),  # importing until its list is read whole: nobody sees its recipients
    Column("key", String(4), nullable=False),  # O1 · O2 · O3
    Column("area", LargeBinary, nullable=False),  # sealed; {AREA} in O2
    Column("sender", LargeBinary, nullable=False),  # sealed; {NAME} in the opener
    Column("window_from", Integer, nullable=False),  # local hour, inside the bounds of R-Q3
    Column("window_to", Integer, nullable=False),
    Column("report", JSON, nullable=False),  # counts; the rows turned away are in rejected_rows
    Column("author_id", String(32), nullable=False),
    Column("approver_id", String(32)),
    Column("created_at", UTCDateTime, nullable=False),
    Column("approved_at", UTCDateTime),
    Column("launched_at", UTCDateTime),
    Column("provenance", String(10), nullable=False),  # where the list comes from, as its author declared
    Column("approved_hash", String(64)),  # of all that was approved; what differs from it is not
    Column("also", String(16), nullable=False, server_default=""),  # further first texts that are tried beside `key`
    Column("needs", String(60), nullable=False, server_default="bed"),  # what its people may ask for, of Q2
    Column("follow_up", Boolean, nullable=False, server_default=false()),  # one gentle text later, to who answered
    CheckConstraint("state IN ('importing', 'draft', 'approved', 'running', 'paused', 'done')", name="state"),
    CheckConstraint("approver_id IS NULL OR approver_id <> author_id", name="second_person"),
    CheckConstraint("state IN ('importing', 'draft') OR approver_id IS NOT NULL", name="approved"),
)

recipients = Table(
    "recipients",
    metadata,
    Column("recipient_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id"), nullable=False),
    Column("person_id", String(32), ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    Column("basis", String(20), nullable=False),  # inbound_first · opted_in · partner_referral
    Column("language", String(2), nullable=False),
    Column("state", String(10), nullable=False),  # waiting · released · refused
    Column("reason", String(30)),
    Column("ready_at", UTCDateTime),  # when the number's hours open; None: not worked out yet
    Column("released_at", UTCDateTime),
    Column("nth", Integer),  # which of the three campaign texts of a lifetime this was
    Column("silence_ends_at", UTCDateTime),  # 180 days after the text: until then it must be answered, or is the last
    Column("silence_over_at", UTCDateTime),  # they wrote, or the days went by
    Column("silence_over", String(10)),  # answered · lapsed
    Column("row", Integer),  # of the uploaded list
    Column("proof", LargeBinary),  # sealed JSON: where and when they agreed, as the list says
    Column("variant", String(4)),  # which of the first texts it was; empty before there were several
    Column("step", Integer, nullable=False, server_default="0"),  # 0: a first text; 1: the one gentle follow-up
    UniqueConstraint("campaign_id", "person_id", "step"),
    CheckConstraint("step IN (0, 1)", name="step"),
    UniqueConstraint("person_id", "nth"),
    CheckConstraint("nth IS NULL OR nth BETWEEN 1 AND 3", name="lifetime"),
    CheckConstraint("(state = 'released') = (nth IS NOT NULL AND released_at IS NOT NULL)", name="released"),
    CheckConstraint("(state = 'released') = (silence_ends_at IS NOT NULL)", name="silence"),
    CheckConstraint(
        "(silence_over_at IS NULL) = (silence_over IS NULL) AND (silence_over_at IS NULL"
        " OR (silence_over = 'answered' AND silence_over_at >= released_at)"
        " OR (silence_over = 'lapsed' AND silence_over_at >= silence_ends_at))",
        name="silence_over",
    ),
    CheckConstraint("basis IN ('inbound_first', 'opted_in', 'partner_referral')", name="basis"),
    CheckConstraint("state IN ('waiting', 'released', 'refused')", name="state"),
    Index("ix_recipients_waiting", "campaign_id", "state", "ready_at"),
    Index("ix_recipients_person", "person_id", "released_at"),
    partial("uq_recipients_unanswered", "person_id", unique=True,
            where="state = 'released' AND silence_over_at IS NULL"),
)

switches = Table(
    "switches",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("is_on", Boolean, nullable=False),
    Column("staff_id", String(32), nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

COOLDOWN = timedelta(days=180)
"""R-M4: so long nobody who did not answer hears of us again."""
KEYS = ("O1", "O2", "O3", "O6")
"""The openers a campaign may say, up to all four of them side by side."""
FOLLOW_UP = "O4"
"""The one gentle text after a fortnight, to somebody who answered and then fell silent."""
NEEDS = ("bed", "advocacy", "health", "legal", "basics")
"""What the screen asks people for (Q2), and what a program gives."""
_KILL = "campaigns_stopped"


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign, opened. `report` is what its import found; hours are local."""

    campaign_id: str
    name: str
    state: str
    key: str
    area: str
    sender: str
    window: tuple[int, int]
    report: Mapping[str, Any]
    author_id: str
    approver_id: str | None
    created_at: datetime
    approved_at: datetime | None
    launched_at: datetime | None
    provenance: str = "own"
    approved_hash: str | None = None
    also: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("bed",)
    follow_up: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Its first texts: one, or up to four that are tried side by side."""
        return (self.key, *self.also)


@dataclass(frozen=True, slots=True)
class Recipient:
    """`step` is 0 for a first text and 1 for the follow-up."""

    recipient_id: str
    campaign_id: str
    person_id: str
    phone_key: str
    number: str
    """E.164, in clear: for hours and nothing else."""
    basis: str
    language: str
    safe_hours: str | None
    step: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What campaigns did to one person before; the names are those of `bot.rules.may_send.SendFacts`."""

    released_before: int
    last_unanswered_at: datetime | None
    """When the latest text was released, unless they have written since."""


def add(tx: Tx, *, name: str, keys: Sequence[str], area: str, sender: str, window: tuple[int, int], provenance: str,
        author_id: str, needs: Sequence[str] = ("bed",), follow_up: bool = False) -> str:  # fmt: skip
    """One whose list is still to be read; it becomes a draft when that is done."""
    campaign_id = new_id()
    seal = tx.keys.seal
    row = {
        "campaign_id": campaign_id,
        "name": seal("campaigns.name", campaign_id, name),
        "state": "importing",
        "key": keys[0],
        "also": ",".join(keys[1:]),
        "needs": ",".join(needs),
        "follow_up": follow_up,
        "area": seal("campaigns.area", campaign_id, area),
        "sender": seal("campaigns.sender", campaign_id, sender),
        "window_from": window[0],
        "window_to": window[1],
        "report": {},
        "provenance": provenance,
        "author_id": author_id,
        "created_at": tx.now,
    }
    tx.conn.execute(campaigns.insert(), row)
    return campaign_id


def get(tx: Tx, campaign_id: str, *, lock: bool = False) -> Campaign | None:
    query = select(campaigns).where(campaigns.c.campaign_id == campaign_id)
    row = tx.conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _opened(tx, row)


def every(tx: Tx) -> list[Campaign]:
    """All campaigns whose list was read, newest first."""
    query = select(campaigns).where(campaigns.c.state != "importing").order_by(campaigns.c.created_at.desc())
    return [_opened(tx, row) for row in tx.conn.execute(query)]


def running_ids(tx: Tx, *, lock: bool = False) -> list[str]:
    """Running campaigns, oldest launch first. `lock` lets two clocks release only one after the other."""
    query = select(campaigns.c.campaign_id).where(campaigns.c.state == "running").order_by(campaigns.c.launched_at)
    return list(tx.conn.execute(query.with_for_update() if lock else query).scalars())


def change(tx: Tx, campaign_id: str, **values: Any) -> None:
    tx.conn.execute(campaigns.update().where(campaigns.c.campaign_id == campaign_id).values(**values))


def reword(tx: Tx, campaign_id: str, *, keys: Sequence[str], sender: str, window: tuple[int, int], needs: Sequence[str],
           follow_up: bool, author_id: str) -> None:  # fmt: skip
    """A draft again: a check of the database wants a new approver, who is not this author."""
    unapprove(tx, campaign_id)
    change(
        tx, campaign_id, key=keys[0], also=",".join(keys[1:]), needs=",".join(needs), follow_up=follow_up,
        sender=tx.keys.seal("campaigns.sender", campaign_id, sender), window_from=window[0], window_to=window[1],
        author_id=author_id,
    )  # fmt: skip


def unapprove(tx: Tx, campaign_id: str) -> None:
    change(tx, campaign_id, state="draft", approver_id=None, approved_at=None, approved_hash=None)


def languages(tx: Tx, campaign_id: str) -> frozenset[str]:
    query = select(recipients.c.language).where(recipients.c.campaign_id == campaign_id).distinct()
    return frozenset(tx.conn.execute(query).scalars())


def unplanned(tx: Tx, campaign_id: str, limit: int) -> list[Recipient]:
    """Waiting recipients whose hours were not worked out yet."""
    return _recipients(tx, campaign_id, recipients.c.ready_at.is_(None), limit)


def next_ready(tx: Tx, campaign_id: str, languages: Iterable[str]) -> Recipient | None:
    """The recipient who has been ready longest, of those who read one of these languages."""
    c = recipients.c
    ready = and_(c.language.in_(languages), c.ready_at <= tx.now)
    found = _recipients(tx, campaign_id, ready, 1, c.ready_at, c.recipient_id)
    return found[0] if found else None


def plan(tx: Tx, recipient_id: str, ready_at: datetime) -> None:
    tx.conn.execute(recipients.update().where(recipients.c.recipient_id == recipient_id).values(ready_at=ready_at))


def refuse(tx: Tx, recipient_id: str, reason: str) -> None:
    """This recipient is left out, for good, with the reason."""
    values = {"state": "refused", "reason": reason[:30]}
    tx.conn.execute(recipients.update().where(recipients.c.recipient_id == recipient_id).values(**values))


def mark_released(tx: Tx, recipient_id: str, nth: int, variant: str | None = None) -> None:
    """The database refuses it while an earlier text to this person is unanswered and its 180 days are not over."""
    r = recipients.c
    person_id = tx.conn.execute(select(r.person_id).where(r.recipient_id == recipient_id)).scalar_one()
    _end_silences(tx, person_id)
    values = {"state": "released", "released_at": tx.now, "nth": nth, "silence_ends_at": tx.now + COOLDOWN,
              "variant": variant}  # fmt: skip
    tx.conn.execute(recipients.update().where(r.recipient_id == recipient_id).values(**values))


def _end_silences(tx: Tx, person_id: str) -> None:
    r = recipients.c
    wrote_at = last_inbound_at(tx, person_id)
    standing = recipients.update().where(r.person_id == person_id, r.state == "released", r.silence_over_at.is_(None))
    if wrote_at is not None:
        answered = standing.where(r.released_at <= wrote_at)
        tx.conn.execute(answered.values(silence_over_at=wrote_at, silence_over="answered"))
    lapsed = standing.where(r.silence_ends_at <= tx.now)
    tx.conn.execute(lapsed.values(silence_over_at=tx.now, silence_over="lapsed"))


def note(tx: Tx, recipient_id: str, reason: str) -> None:
    """Why the text to this recipient did not arrive."""
    tx.conn.execute(recipients.update().where(recipients.c.recipient_id == recipient_id).values(reason=reason[:30]))


def replan(tx: Tx, recipient_id: str) -> None:
    """The text did not reach them in time: it was no contact, and they wait for their hours again."""
    gone = ("released_at", "nth", "ready_at", "silence_ends_at", "silence_over_at", "silence_over", "variant")
    values = {"state": "waiting", **dict.fromkeys(gone)}
    tx.conn.execute(recipients.update().where(recipients.c.recipient_id == recipient_id).values(**values))


def campaign_of(tx: Tx, recipient_id: str) -> str | None:
    query = select(recipients.c.campaign_id).where(recipients.c.recipient_id == recipient_id)
    return tx.conn.execute(query).scalar()


def histories(tx: Tx, person_ids: Iterable[str], *, but: str | None = None) -> dict[str, History]:
    """What campaigns did to these people before, leaving out the recipient `but`. Absent: nothing."""
    found: dict[str, History] = {}
    for some in chunks(person_ids):
        r = recipients.c
        wrote = (
            select(conversations.c.person_id, func.max(conversations.c.last_inbound_at).label("at"))
            .where(among(tx, conversations.c.person_id, some))
            .group_by(conversations.c.person_id)
            .subquery()
        )
        query = (
            select(r.person_id, func.count(), func.max(r.released_at), func.max(wrote.c.at))
            .outerjoin(wrote, wrote.c.person_id == r.person_id)
            .where(among(tx, r.person_id, some), r.state == "released", r.recipient_id != (but or ""))
            .group_by(r.person_id)
        )
        for person_id, n, last, wrote_at in tx.conn.execute(query):
            found[person_id] = History(n, None if wrote_at is not None and wrote_at >= last else last)
    return found


def known(tx: Tx, phone_keys: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """phone_key -> (person_id, line_type) of the people we know among these."""
    found: dict[str, tuple[str, str | None]] = {}
    for some in chunks(phone_keys):
        p = people.c
        query = select(p.phone_key, p.person_id, p.line_type).where(among(tx, p.phone_key, some))
        found |= {key: (person_id, line_type) for key, person_id, line_type in tx.conn.execute(query)}
    return found


def is_listed(tx: Tx, number: str) -> bool:
    """Whether a campaign has, or ever had, this number on its list."""
    query = (
        select(recipients.c.recipient_id)
        .join_from(recipients, people, people.c.person_id == recipients.c.person_id)
        .where(people.c.phone_key == tx.keys.index("phone", number))
    )
    return tx.conn.execute(query.limit(1)).first() is not None


def suppressed(tx: Tx, phone_keys: Iterable[str]) -> frozenset[str]:
    """Those of these numbers that may not be texted."""
    found: set[str] = set()
    for some in chunks(phone_keys):
        query = select(suppressions.c.phone_key).where(among(tx, suppressions.c.phone_key, some))
        found.update(tx.conn.execute(query).scalars())
    return frozenset(found)


def last_inbound_at(tx: Tx, person_id: str) -> datetime | None:
    """When this person last wrote, in any conversation."""
    c = conversations.c
    return tx.conn.execute(select(func.max(c.last_inbound_at)).where(c.person_id == person_id)).scalar()


def stopped(tx: Tx) -> bool:
    """Whether the kill switch is on: no text leaves that nobody asked for."""
    return bool(tx.conn.execute(select(switches.c.is_on).where(switches.c.name == _KILL)).scalar())


def set_stopped(tx: Tx, on: bool, staff_id: str) -> None:
    values = {"is_on": on, "staff_id": staff_id, "at": tx.now}
    insert = postgresql.insert if tx.conn.dialect.name == "postgresql" else sqlite.insert
    upsert = insert(switches).values(name=_KILL, **values)
    tx.conn.execute(upsert.on_conflict_do_update(index_elements=["name"], set_=values))


def _recipients(tx: Tx, campaign_id: str, where: Any, limit: int, *order: Any) -> list[Recipient]:
    r, p = recipients.c, people.c
    query = (
        select(r.recipient_id, r.campaign_id, r.person_id, p.phone_key, p.phone, r.basis, r.language, p.safe_hours,
               r.step)
        .join_from(recipients, people, p.person_id == r.person_id)
        .where(r.campaign_id == campaign_id, r.state == "waiting", where)
        .order_by(*order)
        .limit(limit)
        .with_for_update()
    )
    return [
        Recipient(
            row.recipient_id, row.campaign_id, row.person_id, row.phone_key,
            tx.keys.open("people.phone", row.person_id, row.phone), row.basis, row.language, row.safe_hours,
            row.step,
        )
        for row in tx.conn.execute(query)
    ]  # fmt: skip


def _opened(tx: Tx, row: Any) -> Campaign:
    unseal = tx.keys.open
    return Campaign(
        campaign_id=row.campaign_id,
        name=unseal("campaigns.name", row.campaign_id, row.name),
        state=row.state,
        key=row.key,
        area=unseal("campaigns.area", row.campaign_id, row.area),
        sender=unseal("campaigns.sender", row.campaign_id, row.sender),
        window=(row.window_from, row.window_to),
        report=row.report,
        author_id=row.author_id,
        approver_id=row.approver_id,
        created_at=row.created_at,
        approved_at=row.approved_at,
        launched_at=row.launched_at,
        provenance=row.provenance,
        approved_hash=row.approved_hash,
        also=tuple(filter(None, row.also.split(","))),
        needs=tuple(filter(None, row.needs.split(","))),
        follow_up=row.follow_up,
    )

