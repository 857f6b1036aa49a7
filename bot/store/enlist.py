"""Who is put on a campaign's list, who is on one already, and how does a list go away again?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from bot.store.bulk import among, chunks, insert_many, moment
from bot.store.campaigns import campaigns, known, recipients
from bot.store.conversations import conversations
from bot.store.db import Tx, new_id
from bot.store.first_contacts import first_contacts
from bot.store.people import call_sign, people


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """One row of a list that may be texted. `number` is E.164, in clear."""

    row: int
    number: str
    phone_key: str
    language: str
    basis: str
    proof: Mapping[str, str]
    line_type: str | None = None


def add_recipients(tx: Tx, campaign_id: str, rows: Sequence[NewRecipient],
                   here: Mapping[str, tuple[str, str | None]] | None = None) -> None:  # fmt: skip
    """People we do not know yet are added. Nobody stands among `rows` twice, or is on this campaign's list already.
    `here` are those we know, as `campaigns.known` says, where this transaction has asked already."""
    here = known(tx, [row.phone_key for row in rows]) if here is None else here
    now, person_of = moment(tx, people.c.created_at), {}
    # In the order of the index over the keys, which are random: each of its pages is looked for once.
    new = sorted((row for row in rows if row.phone_key not in here), key=lambda row: row.phone_key)
    added = []
    for row in new:
        person_id = person_of[row.phone_key] = new_id()
        phone = tx.keys.seal("people.phone", person_id, row.number)
        added.append((person_id, row.phone_key, phone, call_sign(person_id), row.language, row.line_type, now))
    columns = ("person_id", "phone_key", "phone", "call_sign", "language", "line_type", "created_at")
    insert_many(tx, people, columns, added)
    person_of |= {key: person_id for key, (person_id, _) in here.items()}
    for row in rows:
        if row.line_type and here.get(row.phone_key, ("", ""))[1] is None:
            where = people.c.phone_key == row.phone_key
            tx.conn.execute(people.update().where(where).values(line_type=row.line_type))
    values = []
    for row in rows:
        recipient_id = new_id()
        proof = tx.keys.seal("recipients.proof", recipient_id, json.dumps(dict(row.proof))) if row.proof else None
        values.append((recipient_id, campaign_id, person_of[row.phone_key], row.basis, row.language, "waiting", row.row,
                       proof))  # fmt: skip
    columns = ("recipient_id", "campaign_id", "person_id", "basis", "language", "state", "row", "proof")
    insert_many(tx, recipients, columns, values)


def rows_on_list(tx: Tx, campaign_id: str, person_ids: Iterable[str]) -> dict[str, int]:
    """Of these people, who is on this campaign's list already, and from which row."""
    r, found = recipients.c, {}
    for some in chunks(person_ids):
        query = select(r.person_id, r.row).where(r.campaign_id == campaign_id, among(tx, r.person_id, some))
        found |= {person_id: row or 0 for person_id, row in tx.conn.execute(query)}
    return found


def waiting_elsewhere(tx: Tx, person_ids: Iterable[str]) -> frozenset[str]:
    """Of these people, who waits on the list of another campaign that somebody approved."""
    r, c, found = recipients.c, campaigns.c, set[str]()
    for some in chunks(person_ids):
        query = (
            select(r.person_id)
            .join_from(recipients, campaigns, c.campaign_id == r.campaign_id)
            .where(among(tx, r.person_id, some), r.state == "waiting", c.state.in_(("approved", "running", "paused")))
        )
        found.update(tx.conn.execute(query).scalars())
    return frozenset(found)


def discard(tx: Tx, campaign_id: str) -> None:
    """A campaign nobody approved, with its list; of people we knew only from it nothing stays."""
    strangers: list[str] = []
    for table in (recipients, first_contacts):
        theirs = select(table.c.person_id).where(table.c.campaign_id == campaign_id)
        strangers += tx.conn.execute(theirs.where(~_known_otherwise(table, campaign_id))).scalars()
    tx.conn.execute(recipients.delete().where(recipients.c.campaign_id == campaign_id))
    for some in chunks(strangers):
        tx.conn.execute(people.delete().where(people.c.person_id.in_(some)))
    tx.conn.execute(campaigns.delete().where(campaigns.c.campaign_id == campaign_id))


def _known_otherwise(table: Table, campaign_id: str) -> Any:
    person_id = table.c.person_id
    known = select(conversations.c.person_id).where(conversations.c.person_id == person_id).exists()
    for other in (recipients.alias(), first_contacts.alias()):
        listed = select(other.c.person_id).where(other.c.person_id == person_id, other.c.campaign_id != campaign_id)
        known |= listed.exists()
    return known
