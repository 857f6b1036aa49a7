"""How far has a list been read, what of it was turned away and why, and what do we know of a number's line?

The rows of an uploaded file wait here in sealed pages. A page and what came of it change hands in one transaction, and
the page is gone with it: what was read twice would be refused, and what was turned away leaves no number.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.bulk import among, chunks, insert_many
from bot.store.db import Tx, UTCDateTime, metadata, new_id

lists = Table(
    "lists",
    metadata,
    Column("list_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id", ondelete="CASCADE"), nullable=False),
    Column("state", String(10), nullable=False),  # columns · reading · done · failed
    Column("doubt", String(200), nullable=False),  # why a person should look at the columns first
    Column("headings", LargeBinary, nullable=False),  # sealed JSON: the first row, if it names the columns
    Column("columns", JSON, nullable=False),  # field -> position
    Column("width", Integer, nullable=False),
    Column("basis", String(20), nullable=False),  # of rows that name none; may be empty
    Column("pages", Integer, nullable=False),
    Column("total", Integer, nullable=False),  # rows
    Column("cursor", Integer, nullable=False),  # the next page to be read
    Column("counts", JSON, nullable=False),
    Column("fingerprint", String(64), nullable=False),  # of everybody accepted so far, in order
    Column("looked_up", Integer, nullable=False),  # lines the carrier was asked about for this list
    Column("lease_until", UTCDateTime),
    Column("staged_at", UTCDateTime, nullable=False),
    Column("done_at", UTCDateTime),
    UniqueConstraint("campaign_id"),
    CheckConstraint("state IN ('columns', 'reading', 'done', 'failed')", name="state"),
    Index("ix_lists_state", "state"),
)

list_pages = Table(
    "list_pages",
    metadata,
    Column("page_id", String(32), primary_key=True),
    Column("list_id", String(32), ForeignKey("lists.list_id", ondelete="CASCADE"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("rows", LargeBinary, nullable=False),  # sealed JSON: [[row, [cell, …]], …]
    UniqueConstraint("list_id", "n"),
)

rejected_rows = Table(
    "rejected_rows",
    metadata,
    Column("rejected_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id", ondelete="CASCADE"), nullable=False),
    Column("row", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("field", String(10), nullable=False),
    Column("reason", String(120), nullable=False),
    UniqueConstraint("campaign_id", "row"),
)

lines = Table(
    "lines",
    metadata,
    Column("phone_key", String(40), primary_key=True),
    Column("line_type", String(10), nullable=False),  # mobile · landline · voip · dead · unknown
    Column("reassigned", Boolean, nullable=False),
    Column("asked_at", UTCDateTime, nullable=False),
)

column_maps = Table(
    "column_maps",
    metadata,
    Column("map_id", String(40), primary_key=True),  # a keyed hash of the headings
    Column("columns", JSON, nullable=False),
    Column("staff_id", String(32), nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

LINE_LASTS = timedelta(days=90)
"""What the carrier said of a line is believed so long; an answer it could not give, a day."""
_UNKNOWN_LASTS = timedelta(days=1)

Page = Sequence[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Reading:
    """How far one list is."""

    list_id: str
    campaign_id: str
    state: str
    doubt: str
    headings: tuple[str, ...]
    columns: Mapping[str, int]
    width: int
    basis: str
    pages: int
    total: int
    cursor: int
    counts: Mapping[str, int]
    fingerprint: str
    looked_up: int

    @property
    def read(self) -> int:
        """Rows gone through."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Line:
    """What the carrier said of a number."""

    line_type: str
    reassigned: bool = False


def begin(tx: Tx, campaign_id: str, *, doubt: str, headings: Sequence[str], columns: Mapping[str, int], width: int,
          basis: str) -> str:  # fmt: skip
    """A list without a page yet; its pages follow in the same transaction."""
    list_id = new_id()
    row = {
        "list_id": list_id, "campaign_id": campaign_id, "state": "columns" if doubt else "reading",
        "doubt": doubt[:200], "headings": tx.keys.seal("lists.headings", list_id, json.dumps(list(headings))),
        "columns": dict(columns), "width": width, "basis": basis, "pages": 0, "total": 0, "cursor": 0, "counts": {},
        "fingerprint": "", "looked_up": 0, "staged_at": tx.now,
    }  # fmt: skip
    tx.conn.execute(lists.insert(), row)
    return list_id


def add_page(tx: Tx, list_id: str, n: int, rows: Page) -> None:
    page_id = new_id()
    sealed = tx.keys.seal("list_pages.rows", page_id, json.dumps(rows, separators=(",", ":"), ensure_ascii=False))
    tx.conn.execute(list_pages.insert(), {"page_id": page_id, "list_id": list_id, "n": n, "rows": sealed})


def change(tx: Tx, list_id: str, **values: Any) -> None:
    tx.conn.execute(lists.update().where(lists.c.list_id == list_id).values(**values))


def of_campaign(tx: Tx, campaign_id: str, *, lock: bool = False) -> Reading | None:
    query = select(lists).where(lists.c.campaign_id == campaign_id)
    row = tx.conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _opened(tx, row)


def unfinished(tx: Tx) -> list[Reading]:
    """Lists that somebody waits for, oldest first."""
    query = select(lists).where(lists.c.state != "done").order_by(lists.c.staged_at)
    return [_opened(tx, row) for row in tx.conn.execute(query)]


def due(tx: Tx) -> str | None:
    """The campaign whose list is to be read on, by nobody at this moment."""
    c = lists.c
    query = select(c.campaign_id).where(c.state == "reading", _free(tx)).order_by(c.staged_at).limit(1)
    return tx.conn.execute(query).scalar()


def lease(tx: Tx, campaign_id: str, until: datetime) -> bool:
    """Take a list to read it on. A reader that died gives it back by time."""
    c = lists.c
    mine = lists.update().where(c.campaign_id == campaign_id, c.state == "reading", _free(tx))
    return tx.conn.execute(mine.values(lease_until=until)).rowcount == 1


def _free(tx: Tx) -> Any:
    return lists.c.lease_until.is_(None) | (lists.c.lease_until <= tx.now)


def let_go(tx: Tx, campaign_id: str) -> None:
    tx.conn.execute(lists.update().where(lists.c.campaign_id == campaign_id).values(lease_until=None))


def page(tx: Tx, list_id: str, n: int) -> Page:
    c = list_pages.c
    row = tx.conn.execute(select(c.page_id, c.rows).where(c.list_id == list_id, c.n == n)).one_or_none()
    return [] if row is None else json.loads(tx.keys.open("list_pages.rows", row.page_id, row.rows))


def turn_page(tx: Tx, reading: Reading, **values: Any) -> bool:
    """This page is read, and thrown away. False when somebody else read it: of this reading nothing may be kept."""
    c = lists.c
    mine = lists.update().where(c.list_id == reading.list_id, c.cursor == reading.cursor, c.state == "reading")
    if tx.conn.execute(mine.values(cursor=reading.cursor + 1, **values)).rowcount != 1:
        return False
    p = list_pages.c
    tx.conn.execute(list_pages.delete().where(p.list_id == reading.list_id, p.n == reading.cursor))
    return True


def reject(tx: Tx, campaign_id: str, rows: Sequence[tuple[int, str, str, str]]) -> None:
    """Rows of row number, kind, field and reason."""
    columns = ("rejected_id", "campaign_id", "row", "kind", "field", "reason")
    values = [(new_id(), campaign_id, row, kind, field, reason[:120]) for row, kind, field, reason in rows]
    insert_many(tx, rejected_rows, columns, values)


def rejected(tx: Tx, campaign_id: str, *, kind: str | None = None, after: int = 0,
             limit: int | None = None) -> list[tuple[int, str, str, str]]:  # fmt: skip
    """Row number, kind, field and reason of what was turned away, by row."""
    c = rejected_rows.c
    query = select(c.row, c.kind, c.field, c.reason).where(c.campaign_id == campaign_id, c.row > after)
    if kind is not None:
        query = query.where(c.kind == kind)
    return [(row, k, field, reason) for row, k, field, reason in tx.conn.execute(query.order_by(c.row).limit(limit))]


def rejected_count(tx: Tx, campaign_id: str) -> int:
    query = select(func.count()).select_from(rejected_rows).where(rejected_rows.c.campaign_id == campaign_id)
    return tx.conn.execute(query).scalar_one()


def lines_of(tx: Tx, phone_keys: Collection[str]) -> dict[str, Line]:
    """What is known of these numbers' lines, and still believed."""
    c, found = lines.c, {}
    for some in chunks(phone_keys):
        query = select(lines).where(among(tx, c.phone_key, some), c.asked_at > tx.now - LINE_LASTS)
        for row in tx.conn.execute(query):
            if row.line_type != "unknown" or row.asked_at > tx.now - _UNKNOWN_LASTS:
                found[row.phone_key] = Line(row.line_type, row.reassigned)
    return found


def learn_lines(tx: Tx, learned: Mapping[str, Line]) -> None:
    insert = postgresql.insert if tx.conn.dialect.name == "postgresql" else sqlite.insert
    upsert = insert(lines)
    new = {name: upsert.excluded[name] for name in ("line_type", "reassigned", "asked_at")}
    rows = [
        {"phone_key": key, "line_type": line.line_type, "reassigned": line.reassigned, "asked_at": tx.now}
        for key, line in learned.items()
    ]
    if rows:
        tx.conn.execute(upsert.on_conflict_do_update(index_elements=["phone_key"], set_=new), rows)


def remembered(tx: Tx, headings: Iterable[str]) -> dict[str, int] | None:
    """What a person said these columns are, the last time a file had them."""
    query = select(column_maps.c.columns).where(column_maps.c.map_id == _map_id(tx, headings))
    found = tx.conn.execute(query).scalar()
    return None if found is None else dict(found)


def remember(tx: Tx, headings: Sequence[str], columns: Mapping[str, int], staff_id: str) -> None:
    if not headings:
        return
    insert = postgresql.insert if tx.conn.dialect.name == "postgresql" else sqlite.insert
    values = {"columns": dict(columns), "staff_id": staff_id, "at": tx.now}
    upsert = insert(column_maps).values(map_id=_map_id(tx, headings), **values)
    tx.conn.execute(upsert.on_conflict_do_update(index_elements=["map_id"], set_=values))


def _map_id(tx: Tx, headings: Iterable[str]) -> str:
    return tx.keys.index("headings", json.dumps(list(headings)))


def _opened(tx: Tx, row: Any) -> Reading:
    return Reading(
        row.list_id, row.campaign_id, row.state, row.doubt,
        tuple(json.loads(tx.keys.open("lists.headings", row.list_id, row.headings))), row.columns, row.width,
        row.basis, row.pages, row.total, row.cursor, row.counts, row.fingerprint, row.looked_up,
    )  # fmt: skip
