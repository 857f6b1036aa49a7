"""Nobody's words leave before somebody answers for them; and for exactly those words."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import delete, event, update
from sqlalchemy.exc import DatabaseError

from bot.store import audit, conversations, reviews, staff
from bot.store.db import Database
from bot.usecases.examine import examine
from bot.usecases.refusal import Refused
from bot.usecases.sign_off import Read, sign_off
from bot.usecases.signed_off import wording_now
from bot.usecases.withhold_unsigned import AGAIN
from flows.wording import Review, Wording
from tests.usecases.line import SCRIPT, TheLine, the_line

REAL = {"QUIETLINE_SIMULATION": "", "ALLOW_UNREVIEWED_TEXTS": ""}


@pytest.fixture
def line(database, clock) -> TheLine:
    """With a real carrier's settings: drafts are refused."""
    return the_line(database, clock, **REAL)


def someone(database: Database, *roles: str) -> str:
    with database.transaction() as tx:
        return staff.add(tx, email=f"{'-'.join(roles)}@example.org", alias="Rosa", roles=roles)


def signs(
    line: TheLine, staff_id: str, key: str = "C1", language: str = "en", read: str = "", **more
) -> Refused | None:
    words = Read(key, language, read or line.services.script.wording.text(key, language).fingerprint)
    return sign_off(line.database, line.services, words, staff_id=staff_id, **more)


def with_words(line: TheLine, key: str, text: str) -> TheLine:
    """The same database under a script in which one English text was changed."""
    wording = SCRIPT.wording
    changed = dict(wording._texts)
    changed[key, "en"] = replace(changed[key, "en"], text=text)
    script = replace(SCRIPT, wording=replace(wording, _texts=changed))
    return replace(line, services=replace(line.services, script=script))


def test_a_text_nobody_signed_is_refused_and_an_advocate_is_told(line) -> None:
    line.text("hi")
    assert line.deliver() == []
    assert line.statuses() == [("C1", "refused", "unreviewed")]
    shown = line.shows()["handoff"]
    assert (shown["tier"], shown["reason"], shown["state"]) == ("P1", "unreviewed", "waiting")
    assert shown["next_at"] is not None
    assert line.pager.pages


def test_a_text_about_danger_that_nobody_signed_is_still_a_hand_off_now(line) -> None:
    line.text("he hit me")
    assert line.deliver() == []
    assert (line.shows()["handoff"]["tier"], line.shows()["handoff"]["reason"]) == ("P0", "danger")


def test_what_was_signed_leaves_at_once_in_that_language_only(line) -> None:
    assert signs(line, someone(line.database, "reviewer")) is None
    line.text("hi")
    line.text("hola", sender="+12105550143")
    assert len(line.deliver()) == 1
    assert set(line.statuses()) == {("C1", "sent", None), ("C1", "refused", "unreviewed")}


def test_what_was_taken_back_does_not_leave_any_more(line) -> None:
    rosa = someone(line.database, "lead")
    signs(line, rosa)
    line.text("hi")
    assert len(line.deliver()) == 1
    assert signs(line, rosa, back=True) is None
    line.text("hi", sender="+12105550143")
    assert line.deliver() == []


def test_changed_words_are_words_nobody_signed(line) -> None:
    signs(line, someone(line.database, "admin"))
    changed = with_words(line, "C1", "Thanks for writing. I'm a computer helper. OK time to text? 1 yes 2 not now")
    changed.text("hi")
    assert changed.deliver() == []
    assert changed.statuses() == [("C1", "refused", "unreviewed")]


def test_nobody_can_sign_words_they_did_not_read(line) -> None:
    rosa = someone(line.database, "reviewer")
    read = SCRIPT.wording.text("C1", "en").fingerprint
    changed = with_words(line, "C1", "Thanks for writing. I'm a computer helper. OK time to text? 1 yes 2 not now")
    refused = signs(changed, rosa, read=read)
    assert isinstance(refused, Refused)
    assert "changed" in refused.reason
    assert _lines(line.database) == []


def test_words_that_break_a_rule_cannot_be_signed(line) -> None:
    changed = with_words(line, "C1", "I'm a computer helper. " * 9)
    refused = signs(changed, someone(line.database, "lead"))
    assert isinstance(refused, Refused)
    assert "rule" in refused.reason


@pytest.mark.parametrize("role", ["advocate", "outreach", "approver", "directory", "auditor"])
def test_who_may_not_sign(sqlite_database, clock, role: str) -> None:
    line = the_line(sqlite_database, clock, **REAL)
    assert isinstance(signs(line, someone(line.database, role)), Refused)
    assert _lines(line.database) == []


def test_an_act_is_one_line_and_one_line_of_the_record(line) -> None:
    rosa = someone(line.database, "reviewer")
    assert signs(line, rosa, remark="Read aloud with two advisors.") is None
    assert isinstance(signs(line, rosa), Refused)  # it is signed already
    assert signs(line, rosa, back=True) is None
    assert isinstance(signs(line, rosa, back=True), Refused)
    with line.database.reading() as tx:
        told = reviews.of_text(tx, "C1")
        acts = [row.act for row in tx.conn.execute(audit.audit.select().order_by(audit.audit.c.audit_id))]
    assert [(one.signed, one.remark) for one in told] == [(False, ""), (True, "Read aloud with two advisors.")]
    assert acts == ["text_signed", "text_taken_back"]


def test_the_database_refuses_to_change_or_delete_a_line(line) -> None:
    signs(line, someone(line.database, "lead"))
    for statement in (update(reviews.reviews).values(act="taken_back"), delete(reviews.reviews)):
        with pytest.raises(DatabaseError, match="append-only"), line.database.transaction() as tx:
            tx.conn.execute(statement)
    assert len(_lines(line.database)) == 1


def test_two_at_the_same_moment_make_one_line_each_or_none(line) -> None:
    rosa = someone(line.database, "lead")
    together = threading.Barrier(2)
    answers: list[Refused | None] = []

    def press() -> None:
        together.wait()
        answers.append(signs(line, rosa))

    pressing = [threading.Thread(target=press) for _ in range(2)]
    for one in pressing:
        one.start()
    for one in pressing:
        one.join()
    assert sorted(answer is None for answer in answers) == [False, True]
    assert len(_lines(line.database)) == 1


def test_sign_offs_are_read_again_only_when_there_is_a_new_one(line) -> None:
    rosa = someone(line.database, "lead")
    signs(line, rosa)
    statements: list[str] = []
    with line.database.reading() as tx:
        first = wording_now(tx, line.services)
        event.listen(line.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        assert wording_now(tx, line.services) is first
    assert statements == []  # the look at the newest line goes past SQLAlchemy (bot/store/prepared.py)
    signs(line, rosa, key="C2")
    with line.database.reading() as tx:
        assert wording_now(tx, line.services).is_reviewed("C2", "en")


def test_where_drafts_may_leave_nothing_is_asked(sqlite_database, clock) -> None:
    line = the_line(sqlite_database, clock)
    line.text("hi")
    statements: list[str] = []
    event.listen(line.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    assert len(line.deliver()) == 1
    assert not any("reviews" in statement for statement in statements)


def test_a_busy_conversation_makes_the_refusal_wait_and_not_the_claim(postgres_database, clock) -> None:
    line = the_line(postgres_database, clock, **REAL)
    line.text("hi")
    with line.database.transaction() as tx:
        (conversation_id,) = tx.conn.execute(conversations.conversations.select()).scalars()
        conversations.load(tx, conversation_id)
        assert line.deliver() == []
        assert line.shows()["handoff"] is None
    assert [status for _, status, _ in line.statuses()] == ["queued"]
    clock.advance(AGAIN)
    line.deliver()
    assert [status for _, status, _ in line.statuses()] == ["refused"]
    assert line.shows()["handoff"]["reason"] == "unreviewed"


def test_marks_that_were_pasted_for_other_words_do_not_count() -> None:
    """The code's marks are the database's, copied; when the words are changed under them they are worth nothing."""
    old = replace(SCRIPT.wording.text("C1", "en"), text="Other words.")
    review = Review("C1", "en", old.fingerprint, "Rosa", "2026-06-15", stands=True)
    marked = with_marks("C1", "Rosa", "2026-06-15")
    assert marked.is_reviewed("C1", "en")
    assert not marked.reviewed([review]).is_reviewed("C1", "en")
    assert with_marks("C1", "Counsel", "2026-07-01").reviewed([review]).is_reviewed("C1", "en")


def with_marks(key: str, by: str, on: str) -> Wording:
    texts = dict(SCRIPT.wording._texts)
    texts[key, "en"] = replace(texts[key, "en"], reviewed_by=by, reviewed_on=on)
    return replace(SCRIPT.wording, _texts=texts)


def test_the_doctor_counts_what_is_signed(line) -> None:
    before = _drafts(line)
    signs(line, someone(line.database, "lead"))
    assert _drafts(line) == before - 1


def _drafts(line: TheLine) -> int:
    (found,) = [one for one in examine(line.services) if one.part == "review"]
    return int(found.words.split()[0])


def _lines(database: Database) -> list[reviews.Line]:
    with database.reading() as tx:
        return reviews.every(tx)
