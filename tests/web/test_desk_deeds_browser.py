"""The desk's deeds in a real browser: every state is accessible, what must be seen at once is, and hands without a
mouse, or a browser without a script, can do it all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from bot.services import Services
from bot.store import handoff_offers, handoffs, messages, staff, tasks, threads
from bot.store.db import Database
from bot.usecases import claim, fire_protocol, park, transfer
from bot.usecases.finish import finish
from bot.usecases.reply import reply
from flows.conversation import Flag
from tests.web.accessible import accessible
from tests.web.line import NUMBER, PASSWORD, add_account, services_on, someone_waits, they_wrote

RAISED = "he is here and I am scared"
WORDS = "the back door is open until six"


@pytest.fixture
def services(live_database: Database) -> Services:
    return services_on(live_database)


def someone(database: Database, number: str = NUMBER) -> tuple[str, str]:
    with database.transaction() as tx:
        found = someone_waits(tx, number, tier="P0", reason="danger", promised_at=tx.now + timedelta(minutes=5))
        they_wrote(tx, found[0], RAISED, f"SM1{number}")
        they_wrote(tx, found[0], WORDS, f"SM2{number}")
    return found


def id_of(database: Database, email: str) -> str:
    with database.reading() as tx:
        account = staff.find_by_email(tx, email)
    assert account is not None
    return account.staff_id


def mine(database: Database, conversation_id: str, staff_id: str) -> dict[str, object]:
    with database.reading() as tx:
        stored = threads.read(tx, conversation_id)
    assert stored is not None
    return {"conversation_id": conversation_id, "staff_id": staff_id, "epoch": stored.epoch}


def full_of_things(database: Database, services: Services, conversation_id: str) -> None:
    """A text that did not arrive, a long one of theirs, a protocol, a doubt about the phone."""
    with database.transaction() as tx:
        they_wrote(tx, conversation_id, "a long story. " * 40, "SMlong")
        lost = messages.queue_text(tx, conversation_id=conversation_id, epoch=0, kind="advocate", body="I am here.",
                                   language="en", staff_id="0" * 32)  # fmt: skip
        row = messages.messages.c.message_id == lost
        tx.conn.execute(messages.messages.update().where(row).values(status="failed", reason="30003"))
        fire_protocol.fire_protocol(tx, services, conversation_id, Flag.DANGER.value, {})
        tasks.write_done(tx, kind="holder", conversation_id=conversation_id, done_by="0" * 32, outcome="unsure")
        h = handoffs.handoffs
        tx.conn.execute(h.update().where(h.c.conversation_id == conversation_id).values(reason="unsafe"))


def test_every_state_of_the_page_is_accessible(page: Page, live_database: Database, services: Services) -> None:
    ana, luis = id_of(live_database, "ana@example.org"), add_account(live_database, "l@example.org", "Luis", "advocate")
    with live_database.transaction() as tx:
        staff.begin_shift(tx, luis, tx.now + timedelta(hours=8))
    conversation_id, handoff_id = someone(live_database)
    full_of_things(live_database, services, conversation_id)

    def shown(state: str) -> None:
        with live_database.reading() as tx:
            standing = handoffs.get(tx, handoff_id)
        assert standing is not None
        assert standing.state == state
        page.goto(f"/desk/conversations/{conversation_id}")
        for closed in page.locator(".pane-card summary, .pane-queue summary").all():
            closed.click()
        accessible(page)

    def deed(name: str, **more: object) -> None:
        run = {"transfer": transfer.transfer, "back": transfer.call_back, "park": park.park, "safe": park.until_safe,
               "wrap": park.wrap_up, "finish": finish}[name]  # fmt: skip
        given = {"services": services} if name in ("transfer", "finish") else {}
        answer = run(database=live_database, **given, **mine(live_database, conversation_id, ana), **more)  # type: ignore[operator]
        assert not hasattr(answer, "reason"), answer

    shown("waiting")
    with live_database.transaction() as tx:
        handoff_offers.add(tx, handoff_id, [ana], kind="next", climb=0, expires_at=tx.now + timedelta(minutes=3))
        handoffs.offered(tx, handoff_id, "offered", among=("waiting",))
    shown("offered")
    claim.claim(live_database, services, handoff_id=handoff_id, staff_id=ana)
    reply(live_database, services, text="I read it.", **mine(live_database, conversation_id, ana))
    shown("owned")
    deed("transfer", to_id=luis)
    shown("transferring")
    deed("back")
    deed("park")
    shown("parked")
    deed("safe")
    shown("until_safe")
    deed("wrap")
    shown("wrap_up")
    deed("finish", outcome="referred")
    shown("closed")
    page.goto("/measures")
    accessible(page, (390,))


MUST_BE_SEEN = {
    "may we text": "Ask first if it is OK to text", "why": "Said they are in danger now", "raised by": f"“{RAISED}”",
    "their words": WORDS, "since when": "With us since", "promised": "Promised", "whose": "You hold this",
    "minor or adult": "Minor or adult", "region": "Near", "our last text": "Waiting to leave",
    "the bot": "The bot said", "offered": "No place was offered yet", "protocols": "none to run",
}  # fmt: skip


def test_five_seconds_are_enough_and_hands_without_a_mouse_do_it_all(
    page: Page, live_database: Database, services: Services
) -> None:
    luis = add_account(live_database, "l@example.org", "Luis", "advocate")
    with live_database.transaction() as tx:
        staff.begin_shift(tx, luis, tx.now + timedelta(hours=8))
    someone(live_database)
    page.goto("/desk/")
    press(page, "Take next", then="You hold this")
    type_into(page, "Your text", "I read it. I am here.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bubble.out", has_text="I read it")).to_be_visible()
    what_must_be_seen_is_in_the_first_view(page)
    press(page, "Give them to a colleague")
    choose(page, "Who", "Luis")
    press(page, "Ask them", then="Luis was asked")
    press(page, "Take the offer back", then="The offer is taken back")
    press(page, "Raise a hand", then="A lead is called; you go on")
    press(page, "Look away until an hour")
    choose(page, "Until", "Tomorrow")
    press(page, "Park", then="or until they write")
    press(page, "Go on with them", then="You go on with them.")
    press(page, "Show the number")
    expect(page.locator("#revealed")).to_contain_text("Choose why")
    choose(page, "Why the number", "For an emergency call")
    press(page, "Show the number")
    expect(page.locator("#revealed")).to_contain_text(NUMBER)
    type_into(page, "Your text", "half a thought")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Kitchen measures")).to_be_visible()
    expect(page).to_have_title("Kitchen measures")
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Kitchen measures")).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Back", exact=True).press("Enter")
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    assert page.evaluate("document.elementFromPoint(20, 400).id") == "curtain", "nothing of the page is to be seen"
    page.get_by_label("Password of Ana").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Locked")).to_be_hidden()
    expect(page.get_by_label("Your text")).to_have_value("half a thought")
    expect(page.locator("#revealed")).to_have_text("")
    type_into(page, "Your text", "")
    what_they_write_is_seen_when_it_stands_before_its_owner(page, live_database)
    press(page, "All is said", then="Write below how it ended")
    choose(page, "How did it end?", "Referred")
    choose(page, "When did that come about?", "An hour ago")
    press(page, "Finish", then="Finished. Take a breath")


def test_without_a_script_it_is_offered_accepted_given_on_parked_and_left_quickly(
    chromium: Chromium, address: str, live_database: Database, services: Services
) -> None:
    ana = add_account(live_database, "ana@example.org", "Ana", "advocate")
    conversation_id, handoff_id = someone(live_database)
    with live_database.transaction() as tx:
        handoff_offers.add(tx, handoff_id, [ana], kind="next", climb=0, expires_at=tx.now + timedelta(minutes=3))
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/desk/login")
    page.get_by_label("E-mail").fill("ana@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("time[data-until]")).to_contain_text("UTC")
    page.get_by_role("button", name="Yes, take").click()
    page.get_by_label("Your text").fill("I read it.")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Look away until an hour").click()
    page.get_by_role("button", name="Park").click()
    expect(page.get_by_text("Parked", exact=True)).to_be_visible()
    page.get_by_role("button", name="Keep open until they are safe").click()
    expect(page.get_by_text("no clock ends it")).to_be_visible()
    page.get_by_role("button", name="Do not text").click()
    expect(page.get_by_text("No text will go to this number")).to_be_visible()
    page.get_by_label("How did it end?").select_option("arrived")
    page.get_by_role("button", name="Finish", exact=True).click()
    expect(page.get_by_role("heading", name="Nobody is waiting")).to_be_visible()
    page.goto(f"/desk/conversations/{conversation_id}")
    page.get_by_role("button", name="Open again").click()
    expect(page.get_by_text("You hold this")).to_be_visible()
    page.get_by_role("button", name="Leave quickly").click()
    expect(page.get_by_role("heading", name="Kitchen measures")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Locked, to keep people safe")).to_be_visible()
    context.close()


def what_must_be_seen_is_in_the_first_view(page: Page) -> None:
    """Without a scroll or a press, on a desk and on a phone."""
    card = page.get_by_role("region", name="At a glance")
    for size in ({"width": 1366, "height": 768}, {"width": 390, "height": 844}):
        page.set_viewport_size(size)
        page.evaluate("scrollTo(0, 0)")
        for name, words in MUST_BE_SEEN.items():
            box = card.get_by_text(words).first.bounding_box()
            assert box, name
            assert box["y"] + box["height"] <= size["height"], f"{name} is below the first {size}"
    page.set_viewport_size({"width": 1280, "height": 900})


def what_they_write_is_seen_when_it_stands_before_its_owner(page: Page, database: Database) -> None:
    """Without a reload: the page tells it, and the silent ladder rests."""
    with database.transaction() as tx:
        (standing,) = handoffs.list_open(tx)
        assert not standing.unseen
        they_wrote(tx, standing.conversation_id, "are you there", "SMseen")
        stored = threads.read(tx, standing.conversation_id)
        assert stored is not None
        handoffs.heard(tx, standing.conversation_id, stored.last_seq, tx.now + timedelta(minutes=5))
    with page.expect_response(lambda answer: answer.url.endswith("/seen")) as told:
        page.keyboard.press("Shift")
    assert told.value.status == 204
    with database.reading() as tx:
        assert not handoffs.list_open(tx)[0].unseen


def press(page: Page, name: str, then: str = "") -> None:
    tab_to(page, name)
    page.keyboard.press("Enter")
    if then:
        expect(page.get_by_text(then).first).to_be_visible()


def choose(page: Page, label: str, start: str) -> None:
    tab_to(page, label)
    page.keyboard.type(start)


def type_into(page: Page, label: str, words: str) -> None:
    tab_to(page, label)
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.type(words)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called this."""
    met = []
    for _ in range(90):
        page.keyboard.press("Tab")
        met.append(page.evaluate(_FOCUSED))
        if met[-1] == name:
            return
    raise AssertionError(f"no Tab leads to {name}: {met}")


_FOCUSED = """() => {
  const it = document.activeElement, label = it.labels && it.labels[0];
  return (it.getAttribute('aria-label') || (label && label.innerText) || it.innerText || '').trim().slice(0, 60);
}"""
