"""Do the three things a newcomer does in the browser work? A phone, the desk and a campaign, over the running line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, Page, expect

from bot.rules.hours import campaign_closes, place_of
from tests.journey.house import House, key_of
from tests.journey.screens import SOON_MS, TablePhone, log_in, put_on_the_table, tab_to, watched
from tests.web.accessible import accessible

NAME = "(512) 555-0180"
NUMBER = "+15125550180"
THEIRS = "my sister has a zinnia truck"
OURS = "This is Ana. The juniper door is open until nine."
NOTE = "Sister drives. Wants marigold street, not the station."

AROUND_THE_CLOCK = ("+16715550131", "+18085550132", "+17875550133", "+46701740605")
"""Guam, Hawaii, Puerto Rico, and a number that Sweden keeps for stories. At any hour it is night for one of them, and
but for a quarter of an hour before 9:00 UTC it is day for another."""


def test_from_the_first_text_to_an_advocate_who_finishes(chromium: Browser, house: House) -> None:
    with watched(chromium, house) as theirs, watched(chromium, house) as ours:
        phone = put_on_the_table(theirs.page, NAME)
        accessible(theirs.page)
        came = phone.walks("en")
        assert came[-3:] == ["M1", "SH1", "H1"]
        accessible(theirs.page)

        desk = ours.page
        desk.goto("/desk/login")
        accessible(desk)
        log_in(desk, "Ana")
        expect(desk.get_by_role("heading", name="1 person is waiting")).to_be_visible()
        accessible(desk)
        tab_to(desk, "Take next")
        desk.keyboard.press("Enter")
        expect(desk.get_by_text("You hold this")).to_be_visible()
        the_advocate_sees_what_they_said_want_and_were_offered(desk)
        accessible(desk)

        they_text_with_each_other(desk, phone, house)
        accessible(desk)
        a_note_and_the_end(desk)
        expect(desk.get_by_role("heading", name="Nobody is waiting")).to_be_visible()
        accessible(desk)

        for watch in (theirs, ours):
            kept = watch.kept().lower()
            words = (THEIRS, OURS, NOTE, "zinnia", "78201", NUMBER[2:], NAME)
            assert not [word for word in words if word.lower() in kept]
            assert not [url for url in watch.addresses if NUMBER[2:] in url or "555" in url or "zinnia" in url]


def the_advocate_sees_what_they_said_want_and_were_offered(desk: Page) -> None:
    told = desk.get_by_role("region", name="What they told us")
    for words in ("Tonight", "place to stay", "782", "25 or older"):
        expect(told).to_contain_text(re.compile(words, re.IGNORECASE))
    expect(desk.get_by_role("region", name="What they were offered").locator("li")).not_to_have_count(0)
    expect(desk.get_by_role("region", name="Consent to share")).to_contain_text("Given")
    expect(desk.get_by_role("region", name="Thread").locator(".bubble.in").first).to_contain_text("hi")


def they_text_with_each_other(desk: Page, phone: TablePhone, house: House) -> None:
    tab_to(desk, "Your text")
    desk.keyboard.type(OURS)
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".bubble.out", has_text=OURS)).to_be_visible()
    expect(phone.frame.locator(".bubble.in", has_text=OURS)).to_be_visible(timeout=SOON_MS)
    received = phone.received()
    phone.texts(THEIRS)
    expect(desk.locator(".bubble.in", has_text=THEIRS)).to_be_visible(timeout=SOON_MS)
    phone.texts("PERSON")
    expect(desk.locator(".bubble.in", has_text="PERSON")).to_be_visible(timeout=SOON_MS)
    assert len(house.sent_to(NUMBER)) == len(received), "while an advocate holds it the bot is silent"
    assert house.show(NUMBER)["held_by"] == "advocate"


def a_note_and_the_end(desk: Page) -> None:
    tab_to(desk, "Add a note")
    desk.keyboard.type(NOTE)
    tab_to(desk, "Keep note")
    desk.keyboard.press("Enter")
    expect(desk.locator("#notes li", has_text=NOTE)).to_be_visible()
    tab_to(desk, "How did it end?")
    desk.keyboard.type("Referred")
    tab_to(desk, "Finish")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Finished. Take a breath")).to_be_visible()


def test_without_a_script_a_person_is_taken_answered_and_finished(chromium: Browser, house: House) -> None:
    phone = house.phone()
    phone.walks("es")
    with watched(chromium, house, java_script_enabled=False) as watch:
        desk = watch.page
        desk.goto("/desk/login")
        desk.get_by_label("E-mail").fill("luis@quietline.example")
        desk.get_by_label("Password").fill("luis-simulated-only")
        desk.get_by_role("button", name="Log in").click()
        desk.get_by_role("button", name="Take next").click()
        expect(desk.get_by_text("You hold this")).to_be_visible()
        expect(desk.locator(".glance")).to_contain_text("Spanish")
        desk.get_by_label("Your text").fill("Soy Luis. Leo tus textos.")
        desk.get_by_role("button", name="Send").click()
        expect(desk.locator(".bubble.out", has_text="Soy Luis")).to_be_visible()
        house.wait_for(lambda: phone.received()[-1] == "Soy Luis. Leo tus textos.")
        desk.get_by_label("How did it end?").select_option("safe_for_now")
        desk.get_by_role("button", name="Finish").click()
        expect(desk.get_by_role("heading", name="Nobody is waiting")).to_be_visible()
        desk.goto("/simulator/")
        expect(desk.get_by_text("Soy Luis. Leo tus textos.")).to_be_visible()
    assert phone.row()["held_by"] != "advocate"
    assert house.command("handoffs") == []


def test_a_list_becomes_a_campaign_that_two_people_stand_for(chromium: Browser, house: House) -> None:
    now = datetime.now(UTC)
    by_day = {number: _open_at(number, now) for number in AROUND_THE_CLOCK}
    day = [number for number, moments in by_day.items() if all(moments)]
    night = [number for number, moments in by_day.items() if not any(moments)]
    assert night, "somewhere it is not day"
    rows = [*(f"{number},{'es' if i else 'en'},opted_in" for i, number in enumerate(day)),
            *(f"{number},en,inbound_first" for number in night),
            f"{[*day, *night][0]},en,opted_in", "12345,en,opted_in", "512 555 0181,en,bought"]  # fmt: skip
    with watched(chromium, house) as first, watched(chromium, house) as second:
        omar, petra = first.page, second.page
        log_in(omar, "Omar")
        accessible(omar)
        omar.get_by_role("link", name="New campaign").first.click()
        omar.get_by_label("CSV file").set_input_files(
            {"name": "list.csv", "mimeType": "text/csv", "buffer": "\n".join(["number,language,basis", *rows]).encode()}
        )
        omar.get_by_label("Where the list comes from").select_option("own")
        omar.get_by_label("Name", exact=True).fill("November")
        omar.get_by_label("Who it is from").fill("Ana")
        accessible(omar)
        omar.get_by_role("button", name="Check the list").click()
        expect(omar.get_by_role("heading", name="November")).to_be_visible()
        report = omar.get_by_role("region", name="The list")
        expect(report).to_contain_text(f"{len(day) + len(night)} of {len(rows)} rows can be texted")
        left_out = report.locator("tbody tr")
        expect(left_out).to_have_count(3)
        expect(left_out.filter(has_text="same number as row 2")).to_have_count(1)
        expect(omar.get_by_text("A second person approves it now")).to_be_visible()
        expect(omar.get_by_role("button", name="Approve")).to_have_count(0)
        expect(omar.get_by_role("button", name="Launch")).to_have_count(0)
        accessible(omar)

        log_in(petra, "Petra")
        petra.get_by_role("link", name="November").click()
        petra.get_by_role("button", name="Approve").click()
        expect(petra.get_by_text("Approved. It can be launched now.")).to_be_visible()
        expect(petra.get_by_role("button", name="Launch")).to_have_count(0)
        accessible(petra)

        omar.reload()
        omar.get_by_role("button", name="Launch").click()
        progress = omar.get_by_role("region", name="How it goes")
        expect(progress).to_contain_text(re.compile(r"number is|numbers are"), timeout=SOON_MS)
        expect(progress).to_contain_text("outside local hours")
        accessible(omar)

        for number in day:
            house.wait_for(lambda number=number: house.sent_to(number))
            language = "en" if number == day[0] else "es"
            assert [key_of(body, language) for body in house.sent_to(number)] == ["O1"]
        assert [house.sent_to(number) for number in night] == [[]] * len(night), "they wait for their own morning"
        omar.goto("/simulator/")
        for number in day:
            expect(omar.locator(".phone", has_text=house.sent_to(number)[0]).first).to_be_visible()
        accessible(omar)
        assert not [url for watch in (first, second) for url in watch.addresses if night[0][1:] in url]


def _open_at(number: str, now: datetime) -> list[bool]:
    """Whether its campaign hours are open: now, and while this test may still run."""
    return [campaign_closes(place_of(number), now + timedelta(minutes=m)) is not None for m in (0, 6)]
