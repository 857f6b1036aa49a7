"""Who do we know, by which number, and how may they be reached?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, String, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.prepared import Prepared

people = Table(
    "people",
    metadata,
    Column("person_id", String(32), primary_key=True),
    Column("phone_key", String(40), nullable=False, unique=True),
    Column("phone", LargeBinary, nullable=False),  # sealed E.164
    Column("call_sign", String(40), nullable=False),  # two words staff use instead of a name
    Column("language", String(2), nullable=False),
    Column("safe_hours", String(40)),  # None: not asked; "": only after they write; else "morning,night"
    Column("code_word", LargeBinary),  # sealed
    Column("erase_requested_at", UTCDateTime),
    Column("line_type", String(10)),  # Lookup's answer, or what a failed text taught; learned once
    Column("created_at", UTCDateTime, nullable=False),
    Column("sender", String(40)),  # the number of ours they know
    Column("duress_word", LargeBinary),  # sealed: "I am not free to text"
)


@dataclass(frozen=True, slots=True)
class Person:
    person_id: str
    phone_key: str
    call_sign: str
    language: str
    safe_hours: str | None


def find(tx: Tx, number: str) -> Person | None:
    """By E.164 number, through its keyed hash."""
    return _one(tx, people.c.phone_key == tx.keys.index("phone", number))


def get(tx: Tx, person_id: str) -> Person | None:
    return _one(tx, people.c.person_id == person_id)


def find_or_add(tx: Tx, number: str, language: str) -> Person:
    """The person with this E.164 number; a new one gets a call-sign. Safe when two processes add the same one."""
    return find(tx, number) or add(tx, number, language)


def add(tx: Tx, number: str, language: str) -> Person:
    """Somebody new; if another process was quicker, theirs."""
    row = _new(tx, number, language)
    if tx.conn.execute(_ADD[tx.conn.dialect.name], row).rowcount == 1:
        return Person(row["person_id"], row["phone_key"], row["call_sign"], language, None)
    standing = find(tx, number)
    assert standing is not None
    return standing


def meet(tx: Tx, number: str, language: str, sender: str | None) -> str:
    """Somebody new who wrote to us, to the number of ours that is `sender`; returns the id. If another process was
    quicker the constraint refuses the row, and the whole turn begins again with what that process kept."""
    row = {**_new(tx, number, language), "sender": sender}
    _MEET.run(tx, row)
    return str(row["person_id"])


def _new(tx: Tx, number: str, language: str) -> dict[str, Any]:
    person_id = new_id()
    return {
        "person_id": person_id,
        "phone_key": tx.keys.index("phone", number),
        "phone": tx.keys.seal("people.phone", person_id, number),
        "call_sign": call_sign(person_id),
        "language": language,
        "created_at": tx.now,
    }


_MET = (*(c.name for c in people.c if not c.nullable), "sender")
_MEET = Prepared(people.insert().values({name: bindparam(name) for name in _MET}))
_ADD = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(people).on_conflict_do_nothing(index_elements=["phone_key"])
    for dialect in (postgresql, sqlite)
}


def number_of(tx: Tx, person_id: str) -> str:
    """The E.164 number in clear: for the carrier, and for an audited reveal, and for nothing else."""
    sealed = tx.conn.execute(select(people.c.phone).where(people.c.person_id == person_id)).scalar_one()
    return tx.keys.open("people.phone", person_id, sealed)


def set_safe_hours(tx: Tx, person_id: str, windows: str) -> None:
    """`windows` as the column keeps them; empty means only after they write."""
    tx.conn.execute(people.update().where(people.c.person_id == person_id).values(safe_hours=windows))


def set_language(tx: Tx, person_id: str, language: str) -> None:
    """The language their next conversation begins in."""
    tx.conn.execute(people.update().where(people.c.person_id == person_id).values(language=language))


def set_sender(tx: Tx, person_id: str, sender: str) -> None:
    """The number of ours they hear from, from now on."""
    tx.conn.execute(people.update().where(people.c.person_id == person_id).values(sender=sender))


def set_line_type(tx: Tx, person_id: str, line_type: str) -> None:
    tx.conn.execute(people.update().where(people.c.person_id == person_id).values(line_type=line_type))


@dataclass(frozen=True, slots=True)
class Brought:
    """What somebody chose or told in an earlier conversation and brings into the next, whoever begins it.
    `words` are the code word and the second word, `marks` what need not be asked again."""

    words: Mapping[str, str]
    marks: tuple[str, ...]


def brought(tx: Tx, person_id: str, *, code_word: bytes | None, duress_word: bytes | None,
            safe_hours: str | None) -> Brought:  # fmt: skip
    """From the sealed columns of their row, which the caller has read."""
    sealed = {"code_word": code_word, "duress_word": duress_word}
    words = {name: tx.keys.open(f"people.{name}", person_id, value) for name, value in sealed.items() if value}
    told = {"hours": safe_hours is not None, "word": code_word is not None}
    return Brought(words, tuple(mark for mark, known in told.items() if known))


def brought_by(tx: Tx, person_id: str) -> Brought:
    """The same, of somebody whose row nobody has read yet."""
    c = people.c
    row = tx.conn.execute(select(c.code_word, c.duress_word, c.safe_hours).where(c.person_id == person_id)).one()
    return brought(tx, person_id, code_word=row.code_word, duress_word=row.duress_word, safe_hours=row.safe_hours)


def set_code_word(tx: Tx, person_id: str, word: str) -> None:
    sealed = tx.keys.seal("people.code_word", person_id, word)
    tx.conn.execute(people.update().where(people.c.person_id == person_id).values(code_word=sealed))


def set_duress_word(tx: Tx, person_id: str, word: str) -> None:
    sealed = tx.keys.seal("people.duress_word", person_id, word)
    tx.conn.execute(people.update().where(people.c.person_id == person_id).values(duress_word=sealed))


def mark_erase_requested(tx: Tx, person_id: str) -> None:
    """A human erases, after looking at what the law says must be kept."""
    tx.conn.execute(people.update().where(people.c.person_id == person_id).values(erase_requested_at=tx.now))


def call_sign(person_id: str) -> str:
    """Two plain words that say nothing about the person, from the random part of the id."""
    n = int(person_id[-8:], 16)
    return f"{_FIRST[n % len(_FIRST)]} {_SECOND[n // len(_FIRST) % len(_SECOND)]}"


_FIRST = (
    "amber autumn birch blue bright calm cedar clear clover copper coral dawn deep early evening fern gentle golden "
    "granite green harbor hazel high indigo ivory jade kind late linen little long maple marble meadow misty morning "
    "north ocean olive open pale paper pearl plain prairie quiet river rosy ruby sage sandy silver slate soft south "
    "spring still summer sunny tall violet warm west wide willow winter"
).split()
_SECOND = (
    "acorn anchor apple badger basket bell berry bridge brook canyon canoe cloud comet compass cove crane cricket "
    "daisy delta dune eagle ember falcon feather field finch forest garden glacier heron hill island kite lake lantern "
    "lark leaf lily lynx meadowlark mesa moon moss oak orchard otter owl path pebble pine plum pond poppy quail reed "
    "ridge robin sail shore sparrow star stone swan thistle trail tulip valley walnut wave wren"
).split()


def _one(tx: Tx, where: ColumnElement[bool]) -> Person | None:
    columns = (people.c.person_id, people.c.phone_key, people.c.call_sign, people.c.language, people.c.safe_hours)
    row = tx.conn.execute(select(*columns).where(where)).one_or_none()
    return None if row is None else Person(*row)
