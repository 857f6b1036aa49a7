"""Does the number of an open page change with everything it shows, with nothing else, and whenever it is committed?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, literal_column, select, text

from bot.store import (
    conversations,
    drafts,
    handoff_offers,
    handoffs,
    messages,
    people,
    presence,
    staff,
    tasks,
    versions,
)
from bot.store.db import Database, Tx
from tests.web.line import add_account, someone_waits, they_wrote

HERS, HIS = "+12105550142", "+12105550143"


@pytest.fixture
def ana(database: Database) -> str:
    return add_account(database, "ana@example.org", "Ana", "advocate")


@pytest.fixture
def hers(database: Database) -> tuple[str, str]:
    with database.transaction() as tx:
        conversation_id, handoff_id = someone_waits(tx, HERS)
        they_wrote(tx, conversation_id, "hello", "SM1")
        messages.queue_text(tx, conversation_id=conversation_id, epoch=0, kind="reply", body="hi", language="en")
        return conversation_id, handoff_id


def page(database: Database, conversation_id: str, staff_id: str) -> str:
    with database.reading() as tx:
        return versions.of_conversation(tx, conversation_id, staff_id)


def board(database: Database, staff_id: str) -> str:
    with database.reading() as tx:
        return versions.of_board(tx, staff_id, 50)


def test_it_changes_with_everything_the_page_shows_and_with_nothing_else(database: Database, ana: str, hers) -> None:
    conversation_id, handoff_id = hers
    m = messages.messages

    def delivered(tx: Tx) -> None:
        tx.conn.execute(m.update().where(m.c.direction == "out").values(status="delivered"))

    def forgotten(tx: Tx) -> None:
        tx.conn.execute(m.delete().where(m.c.direction == "in"))

    shown = {
        "they wrote": lambda tx: they_wrote(tx, conversation_id, "more", "SM2"),
        "a text arrived": delivered,
        "a text is gone": forgotten,
        "a note": lambda tx: handoffs.add_note(tx, conversation_id=conversation_id, staff_id=ana, body="a note"),
        "a duty": lambda tx: tasks.write_done(
            tx, kind="holder", conversation_id=conversation_id, done_by=ana, outcome="them"),
        "words suggested": lambda tx: drafts.keep(
            tx, draft_id="e" * 32, conversation_id=conversation_id, staff_id="f" * 32, epoch=0, words="try this",
            page_id=drafts.SUGGESTED),
        "their language": lambda tx: tx.conn.execute(people.people.update().values(language="es")),
        "somebody else waits": lambda tx: someone_waits(tx, HIS),
        "a second chair": lambda tx: handoff_offers.ask_chair(tx, handoff_id, ana),
        "offered to me": lambda tx: handoff_offers.add(
            tx, handoff_id, [ana], kind="next", climb=0, expires_at=tx.now + timedelta(minutes=1)),
        "mine": lambda tx: handoffs.claim(tx, handoff_id, ana, tx.now + timedelta(minutes=1)),
    }  # fmt: skip
    missed = []
    for what, change in shown.items():
        before = page(database, conversation_id, ana)
        assert page(database, conversation_id, ana) == before
        with database.transaction() as tx:
            change(tx)
        if page(database, conversation_id, ana) == before:
            missed.append(what)
    assert missed == []

    before = page(database, conversation_id, ana)
    with database.transaction() as tx:
        presence.write(tx, ana, polled_at=tx.now)
        drafts.keep(tx, conversation_id=conversation_id, staff_id=ana, epoch=0, draft_id="d" * 32, page_id="p" * 32,
                    words="half a")  # fmt: skip
        other = conversations.open_of(tx, people.find_or_add(tx, HIS, "en").person_id)
        assert other is not None
        they_wrote(tx, other, "not hers", "SM3")
    assert page(database, conversation_id, ana) == before


def test_a_board_changes_with_whoever_waits_is_held_offered_or_on_shift(database: Database, ana: str, hers) -> None:
    _, handoff_id = hers
    luis = add_account(database, "luis@example.org", "Luis", "advocate")
    shown = {
        "somebody waits": lambda tx: someone_waits(tx, HIS),
        "a shift": lambda tx: staff.begin_shift(tx, luis, tx.now + timedelta(hours=4)),
        "a break": lambda tx: presence.write(tx, ana, on_break=True),
        "a hand raised": lambda tx: handoff_offers.ask_chair(tx, handoff_id, luis),
        "offered to me": lambda tx: handoff_offers.add(
            tx, handoff_id, [ana], kind="next", climb=0, expires_at=tx.now + timedelta(minutes=1)),
        "taken": lambda tx: handoffs.claim(tx, handoff_id, luis, tx.now + timedelta(minutes=1)),
        "closed": lambda tx: handoffs.close(tx, handoff_id, "other", by_id=luis),
    }  # fmt: skip
    missed = []
    for what, change in shown.items():
        before = board(database, ana)
        with database.transaction() as tx:
            change(tx)
        if board(database, ana) == before:
            missed.append(what)
    assert missed == []
    before = board(database, ana)
    with database.transaction() as tx:
        presence.write(tx, ana, polled_at=tx.now, typed_at=tx.now)
    assert board(database, ana) == before, "a poll is no news"


def test_a_change_that_commits_late_under_an_earlier_number_is_not_missed(postgres_database: Database) -> None:
    """Two transactions at once: the one that began first, and has the lower number, commits last. Whoever asked for
    what came after the highest number they had seen would never hear of it."""
    database = postgres_database
    ana = add_account(database, "ana@example.org", "Ana", "advocate")
    with database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, HERS)
        they_wrote(tx, conversation_id, "one", "SM1")
        his, _ = someone_waits(tx, HIS)
    m = messages.messages
    numbers = select(func.max(literal_column("xmin::text::bigint"))).select_from(m)

    def highest() -> int:
        with database.reading() as tx:
            return tx.conn.execute(numbers.where(m.c.conversation_id == conversation_id)).scalar_one()

    early, late = database.engine.connect(), database.engine.connect()
    with early, late:
        first = early.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
        second = late.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
        assert first < second
        they_wrote(Tx(late, database.keys, database.clock.now()), conversation_id, "three", "SM3")
        late.commit()
        seen, cursor, there = page(database, conversation_id, ana), highest(), board(database, ana)
        assert cursor == second
        early.execute(m.update().where(m.c.provider_sid == "SM1").values(media=1))
        taken = handoffs.handoffs.update().where(handoffs.handoffs.c.conversation_id == his)
        early.execute(taken.values(tier="P0"))
        assert page(database, conversation_id, ana) == seen, "nobody sees what has not been committed"
        early.commit()
    assert highest() == cursor, "the trap is real: a cursor at the highest number does not move"
    assert page(database, conversation_id, ana) != seen
    assert board(database, ana) != there


def test_a_table_about_a_conversation_counts_unless_it_is_named(database: Database) -> None:
    with database.reading() as tx:
        statement = str(versions._conversation(tx.conn.dialect.name)._statement)
        plan = versions.metadata.sorted_tables
    about = {one.name for one in plan if "conversation_id" in one.c}
    assert about >= versions.NOT_SHOWN
    counts = {name for name in about if f"FROM {name} WHERE conversation_id = " in statement}
    assert counts == about - versions.NOT_SHOWN
