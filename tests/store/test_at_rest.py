"""Whoever carries off the file or a dump: do they read a number, a word, an answer, a name?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.store import audit, conversations, directory, handoffs, messages, people, staff
from bot.store.db import Database
from flows.conversation import Conversation
from tests.store.clear_text import found_in_clear
from tests.store.rows import fill

NUMBER, PROVIDERS_NUMBER = "+13125550142", "+16085550199"
WORDS = ("my name is Marisol", "ayúdame", "Lincoln Park", "he has my phone")
OTHER_WORDS = ("Rosalind", "rosalind@maple.example", "call her sister", "periwinkle")


def _talk(database: Database) -> None:
    """A person, what they answered and what we wrote, an advocate and a provider, kept the way the line keeps them."""
    with database.transaction() as tx:
        person = people.find_or_add(tx, NUMBER, "en")
        stored = conversations.start(
            tx, person_id=person.person_id, phone_key=person.phone_key, language="en", flow_version="1"
        )
        answered: Conversation = replace(stored.conversation, answers={"area": WORDS[2]})
        mind = conversations.seal_mind(tx, stored.conversation_id, answered)
        tx.conn.execute(conversations.conversations.update().values(mind=mind))
        for word in WORDS:
            messages.queue_text(
                tx, conversation_id=stored.conversation_id, epoch=0, kind="reply", body=word, language="en"
            )
        people.set_code_word(tx, person.person_id, OTHER_WORDS[3])
        staff_id = staff.add(tx, email=OTHER_WORDS[1], alias=OTHER_WORDS[0], roles=["advocate"])
        handoffs.add_note(tx, conversation_id=stored.conversation_id, staff_id=staff_id, body=OTHER_WORDS[2])
        program_id = fill(tx, only={"organizations", "programs"}).ids["programs"]
        directory.add_reporter(tx, number=PROVIDERS_NUMBER, program_id=program_id, language="en")


def test_nothing_anybody_said_is_there_to_read(database: Database) -> None:
    _talk(database)
    assert found_in_clear(database, [NUMBER, PROVIDERS_NUMBER, *WORDS, *OTHER_WORDS]) == []
    with database.reading() as tx:  # and yet it is all there
        person = people.find(tx, NUMBER)
        assert person is not None
        assert people.number_of(tx, person.person_id) == NUMBER
        assert staff.find_by_email(tx, OTHER_WORDS[1].upper()) is not None
        assert directory.reporter(tx, PROVIDERS_NUMBER) is not None


def test_no_sealed_column_of_any_table_shows_what_it_holds(database: Database) -> None:
    with database.transaction() as tx:
        filled = fill(tx)
    assert found_in_clear(database, filled.clear.values()) == []


@pytest.mark.parametrize("written", [NUMBER, "(312) 555-0142", "312-555-0142", "3125550142", NUMBER.encode().hex()])
def test_the_search_would_find_it(database: Database, written: str) -> None:
    with database.transaction() as tx:
        audit.record(tx, act="called", detail=f"called {written} back")
    assert found_in_clear(database, [NUMBER, "never said"]) == [NUMBER]


def test_the_search_looks_into_sealed_columns_too(database: Database) -> None:
    with database.transaction() as tx:
        fill(tx, only={"people"})
        tx.conn.execute(people.people.update().values(code_word=b"my name is Marisol"))
    assert found_in_clear(database, WORDS) == [WORDS[0]]
