"""Can an advocate carry somebody through from their page: yes by yes, step by step, with names and clocks?"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.settings import DESK_ZONE
from bot.store import referrals, releases, staff, tasks, warm_transfers
from bot.store.db import Database
from bot.usecases.sweep import sweep
from tests.usecases.carrying import CEDAR, Case, ana_has_somebody
from tests.web.line import PASSWORD, Browser, app_on, staff_login


@pytest.fixture
def case(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    return ana_has_somebody(sqlite_database, clock)


@pytest.fixture
def ana(case: Case) -> Browser:
    return logged_in(case, case.ana, "ana@example.org")


def logged_in(case: Case, staff_id: str, email: str) -> Browser:
    staff_login(case.line.database, staff_id)
    browser = Browser(app_on(case.line.services))
    assert browser.log_in(email, PASSWORD).status_code == 302
    return browser


def page_of(case: Case) -> str:
    return f"/desk/conversations/{case.talk}"


def press(browser: Browser, case: Case, path: str, **fields: object) -> str:
    """Post a form of the page as it stands, and read the page that follows."""
    return browser.post(f"{page_of(case)}{path}", {"epoch": case.epoch, **fields}, follow_redirects=True).text


def part(page: str, card: str) -> str:
    begins = page.index(f'id="{card}"')
    return page[begins : page.index("</section>\n", begins) if card not in ("duties", "protocols") else None]


def test_a_yes_is_noted_shown_and_taken_back(case: Case, ana: Browser) -> None:
    page = press(ana, case, "/releases", program_id=CEDAR, told=["voice", "first_name"], first_name="Sol", days="3",
                 how="spoken", asked="May they know your name?")  # fmt: skip
    sharing = part(page, "sharing")
    assert "Their yes is noted" in page
    assert "that they talk together" in sharing
    assert "Spoken, noted by Ana" in sharing
    assert "May they know your name?" in sharing
    end = re.search(r'action="(/desk/conversations/\w+/releases/\w+/end)"', sharing)
    assert end
    page = ana.post(end[1], {"epoch": case.epoch}, follow_redirects=True).text
    assert "Nothing more is told" in page
    assert "Ended" in part(page, "sharing")
    assert "Tick each thing" in press(ana, case, "/releases", program_id=CEDAR, days="3", how="spoken")


def test_who_does_not_have_them_notes_no_yes_and_no_deed(case: Case, ana: Browser) -> None:
    luis = logged_in(case, case.line.somebody_on_shift("Luis"), "luis@example.org")
    luis.get(page_of(case))
    assert "Ana holds this conversation now" in press(luis, case, "/releases", code="Cedar-1", told="voice", days="3")
    assert "Ana holds this conversation now" in press(luis, case, "/warm", code="Cedar-1")
    assert "Note their yes" not in luis.get(page_of(case)).text
    with case.line.database.reading() as tx:
        assert warm_transfers.open_of(tx, case.talk) is None


def test_a_warm_transfer_from_the_first_call_to_both_sides_ok(case: Case, ana: Browser) -> None:
    page = press(ana, case, "/warm", code="cedar-1")
    assert "Call the place first" in part(page, "warm")
    with case.line.database.reading() as tx:
        (one,) = warm_transfers.of_conversation(tx, case.talk)
    deed = f"/warm/{one.transfer_id}"
    page = press(ana, case, deed, deed="program_yes", spoke_with="the night desk")
    assert "The place said yes" in part(page, "warm")
    assert "Good news: a spot is open" in part(page, "warm"), "what they will read is on the page"
    page = press(ana, case, deed, deed="ask_person", say="1")
    assert "Good news: a spot is open" in page[: page.index('id="carry"')], "and in the thread"
    page = press(ana, case, deed, deed="person_chose", way="call")
    assert "needs a yes of its own" in part(page, "warm")
    assert "talk together" in press(ana, case, deed, deed="start")
    press(ana, case, "/releases", program_id=CEDAR, told="voice", days="1", how="spoken")
    assert "All three are on the line" in part(press(ana, case, deed, deed="start"), "warm")
    press(ana, case, deed, deed="person_ok")
    page = press(ana, case, deed, deed="program_ok")
    assert "The other side has them" in part(page, "warm")
    assert ana.post(f"{page_of(case)}{deed}", {"epoch": case.epoch, "deed": "push"}).status_code == 400
    listed = ana.get("/desk/follow-ups").text
    assert "On the way" in listed
    assert "Cedar-1" in listed


def test_a_promise_goes_with_the_text_and_stands_on_both_pages_until_it_is_done(case: Case, ana: Browser) -> None:
    ana.get(page_of(case))
    ana.post(f"{page_of(case)}/reply", {"epoch": case.epoch, "text": "I'll call them", "promise": "Call the house",
                                        "promise_within": "30"})  # fmt: skip
    page = ana.get(page_of(case)).text
    assert "Call the house" in part(page, "promises")
    assert "By Ana" in part(page, "promises")
    assert "Call the house" in ana.get("/desk/promises").text
    case.line.clock.advance(timedelta(minutes=31))
    sweep(case.line.database, case.line.services)
    ana = logged_in(case, case.ana, "ana@example.org")  # a page nobody touched is locked by then
    page = ana.get("/desk/promises").text
    assert "Missed" in page
    close = re.search(r'action="(/desk/promises/\w+)"', page)
    assert close
    page = ana.post(close[1], {"act": "kept", "from": "list"}, follow_redirects=True).text
    assert "Call the house" not in page
    assert re.search(r"Colleagues</td><td[^>]*>0</td><td[^>]*>0</td><td[^>]*>1</td>", page), "it stays a broken one"
    ana.get(page_of(case))
    refused = ana.post(f"{page_of(case)}/reply", {"epoch": case.epoch, "text": "soon", "promise": "Call again",
                                                  "promise_within": "7"})  # fmt: skip
    assert (refused.status_code, "Choose by when" in refused.text, "Call again" in refused.text) == (409, True, True)


def test_a_duty_has_a_name_a_clock_its_source_and_says_that_nobody_verified_it(case: Case, ana: Browser) -> None:
    luis = case.line.somebody_on_shift("Luis")
    duties = part(press(ana, case, "/protocols", trigger="minor"), "protocols")
    assert "Not verified by counsel" in duties
    assert re.search(r"Source: \w+", duties)
    assert "Source: none" not in duties
    assert "Hand to Luis" in duties
    with case.line.database.reading() as tx:
        (task,) = tasks.list_open(tx, conversation_id=case.talk)
    one = f"/duties/{task.task_id}"
    assert "I take this" in part(press(ana, case, one, act="backup"), "protocols")
    with case.line.database.reading() as tx:
        now = tasks.get(tx, task.task_id)
        assert now is not None
        assert (now.assigned_to, now.backup_id, now.due_at) == (luis, case.ana, task.due_at)
    assert "Hand to Luis" in part(press(ana, case, one, act="take"), "protocols")
    assert "reference number" in press(ana, case, one, act="close", outcome="done")
    stranger = f"/desk/conversations/{'0' * 32}/duties/{task.task_id}"
    assert ana.post(stranger, {"act": "take", "epoch": case.epoch}).status_code == 404


def test_what_else_must_be_done_stands_first_and_is_closed_with_a_name(case: Case, ana: Browser) -> None:
    case.yes("party", "voice")
    one = case.begin()
    assert isinstance(one, str)
    case.do(one, "program_yes")
    case.take_back()
    page = ana.get(page_of(case)).text
    assert "A place was told, and their yes has ended" in part(page, "carry")
    (task,) = case.tasks("told_before")
    assert "Cedar-1" in part(page, "duties")
    page = press(ana, case, f"/duties/{task.task_id}", act="close", outcome="told", reference="the night desk")
    assert 'id="duties"' not in page
    assert case.tasks("told_before") == []


def test_a_follow_up_is_begun_agreed_to_and_ended_by_a_human(case: Case, ana: Browser) -> None:
    page = press(ana, case, "/follow-up", act="begin", program_id=CEDAR)
    assert "On the way" in part(page, "follow-up")
    assert "no text asks them" in part(page, "follow-up")
    assert "They agreed to be asked later" in part(
        press(ana, case, "/follow-up", act="agree", how="spoken"), "follow-up"
    )
    assert "Arrived" in part(press(ana, case, "/follow-up", act="outcome", what="arrived"), "follow-up")
    wrong = press(ana, case, "/follow-up", act="outcome", what="stayed", at="yesterday")
    assert "Write when as a day" in wrong
    told = f"{case.line.clock.now().astimezone(DESK_ZONE):%Y-%m-%dT%H:%M}"  # the clock on the desk's wall
    page = press(ana, case, "/follow-up", act="outcome", what="stayed", ends="1", at=told)
    assert "Ended: stayed" in part(page, "follow-up")
    with case.line.database.reading() as tx:
        referral = referrals.latest_of(tx, case.talk)
        assert referral is not None
        (stayed,) = [one for one in referrals.events_of(tx, referral.referral_id) if one.what == "stayed"]
    assert stayed.at == case.line.clock.now().replace(second=0, microsecond=0)
    assert "Nobody was referred yet" in ana.get("/desk/follow-ups").text


def test_nothing_that_ended_is_pressed_twice(case: Case, ana: Browser) -> None:
    release = case.yes("voice")
    assert isinstance(release, str)
    ana.get(page_of(case))
    for words in ("Nothing more is told", "It had ended already"):
        assert words in press(ana, case, f"/releases/{release}/end")
    with case.line.database.reading() as tx:
        found = releases.get(tx, release)
        assert found is not None
        assert found.revoked_at is not None
        assert staff.get(tx, case.ana) is not None
