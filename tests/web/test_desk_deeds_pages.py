"""Can everything that may be done with a person be done from the pages, and is every refusal said with its reason?"""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.store import (
    conversations,
    handoff_offers,
    handoffs,
    messages,
    pages,
    people,
    presence,
    promises,
    staff,
    tasks,
    threads,
)
from bot.store.audit import audit
from bot.store.db import Database
from bot.usecases import fire_protocol
from flows.conversation import Holder
from tests.usecases.line import TheLine, the_line
from tests.web.line import NUMBER, Browser, add_account, app_on, someone_waits, they_wrote


@pytest.fixture
def line(sqlite_database: Database, clock: FakeClock) -> TheLine:
    return the_line(sqlite_database, clock)


@pytest.fixture
def app(line: TheLine) -> Flask:
    return app_on(line.services)


class Worker(Browser):
    """Somebody at the desk: logged in, on shift, heard, here."""

    def __init__(self, app: Flask, line: TheLine, alias: str, *roles: str) -> None:
        super().__init__(app)
        self.line = line
        self.staff_id = add_account(line.database, f"{alias.lower()}@example.org", alias, *(roles or ("advocate",)))
        with line.database.transaction() as tx:
            staff.begin_shift(tx, self.staff_id, tx.now + timedelta(hours=8))
            channel_id = pages.add_channel(tx, self.staff_id, "desk", self.staff_id)
            mine = pages.alert_channels.c.channel_id == channel_id
            tx.conn.execute(pages.alert_channels.update().where(mine).values(proved_at=tx.now))
            presence.write(tx, self.staff_id, polled_at=tx.now, typed_at=tx.now)
        self.log_in(f"{alias.lower()}@example.org")

    def sees(self, conversation_id: str) -> str:
        self.talk = f"/desk/conversations/{conversation_id}"
        page = self.get(self.talk).text
        self.epoch = "".join(re.findall(r'name="epoch" value="(\d+)"', page)[:1])
        return unescape(page)

    def does(self, deed: str, **data: str):  # type: ignore[no-untyped-def]
        """Press a button of the page that was seen last, with its epoch."""
        return self.post(f"{self.talk}/{deed}", {"epoch": self.epoch, **data})

    def done(self, deed: str, **data: str) -> str:
        answer = self.does(deed, **data)
        assert answer.status_code == 302, unescape(answer.text)
        return self.sees(self.talk.rsplit("/", 1)[1])


@pytest.fixture
def ana(app: Flask, line: TheLine) -> Worker:
    return Worker(app, line, "Ana")


@pytest.fixture
def luis(app: Flask, line: TheLine) -> Worker:
    return Worker(app, line, "Luis")


@pytest.fixture
def marta(app: Flask, line: TheLine) -> Worker:
    return Worker(app, line, "Marta", "lead")


@pytest.fixture
def held(line: TheLine, ana: Worker) -> str:
    """Somebody who wrote, whom Ana has and has answered."""
    with line.database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, tier="P1", reason="human")
        they_wrote(tx, conversation_id, "can I talk to a person", "SMheld")
    ana.get("/desk/")
    ana.post("/desk/take")
    ana.sees(conversation_id)
    ana.does("reply", text="I am here.")
    return conversation_id


def state(line: TheLine, conversation_id: str) -> str:
    with line.database.reading() as tx:
        found = handoffs.latest_of(tx, conversation_id)
    assert found is not None
    return found.state


def acts(line: TheLine) -> list[tuple[str, str | None]]:
    with line.database.reading() as tx:
        return [(row.act, row.detail) for row in tx.conn.execute(select(audit.c.act, audit.c.detail))]


def refused(answer, words: str) -> None:  # type: ignore[no-untyped-def]
    assert answer.status_code == 409
    assert words in unescape(answer.text)


# --- Taking


def test_the_next_needs_no_reason_and_anybody_else_does(line: TheLine, ana: Worker) -> None:
    with line.database.transaction() as tx:
        someone_waits(tx, "+12105550131", tier="P0", reason="danger")
        conversation_id, handoff_id = someone_waits(tx, "+12105550132", tier="P2", reason="no_match")
    ana.get("/desk/")
    asked = ana.post(f"/desk/handoffs/{handoff_id}/claim")
    refused(asked, "Say why you take this person out of their turn")
    assert "I know them" in asked.text
    assert state(line, conversation_id) == "waiting"
    refused(ana.post(f"/desk/handoffs/{handoff_id}/claim", {"why": "because"}), "Choose why")
    taken = ana.post(f"/desk/handoffs/{handoff_id}/claim", {"why": "knows_them"})
    assert taken.headers["Location"].endswith(conversation_id)
    assert ("handoff_claimed", "P2 knows_them") in acts(line)
    assert ana.post("/desk/take").status_code == 302, "the next one needs none"


def test_an_offer_shows_its_end_and_is_passed_on_or_accepted(line: TheLine, ana: Worker, luis: Worker) -> None:
    line.text("zinnia. can I talk to a person")
    offered, other = (ana, luis) if "You are asked" in ana.get("/desk/").text else (luis, ana)
    board = offered.get("/desk/").text
    (offer,) = set(re.findall(r"/desk/offers/([0-9a-f]{32})/accept", board))
    assert re.search(r'<time datetime="[^"]+" data-until>\d\d:\d\d:\d\d UTC</time>', board)
    assert "zinnia" not in board, "their words are for whoever has them"
    refused(offered.post(f"/desk/offers/{offer}/decline"), "Choose why you pass")
    refused(other.post(f"/desk/offers/{offer}/accept"), "This offer is over")
    assert offered.post(f"/desk/offers/{offer}/decline", {"reason": "break"}).status_code == 302
    refused(offered.post(f"/desk/offers/{offer}/accept"), "This offer is over. Nobody was lost")
    with line.database.transaction() as tx:
        (standing,) = handoffs.list_open(tx)
        handoff_offers.add(tx, standing.handoff_id, [other.staff_id], kind="next", climb=standing.climb,
                           expires_at=tx.now + timedelta(seconds=45))  # fmt: skip
        (again,) = handoff_offers.open_to(tx, other.staff_id)
    other.get("/desk/")
    assert other.post(f"/desk/offers/{again.handoff_offer_id}/accept").status_code == 302
    assert "You hold this" in other.sees(standing.conversation_id)


def test_nobody_is_offered_to_who_is_on_a_break(line: TheLine, ana: Worker) -> None:
    ana.get("/desk/")
    ana.post("/desk/break", {"on": "1"})
    assert "On a break" in ana.get("/desk/").text
    line.text("person")
    assert "You are asked" not in ana.get("/desk/").text
    ana.post("/desk/break", {"on": "0"})
    assert "On a break" not in ana.get("/desk/").text


# --- Changing hands


def test_a_transfer_stays_its_owners_until_the_other_says_yes(line: TheLine, ana: Worker, luis: Worker, held) -> None:
    page = ana.sees(held)
    assert "Luis: here, holds 0 of 2, speaks not said" in page
    answer = ana.does("transfer", to_id=ana.staff_id, brief="her sister drives")
    refused(answer, "Choose a colleague")
    assert "her sister drives</textarea>" in answer.text
    page = ana.done("transfer", to_id=luis.staff_id, brief="her sister drives")
    assert "her sister drives" in luis.sees(held)
    assert "Luis was asked" in page
    assert "You hold this" in page
    refused(ana.does("transfer", to_id=luis.staff_id), "is being given on, parked or written up already")
    refused(ana.does("park"), "being given on")
    assert "Take the offer back" in page
    ana.done("transfer/back")
    assert "You are asked" not in luis.get("/desk/").text
    ana.done("transfer", to_id=luis.staff_id)
    board = luis.get("/desk/").text
    assert "Ana wants to give them on to you" in board
    (offer,) = set(re.findall(r"/desk/offers/([0-9a-f]{32})/accept", board))
    luis.post(f"/desk/offers/{offer}/accept")
    assert "You hold this" in luis.sees(held)
    refused(ana.does("reply", text="my words"), "Luis holds this conversation now")
    refused(ana.does("until-safe"), "Luis holds this conversation now")


def test_a_page_of_before_decides_nothing(line: TheLine, ana: Worker, held: str) -> None:
    ana.sees(held)
    before = {"epoch": str(int(ana.epoch) - 1), "to_id": "0" * 32, "holder": "them", "text": "half a thought"}
    for deed in ("transfer", "transfer/back", "park", "until-safe", "wrap-up", "resume", "chair/ask", "holder"):
        answer = ana.post(f"{ana.talk}/{deed}", before)
        refused(answer, "changed hands since you opened it")
        assert "half a thought" in answer.text
    refused(ana.post(f"{ana.talk}/put-back", {**before, "text": ""}), "changed hands since you opened it")
    assert state(line, held) == "owned"


def test_an_open_page_says_that_it_is_of_before(line: TheLine, ana: Worker, marta: Worker, held: str) -> None:
    ana.sees(held)
    live = re.search(r'hx-get="([^"]+/live[^"]*)"', ana.get(ana.talk).text)[1]  # type: ignore[index]
    assert "This changed" not in ana.get(unescape(live)).text
    marta.sees(held)
    refused(marta.does("take-over"), "Choose why you take this person over")
    refused(marta.does("take-over", why="because"), "Choose why")
    assert marta.does("take-over", why="cannot_be_reached").status_code == 302
    assert ("handoff_taken_over", "P1 cannot_be_reached") in acts(line)
    changed = unescape(ana.get(unescape(live)).text)
    assert "This changed since you opened it. Marta has them now" in re.sub(r"</?strong>", "", changed)
    assert ana.post(f"{ana.talk}/take-over", {"why": "other"}).status_code == 403


def test_a_hand_is_raised_seen_and_a_colleague_sits_beside(line: TheLine, ana: Worker, luis: Worker, held: str) -> None:
    assert "Your hand is up" in ana.done("chair/ask")
    assert "Ana asks for a second chair" in luis.get("/desk/").text
    assert "Sit beside Ana" in luis.sees(held)
    luis.done("chair/sit")
    assert "You sit beside Ana" in luis.sees(held)
    assert "Luis sits beside you" in ana.sees(held)
    assert 'name="epoch"' not in luis.get(luis.talk).text, "only the owner writes"
    luis.done("chair/leave")
    refused(luis.does("chair/leave"), "no second chair of yours")
    assert "Raise a hand" in ana.sees(held)


def test_from_the_second_chair_words_are_suggested_that_only_the_owner_sends(
    line: TheLine, ana: Worker, luis: Worker, marta: Worker, held: str
) -> None:
    def texts() -> list[str]:
        with line.database.reading() as tx:
            return [one.body for one in threads.thread(tx, held) if one.is_a_humans]

    line.clock.advance(timedelta(seconds=5))
    marta.sees(held)
    refused(marta.does("chair/suggest", text="Not from here"), "Only whoever sits beside them")
    marta.done("chair/sit")
    marta.sees(held)
    marta.does("chair/suggest", text="Can you get to a window?")
    assert "Can you get to a window?" in marta.sees(held), "it stands in their own box, to change"
    assert "Your draft, not sent" not in marta.get(marta.talk).text
    shown = ana.sees(held)
    assert "Marta suggests" in shown
    assert "Can you get to a window?" in shown
    assert "Can you get to a window?" not in luis.sees(held), "for the owner, and nobody else who looks"
    assert ("text_suggested", None) in acts(line)
    assert marta.does("reply", text="I write myself", epoch="1").status_code == 409
    refused(luis.does("chair/suggest", text="Or this"), "Only whoever sits beside them")
    assert texts() == ["I am here."]
    # In the owner's box it is theirs, to change and to send; then it was for the text before.
    kept = ana.does("draft", say="suggested", text="Hello.")
    assert kept.status_code == 302, unescape(kept.text)
    assert "Hello. Can you get to a window?</textarea>" in ana.sees(held)
    ana.done("reply", text="Can you get to a window?", draft_id="e" * 32)
    assert texts() == ["I am here.", "Can you get to a window?"]
    assert "Marta suggests" not in ana.sees(held)
    line.clock.advance(timedelta(seconds=5))
    marta.does("chair/suggest", text="What can you see from it?")
    assert "What can you see from it?" in ana.sees(held)
    marta.does("chair/suggest", text=" ")
    assert "Marta suggests" not in ana.sees(held)
    marta.does("chair/suggest", text="Is somebody with you?")
    marta.done("chair/leave")
    assert "Marta suggests" not in ana.sees(held), "an empty chair suggests nothing"


def test_put_back_they_wait_again_but_not_over_a_text_that_was_typed(line: TheLine, ana: Worker, held: str) -> None:
    ana.sees(held)
    answer = ana.does("put-back", text="half a thought")
    refused(answer, "Your text was not sent")
    assert "half a thought" in answer.text
    assert ana.does("put-back").status_code == 302
    assert state(line, held) in ("waiting", "offered")


# --- Looking away, and the end


def test_parked_until_an_hour_that_is_safe_by_their_clock(line: TheLine, ana: Worker, held: str) -> None:
    with line.database.transaction() as tx:
        person = people.find(tx, NUMBER)
        people.set_safe_hours(tx, person.person_id, "night")
    page = ana.sees(held)
    hours = re.findall(r'<option value="([^"]+\+00:00)">([^<]+)', page)
    assert hours
    assert all(int(re.search(r"(\d\d):00 Central", text)[1]) in (18, 19, 20) for _, text in hours)  # type: ignore[index]
    page = ana.done("park", until=hours[1][0])
    assert f"until {hours[1][1]}" in page
    assert state(line, held) == "parked"
    ana.done("resume")
    for wrong in ("tonight", "2026-01-01T00:00:00", "1999-01-01T00:00:00+00:00"):
        assert ana.does("park", until=wrong).status_code == 409
    assert "Parked" in ana.done("park", tomorrow="1")
    assert state(line, held) == "parked"
    line.text("are you there")
    assert state(line, held) == "owned"
    refused(ana.does("park"), "Answer first, then park")


def test_kept_until_they_are_safe_ends_by_a_human_word_alone(line: TheLine, ana: Worker, held: str) -> None:
    page = ana.done("until-safe")
    assert "no clock ends it" in page
    assert "Hand back to the bot" not in page
    refused(ana.does("finish", returned="1"), "kept until they are safe")
    ana.done("resume")
    ana.done("until-safe")
    assert ana.does("finish", outcome="arrived", when="3").status_code == 302
    with line.database.reading() as tx:
        ended = tx.conn.execute(select(handoffs.handoffs)).one()
    assert (ended.outcome, ended.closed_at - ended.outcome_at) == ("arrived", timedelta(hours=3))


def test_wrap_up_asks_how_it_ended_and_when_and_an_end_that_was_none_is_undone(
    line: TheLine, ana: Worker, luis: Worker, held: str
) -> None:
    assert "Write below how it ended" in ana.done("wrap-up")
    refused(ana.does("finish", outcome=""), "Choose how it ended")
    refused(ana.does("finish", outcome="referred", when="9"), "Choose when it came about")
    ana.does("finish", outcome="referred", when="24")
    assert "Finished: referred" in luis.sees(held)
    assert "Open again" in luis.sees(held)
    luis.does("reopen")
    assert "You hold this" in luis.sees(held)
    refused(ana.does("reopen"), "Luis has this person now")
    with line.database.reading() as tx:
        stored = conversations.load(tx, held)
        rows = tx.conn.execute(select(handoffs.handoffs.c.reopens_id).order_by(handoffs.handoffs.c.opened_at)).all()
    assert stored is not None
    assert stored.conversation.held_by is Holder.ADVOCATE
    assert rows[1].reopens_id


def test_a_deed_that_is_done_keeps_what_was_typed(line: TheLine, ana: Worker, held: str) -> None:
    ana.sees(held)
    answer = ana.does("until-safe", text="half a thought")
    assert answer.status_code == 200
    assert "half a thought" in answer.text


# --- Texts


def a_text(line: TheLine, conversation_id: str, status: str, kind: str = "advocate") -> str:
    with line.database.transaction() as tx:
        of = {"conversation_id": conversation_id, "epoch": 1, "kind": kind, "language": "en", "staff_id": "0" * 32}
        message_id = messages.queue_text(tx, body=f"words {status}", **of)
        row = messages.messages.c.message_id == message_id
        tx.conn.execute(messages.messages.update().where(row).values(status=status, reason="30003"))
    return message_id


def test_what_did_not_arrive_is_sent_again_once_as_a_text_of_its_own(line: TheLine, ana: Worker, held: str) -> None:
    line.deliver()
    lost = a_text(line, held, "undelivered")
    assert f"/texts/{lost}/again" in ana.sees(held)
    assert ana.does(f"texts/{lost}/again").status_code == 302
    page = ana.sees(held)
    assert "It was sent again, below." in page
    assert f"/texts/{lost}/again" not in page
    assert line.deliver() == ["words undelivered"]
    refused(ana.does(f"texts/{lost}/again"), "sent again already")
    assert line.deliver() == []


def test_no_other_text_is_ever_repeated(line: TheLine, ana: Worker, held: str) -> None:
    line.deliver()
    for status in ("unknown", "sending", "queued", "sent", "delivered", "refused"):
        text = a_text(line, held, status)
        assert f"/texts/{text}/again" not in ana.sees(held)
        answer = ana.does(f"texts/{text}/again")
        refused(answer, "Nobody knows yet" if status in ("unknown", "sending") else "did not arrive is sent again")
    with line.database.reading() as tx:
        rows = select(messages.messages.c.message_id).where(messages.messages.c.retry_of.is_not(None))
        assert tx.conn.execute(rows).all() == []


def test_nothing_is_sent_again_to_who_said_stop_or_by_who_does_not_hold_them(
    line: TheLine, ana: Worker, luis: Worker, held: str
) -> None:
    lost = a_text(line, held, "failed")
    luis.sees(held)
    refused(luis.does(f"texts/{lost}/again", epoch="1"), "Ana holds this conversation now")
    line.text("STOP")
    ana.sees(held)
    refused(ana.does(f"texts/{lost}/again"), "no more texts")
    refused(ana.does(f"texts/{'0' * 32}/again"), "no more texts")


# --- What is hidden


def test_the_number_is_shown_by_a_press_with_a_reason_and_each_look_is_on_the_record(
    line: TheLine, ana: Worker, luis: Worker, held: str
) -> None:
    assert NUMBER not in ana.sees(held)
    refused(ana.does("number"), "Choose why you need the number")
    shown = ana.does("number", why="emergency_call")
    assert NUMBER in shown.text
    assert shown.headers["Refresh"].startswith("30; url=/desk/conversations/")
    assert ("number_revealed", "emergency_call") in acts(line)
    luis.sees(held)
    refused(luis.does("number", why="other"), "Whoever holds this person, or a lead")
    for _ in range(4):
        assert ana.does("number", why="other").status_code == 200
    refused(ana.does("number", why="other"), "Ask a lead")
    line.clock.advance(timedelta(minutes=61))
    ana.log_in("ana@example.org")
    ana.sees(held)
    assert ana.does("number", why="other").status_code == 200


def test_what_was_before_is_shown_by_a_press_with_a_reason(line: TheLine, ana: Worker, held: str) -> None:
    assert "first time" in ana.does("earlier", why="their_safety").text
    ana.does("finish", outcome="referred")
    ana.sees(held)
    ana.does("reopen")
    ana.sees(held)
    refused(ana.does("earlier"), "Choose why you look")
    assert "referred" in ana.does("earlier", why="a_plan_goes_on").text
    assert ("earlier_revealed", "a_plan_goes_on") in acts(line)


# --- Who is holding the phone, and protocols


def test_a_doubt_about_who_holds_the_phone_is_shown_asked_about_and_answered(line: TheLine, ana: Worker) -> None:
    line.text("how much for an hour")
    ana.get("/desk/")
    ana.post("/desk/take")
    with line.database.reading() as tx:
        (standing,) = handoffs.list_open(tx)
    page = ana.sees(standing.conversation_id)
    assert "Who is holding the phone?" in page
    assert "Ask first, in neutral words" in page
    assert "Hi again. Good time to text?" in page
    assert "Their last words, which called a human" in page
    asked = ana.does("neutral", text="One moment.").text
    assert "One moment. Hi again. Good time to text? 1 yes 2 no</textarea>" in asked
    refused(ana.does("holder", holder="me"), "Say who you think")
    assert "Ana could not tell" in ana.done("holder", holder="unsure")
    assert "Who is holding the phone?" not in ana.done("holder", holder="them")
    line.clock.advance(timedelta(minutes=1))
    line.text("how much for the night")
    page = ana.sees(standing.conversation_id)
    assert "something new was said since" in page
    line.text("ok")
    assert "“how much for the night”" in ana.sees(standing.conversation_id), "the words that raised it"


def test_nothing_automatic_goes_to_a_phone_that_somebody_else_may_hold(line: TheLine, ana: Worker) -> None:
    """And it is not lost in silence: an advocate is told."""
    line.text("how much for an hour")
    with line.database.transaction() as tx:
        (standing,) = handoffs.list_open(tx)
        handoffs.close(tx, standing.handoff_id, "other", by_id=ana.staff_id)
        stored = conversations.load(tx, standing.conversation_id)
        assert stored is not None
        messages.queue_text(tx, conversation_id=standing.conversation_id, epoch=stored.epoch, kind="notice",
                            language="en", body="A spot is saved.")  # fmt: skip
    assert "A spot is saved." not in line.deliver()
    with line.database.reading() as tx:
        row = tx.conn.execute(select(messages.messages).where(messages.messages.c.kind == "notice")).one()
        (told,) = handoffs.list_open(tx)
    assert (row.status, row.reason) == ("refused", "holder_in_doubt")
    assert (told.tier, told.reason) == ("P1", "holder_in_doubt")


def test_a_protocol_runs_with_a_clock_and_is_closed_with_a_name(line: TheLine, ana: Worker, held: str) -> None:
    ana.sees(held)
    refused(ana.does("protocols", trigger="flood"), "Choose what must be told")
    page = ana.done("protocols", trigger="missing_child")
    assert "1 to run: a missing child" in page
    with line.database.reading() as tx:
        (task,) = tasks.list_open(tx, kind=fire_protocol.KIND)
    refused(ana.does(f"protocols/{task.task_id}", outcome="told"), "Write down the reference number")
    assert "none to run" in ana.done(f"protocols/{task.task_id}", outcome="told", note="case 12")
    refused(ana.does(f"protocols/{'0' * 32}", outcome="done"), "no such task here")


def test_the_clock_of_what_was_promised_says_when_it_is_late(line: TheLine, ana: Worker, held: str) -> None:
    with line.database.transaction() as tx:
        promises.make(tx, conversation_id=held, key="H1", due_at=tx.now + timedelta(minutes=5), wait=True)
    assert re.search(r"<dt>Promised</dt><dd>\s*by <time", ana.sees(held))
    line.clock.advance(timedelta(minutes=9))
    assert re.search(r'<dt>Promised</dt><dd class="late">.*?late by 4 min', ana.sees(held), re.DOTALL)


# --- Leaving quickly


def test_leaving_quickly_locks_and_shows_a_page_that_says_nothing_of_us(line: TheLine, ana: Worker) -> None:
    ana.get("/desk/")
    left = ana.post("/desk/leave", follow_redirects=True)
    assert left.request.path == "/measures"
    assert "Kitchen measures" in left.text
    assert not re.search(r"(?i)quietline|advocate|desk|person", left.text)
    assert ana.get("/desk/").headers["Location"].startswith("/desk/unlock")
