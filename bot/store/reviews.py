"""Which wording did somebody sign off, and who took it back? Append-only: the last line about a wording rules.

A line names a wording by its fingerprint (flows/wording.py), so that changed words are words nobody has signed. The
database refuses to change or delete a line (migration 0008); only the sealed remark may be sealed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table, func, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.prepared import Prepared

reviews = Table(
    "reviews",
    metadata,
    Column("review_id", String(32), primary_key=True),
    # One more with every line: one number says whether anything changed, and of two who write after the same line the
    # second is refused.
    Column("seq", Integer, nullable=False, unique=True),
    Column("key", String(20), nullable=False),
    Column("language", String(2), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("act", String(10), nullable=False),
    Column("staff_id", String(32), ForeignKey("staff.staff_id"), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("remark", LargeBinary),  # sealed
    CheckConstraint("act IN ('signed', 'taken_back')", name="act"),
)

_c = reviews.c
_NEWEST = Prepared(select(func.max(_c.seq).label("seq")))


@dataclass(frozen=True, slots=True)
class Line:
    """One act: a sign-off, or one taken back."""

    key: str
    language: str
    fingerprint: str
    signed: bool
    staff_id: str
    at: datetime
    remark: str = ""


def newest(tx: Tx) -> int:
    """The number of the newest line; nought while there is none."""
    return _NEWEST.one_or_none(tx, {}).seq or 0


def add(tx: Tx, line: Line, *, after: int) -> None:
    """Write the line that follows number `after`, the newest there was when it was decided. Raises IntegrityError when
    another one was written since."""
    review_id = new_id()
    row = {
        "review_id": review_id,
        "seq": after + 1,
        "key": line.key,
        "language": line.language,
        "fingerprint": line.fingerprint,
        "act": "signed" if line.signed else "taken_back",
        "staff_id": line.staff_id,
        "at": line.at,
        "remark": tx.keys.seal("reviews.remark", review_id, line.remark) if line.remark else None,
    }
    tx.conn.execute(reviews.insert(), row)


def every(tx: Tx) -> list[Line]:
    """All lines without their remarks, oldest first."""
    query = select(_c.key, _c.language, _c.fingerprint, _c.act, _c.staff_id, _c.at).order_by(_c.seq)
    return [
        Line(row.key, row.language, row.fingerprint, row.act == "signed", row.staff_id, row.at)
        for row in tx.conn.execute(query)
    ]


def of_text(tx: Tx, key: str) -> list[Line]:
    """All lines about one text, newest first."""
    found = []
    for row in tx.conn.execute(select(reviews).where(_c.key == key).order_by(_c.seq.desc())):
        review_id = row.review_id
        remark = "" if row.remark is None else tx.keys.open("reviews.remark", review_id, row.remark)
        found.append(Line(row.key, row.language, row.fingerprint, row.act == "signed", row.staff_id, row.at, remark))
    return found
