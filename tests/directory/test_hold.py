"""Is a place held for one person only, for as long as was agreed, and do both sides hear of it?"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.store import consent, conversations, directory, holds, openings, people, tasks
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.store.directory_records import criteria
from bot.usecases.confirm_match import confirm_match
from bot.usecases.hold import ANSWER_WITHIN, Asked, ask, extend, lapse
from bot.usecases.refusal import Refused
from bot.usecases.seed import add_demo_directory
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.directory.test_report_opening import CEDAR, room, says
from tests.usecases.line import TheLine, the_line
from tests.web.line import services_on

STOCK = "demo-cedar-1-room"


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    made = the_line(database, clock)
    made.staff_id = made.somebody_on_shift()  # type: ignore[attr-defined]
    return made


def someone(line: TheLine, number: str = "+12105550151", *, shares: bool = True) -> str:
    """A person with a conversation, who agreed to share for 72 hours; returns the conversation's id."""
    with line.database.transaction() as tx:
        person = people.find_or_add(tx, number, "en")
        version = line.services.script.version
        talk = conversations.start(
            tx, person_id=person.person_id, phone_key=person.phone_key, language="en", flow_version=version
        )
        if shares:
            consent.release(tx, person.person_id, items="adult, tonight", hours=72)
        return talk.conversation_id


def asked(line: TheLine, conversation_id: str, *, stock_id: str = STOCK, hours: int = 4) -> Asked | Refused:
    staff_id = line.staff_id  # type: ignore[attr-defined]
    return ask(line.database, line.services, conversation_id=conversation_id, stock_id=stock_id, staff_id=staff_id,
               hours=hours)  # fmt: skip


def short_id(line: TheLine, conversation_id: str, **more: object) -> str:
    answer = asked(line, conversation_id, **more)  # type: ignore[arg-type]
    assert isinstance(answer, Asked)
    return answer.short_id


def state(line: TheLine, short: str) -> tuple[str, str | None]:
    h = directory.holds.c
    with line.database.reading() as tx:
        return tuple(tx.conn.execute(select(h.state, h.reason).where(h.short_id == short)).one())


def last_text(line: TheLine, number: str) -> str:
    return [m["body"] for m in line.shows(number)["messages"] if m["direction"] == "out"][-1]


def keys(line: TheLine, number: str = "+12105550151") -> list[str]:
    return line.said(number)


def test_a_yes_holds_the_place_and_the_person_hears_of_it(line: TheLine) -> None:
    talk = someone(line)
    held = short_id(line, talk)
    assert last_text(line, CEDAR).startswith(f"Hold {held} at Cedar-1? person. Reply Y {held} to hold 4 hr")
    assert room(line, "demo-cedar-1") == {"room": 1}
    assert says(line, CEDAR, f"y {held.lower()}").startswith(f"Got it: {held} is held at Cedar-1 for 4 hr")
    assert state(line, held) == ("held", None)
    assert keys(line)[-1] == "M3"
    assert "4 hr. Ana will tell you" in last_text(line, "+12105550151")
    assert says(line, CEDAR, f"Y {held}").startswith("Got it")  # twice is once
    assert keys(line).count("M3") == 1


@pytest.mark.parametrize(("word", "reason", "left"), [("FULL", "full", 0), ("FIT", "fit", 2), ("", None, 2)])
def test_a_no_is_a_humans_task_and_never_told(line: TheLine, word: str, reason: str | None, left: int) -> None:
    held = short_id(line, someone(line))
    assert says(line, CEDAR, f"N {held} {word}").startswith(f"Got it: {held} is not held")
    assert state(line, held) == ("declined", reason)
    assert room(line, "demo-cedar-1") == {"room": left}
    assert keys(line) == []
    assert line.shows("+12105550151")["handoff"]["reason"] == "hold_declined"


def test_without_a_live_release_nobody_is_asked(line: TheLine, clock: FakeClock) -> None:
    assert isinstance(asked(line, someone(line, shares=False)), Refused)
    talk = someone(line, "+12105550152")
    clock.advance(timedelta(hours=73))
    assert isinstance(asked(line, talk), Refused)
    with line.database.reading() as tx:
        assert tx.conn.execute(select(directory.holds.c.hold_id)).all() == []


@pytest.mark.parametrize(("stock_id", "hours"), [("nowhere", 4), (STOCK, 5), ("demo-heron-4-hotel_night", 4)])
def test_what_cannot_be_held_is_refused(line: TheLine, stock_id: str, hours: int) -> None:
    assert isinstance(asked(line, someone(line), stock_id=stock_id, hours=hours), Refused)


def test_the_first_yes_lets_the_others_go(line: TheLine) -> None:
    talk = someone(line)
    cedar = short_id(line, talk)
    birch = short_id(line, talk, stock_id="demo-birch-1-bed")
    says(line, CEDAR, f"Y {cedar}")
    assert (state(line, cedar)[0], state(line, birch)[0]) == ("held", "withdrawn")
    assert last_text(line, "+12105550122").startswith(f"Ya no hace falta apartar {birch}")
    assert says(line, "+12105550122", f"Y {birch}").startswith("Ya no hace falta")
    assert isinstance(asked(line, talk, stock_id="demo-mesa-1-bed"), Refused)


def test_a_hold_that_runs_out_is_told_as_nobodys_fault_and_is_free_again(line: TheLine, clock: FakeClock) -> None:
    held = short_id(line, someone(line), hours=2)
    says(line, CEDAR, f"Y {held}")
    assert lapse(line.database, line.services) == 0
    clock.advance(timedelta(hours=2))
    assert lapse(line.database, line.services) == 1
    assert lapse(line.database, line.services) == 0
    assert keys(line)[-1] == "M4"
    assert last_text(line, CEDAR).startswith(f"Hold {held} at Cedar-1 is done?")
    assert room(line, "demo-cedar-1") == {"room": 2}
    for _ in range(2):  # twice is once
        assert says(line, CEDAR, f"IN {held}").startswith(f"Got it: {held} has moved in. Thank you. Cedar-1 now has 1")
        assert state(line, held)[0] == "arrived"
        assert room(line, "demo-cedar-1") == {"room": 1}


def test_moving_in_without_a_yes_before_it_is_no_less_true(line: TheLine) -> None:
    held = short_id(line, someone(line))
    assert "now has 1 open" in says(line, CEDAR, f"IN {held}")
    assert state(line, held)[0] == "arrived"


def test_moving_in_after_a_no_changes_nothing(line: TheLine) -> None:
    held = short_id(line, someone(line))
    says(line, CEDAR, f"N {held}")
    assert says(line, CEDAR, f"IN {held}").startswith(f"Got it: {held} is not held")
    assert room(line, "demo-cedar-1") == {"room": 2}


def test_a_request_nobody_answers_is_let_go_politely(line: TheLine, clock: FakeClock) -> None:
    held = short_id(line, someone(line))
    clock.advance(ANSWER_WITHIN)
    assert lapse(line.database, line.services) == 1
    assert keys(line) == []
    assert "is not needed any more" in last_text(line, CEDAR)
    assert says(line, CEDAR, f"Y {held}").startswith(f"Hold {held} at Cedar-1 is not needed any more")


def test_a_place_taken_back_is_told_to_the_person(line: TheLine) -> None:
    held = short_id(line, someone(line))
    says(line, CEDAR, f"Y {held}")
    says(line, CEDAR, f"N {held}")
    assert (state(line, held)[0], keys(line)[-1]) == ("declined", "M4")


def test_a_provider_who_would_rather_talk_is_put_before_an_advocate(line: TheLine) -> None:
    held = short_id(line, someone(line))
    assert says(line, CEDAR, f"CALL {held}") == f"Got it: our advocate will call or text you about {held} at Cedar-1"
    assert line.shows("+12105550151")["handoff"]["reason"] == "hold_call"
    assert state(line, held)[0] == "asked"
    says(line, CEDAR, f"N {held}")
    assert "is not needed any more" in says(line, CEDAR, f"CALL {held}")


@pytest.mark.parametrize("words", ["dont share", "ya no compartas"])
def test_consent_taken_back_takes_back_the_question_but_not_the_bed(line: TheLine, words: str) -> None:
    talk = someone(line)
    cedar = short_id(line, talk)
    line.deliver()  # what had not left would never leave
    line.text(words, sender="+12105550151")
    assert (keys(line)[-1], state(line, cedar)) == ("SH2", ("withdrawn", "consent"))
    assert last_text(line, CEDAR).startswith(f"Hold {cedar} at Cedar-1 is not needed any more")
    assert room(line, "demo-cedar-1") == {"room": 2}
    assert isinstance(asked(line, talk), Refused)
    assert says(line, CEDAR, f"Y {cedar}").startswith(f"Hold {cedar} at Cedar-1 is not needed any more")


def test_a_place_that_is_held_already_stays_held_when_consent_is_taken_back(line: TheLine) -> None:
    cedar = short_id(line, someone(line))
    says(line, CEDAR, f"Y {cedar}")
    line.text("dont share", sender="+12105550151")
    assert state(line, cedar)[0] == "held"


def test_nobody_can_answer_for_another_program(line: TheLine) -> None:
    held = short_id(line, someone(line))
    says(line, "+12105550122", f"Y {held}")
    assert state(line, held)[0] == "asked"


def test_a_refusal_for_fit_is_a_question_for_a_person_and_no_rule_yet(line: TheLine) -> None:
    held = short_id(line, someone(line))
    says(line, CEDAR, f"N {held} FIT kids")
    with line.database.reading() as tx:
        (task,) = tasks.list_open(tx, kind="draft_criterion")
        drafts = tx.conn.execute(select(criteria.c.facet, criteria.c.verified_at)).all()
    assert (task.program_id, task.assigned_to) == ("demo-cedar-1", line.staff_id)  # type: ignore[attr-defined]
    assert ("kids", None) in [tuple(row) for row in drafts]


def test_safety_teaches_nothing_and_paused_pauses(line: TheLine) -> None:
    held = short_id(line, someone(line))
    says(line, CEDAR, f"N {held} safety, her husband works here")
    assert state(line, held) == ("declined", "safety")
    assert room(line, "demo-cedar-1") == {"room": 2}
    held = short_id(line, someone(line, "+12105550152"))
    says(line, CEDAR, f"N {held} paused")
    assert room(line, "demo-cedar-1") == {}


def test_a_yes_makes_the_count_as_young_as_the_answer(line: TheLine, clock: FakeClock) -> None:
    held = short_id(line, someone(line))
    clock.advance(timedelta(minutes=20))
    says(line, CEDAR, f"Y {held}")
    with line.database.reading() as tx:
        known = openings.state(tx, STOCK)
    assert known is not None
    assert (known.available, known.observed_at) == (2, clock.now())


def test_a_held_place_is_kept_longer_once(line: TheLine, clock: FakeClock) -> None:
    held = short_id(line, someone(line), hours=2)
    staff_id = line.staff_id  # type: ignore[attr-defined]
    with line.database.reading() as tx:
        hold_id = holds.find(tx, "demo-cedar-1", held).hold_id  # type: ignore[union-attr]
    longer = partial(extend, line.database, line.services, hold_id=hold_id, staff_id=staff_id, hours=4)
    assert isinstance(longer(), Refused)
    says(line, CEDAR, f"Y {held}")
    assert longer() is None
    assert isinstance(longer(), Refused)
    clock.advance(timedelta(hours=5))
    assert lapse(line.database, line.services) == 0
    clock.advance(timedelta(hours=2))
    assert lapse(line.database, line.services) == 1


def test_the_best_are_asked_at_once_and_the_first_yes_lets_the_others_go(line: TheLine) -> None:
    talk = someone(line)
    answered = confirm_match(line.database, line.services, conversation_id=talk, staff_id=line.staff_id)  # type: ignore[attr-defined]
    assert isinstance(answered, tuple)
    assert len({one.hold_id for one in answered}) == 3
    with line.database.reading() as tx:
        asked_of = holds.of_conversation(tx, talk, "asked")
        number, _ = directory.reporters_of(tx, asked_of[1].program_id)[0]
    says(line, number, f"Y {asked_of[1].short_id}")
    with line.database.reading() as tx:
        assert [hold.state for hold in holds.of_conversation(tx, talk)] == ["withdrawn", "held", "withdrawn"]


_RACER = """
import sys
from bot.adapters.clock import FakeClock
from tests.directory.test_hold import race_in_a_process
race_in_a_process(*sys.argv[1:])
"""


def race_in_a_process(url: str, now: str, staff_id: str, talk: str) -> None:
    database = Database(url, Keyring(TEST_KEYS, TEST_SECRET), FakeClock(datetime.fromisoformat(now)))
    services = services_on(database)
    got = ask(database, services, conversation_id=talk, stock_id=STOCK, staff_id=staff_id)
    print("asked" if isinstance(got, Asked) else "refused")


def test_nor_when_whole_processes_ask(line: TheLine) -> None:
    talks = [someone(line, f"+1210555017{n}") for n in range(4)]
    url = line.database.engine.url.render_as_string(hide_password=False)
    staff_id = line.staff_id  # type: ignore[attr-defined]
    racers = [
        subprocess.Popen([sys.executable, "-c", _RACER, url, line.clock.now().isoformat(), staff_id, talk],
                         stdout=subprocess.PIPE, text=True)
        for talk in talks
    ]
    said = sorted(racer.communicate(timeout=120)[0].strip() for racer in racers)
    assert said == ["asked", "asked", "refused", "refused"]
    assert room(line, "demo-cedar-1") == {"room": 0}


def at_once(jobs: list[Callable[[], object]]) -> list[object]:
    """What each of them returned, all started together."""
    ready, done = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], object]) -> None:
        ready.wait()
        done.append(job())

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(jobs)
    return done


def test_two_sweeps_at_once_tell_it_once(line: TheLine, clock: FakeClock) -> None:
    held = short_id(line, someone(line), hours=2)
    says(line, CEDAR, f"Y {held}")
    clock.advance(timedelta(hours=2))
    assert sum(at_once([lambda: lapse(line.database, line.services)] * 4)) == 1  # type: ignore[arg-type]
    assert keys(line).count("M4") == 1


def test_no_more_places_are_asked_for_than_there_are_however_many_ask_at_once(line: TheLine) -> None:
    talks = [someone(line, f"+1210555016{n}") for n in range(6)]
    answers = at_once([partial(asked, line, talk) for talk in talks])
    assert sum(isinstance(answer, Asked) for answer in answers) == 2
    assert room(line, "demo-cedar-1") == {"room": 0}
