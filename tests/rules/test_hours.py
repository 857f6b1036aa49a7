"""A campaign text leaves only in local daytime, wherever the number may be."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import parse
from phonenumbers import timezone as number_zones

from bot.rules import hours
from bot.rules.state_hours import STATE_OF, WINDOWS, read_windows, window_on
from bot.rules.zip_zones import around
from bot.script_files import FLOWS

NEW_YORK = "+12125550100"
SAN_ANTONIO = "+12105550100"
PHOENIX = "+16025550100"
ANCHORAGE = "+19075550100"
BIRMINGHAM = "+12055550100"
PROVIDENCE = "+14015550100"
PHILADELPHIA = "+12155550100"
TOLL_FREE = "+18005550100"
LONDON = "+442071838750"
NEW_NEW_CODE = "+16215550100"


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("number", "zone", "at", "is_open"),
    [
        (NEW_YORK, "America/New_York", "2026-06-15 09:59:59", False),
        (NEW_YORK, "America/New_York", "2026-06-15 10:00", True),
        (NEW_YORK, "America/New_York", "2026-06-15 18:49:59", True),
        (NEW_YORK, "America/New_York", "2026-06-15 18:50", False),  # never in the last ten minutes
        (NEW_YORK, "America/New_York", "2026-06-15 23:59", False),
        (NEW_YORK, "America/New_York", "2026-11-01 10:00", True),  # the clock went back this night
        (NEW_YORK, "America/New_York", "2026-11-01 09:59", False),
        (NEW_YORK, "America/New_York", "2026-03-08 10:00", True),  # and forward in this one
        (NEW_YORK, "America/New_York", "2026-03-08 18:49", True),
        (PHOENIX, "America/Phoenix", "2026-07-01 10:00", True),  # Arizona keeps no summer time
        (PHOENIX, "America/Phoenix", "2026-07-01 09:59", False),
        (SAN_ANTONIO, "America/Chicago", "2026-06-15 10:00", True),
        (SAN_ANTONIO, "America/Chicago", "2026-06-14 11:59", False),  # Texas, Sunday: from noon
        (SAN_ANTONIO, "America/Chicago", "2026-06-14 12:00", True),
        (BIRMINGHAM, "America/Chicago", "2026-06-14 14:00", False),  # Alabama: no Sunday
        (BIRMINGHAM, "America/Chicago", "2026-06-15 14:00", True),
        (BIRMINGHAM, "America/Chicago", "2026-07-03 14:00", False),  # nor a holiday, on the day it is kept
        (BIRMINGHAM, "America/Chicago", "2026-11-26 14:00", False),
        (PROVIDENCE, "America/New_York", "2026-06-15 17:50", False),  # Rhode Island ends at 18 on a weekday
        (PROVIDENCE, "America/New_York", "2026-06-13 16:50", False),  # and at 17 on a Saturday
        (PHILADELPHIA, "America/New_York", "2026-11-22 14:00", False),
        (TOLL_FREE, "America/New_York", "2026-06-15 12:59", False),  # says nothing: all four zones must be open
        (TOLL_FREE, "America/New_York", "2026-06-15 13:00", True),
        (TOLL_FREE, "America/New_York", "2026-06-15 18:50", False),
        (NEW_NEW_CODE, "America/New_York", "2026-06-15 12:59", False),  # an area code too new to be known
        (LONDON, "Europe/London", "2026-06-15 10:00", True),
        ("not a number", "America/New_York", "2026-06-15 12:59", False),
    ],
)
def test_the_window_is_the_numbers_own(number: str, zone: str, at: str, is_open: bool) -> None:
    assert (hours.campaign_closes(hours.place_of(number), local(zone, at)) is not None) is is_open


def test_a_stated_place_narrows_and_never_replaces_the_numbers_own() -> None:
    place = hours.place_of(NEW_YORK, ("900",))
    assert hours.campaign_closes(place, local("America/Los_Angeles", "2026-06-15 09:00")) is None
    assert hours.campaign_closes(place, local("America/Los_Angeles", "2026-06-15 10:00")) is not None
    assert hours.campaign_closes(place, local("America/New_York", "2026-06-15 18:50")) is None


def test_the_hours_of_the_state_they_named_count_too() -> None:
    place = hours.place_of(NEW_YORK, ("782",))
    assert place == hours.Place(("America/New_York", "America/Chicago"), ("TX",))
    sunday = "2026-06-14"
    assert hours.campaign_closes(place, local("America/Chicago", f"{sunday} 11:59")) is None
    assert hours.campaign_closes(place, local("America/Chicago", f"{sunday} 12:00")) is not None
    birmingham = hours.place_of(SAN_ANTONIO, ("352",))
    assert hours.campaign_closes(birmingham, local("America/Chicago", f"{sunday} 14:00")) is None  # Alabama: no Sunday


@pytest.mark.parametrize("zip3s", [(), ("000",), ("999x",), ("",)])
def test_an_area_nobody_knows_narrows_nothing(zip3s: tuple[str, ...]) -> None:
    assert hours.place_of(NEW_YORK, zip3s) == hours.place_of(NEW_YORK)


def test_the_zip_codes_of_every_state_lie_in_that_state() -> None:
    """Held against the lexicon's own list of states, which was made for another end."""
    listed = tomllib.loads((FLOWS / "lexicon" / "places.toml").read_text(encoding="utf-8"))["state"]
    assert len(listed) > 45
    for state in listed:
        for run in state["zip3"]:
            first, _, last = run.partition("-")
            zip3s = [f"{n:03}" for n in range(int(first), int(last or first) + 1)]
            assert set(around(zip3s).states) == {state["abbr"].upper()}, (state["abbr"], run)


def test_alaska_has_two_zones_and_both_must_be_open() -> None:
    place = hours.place_of(ANCHORAGE)
    assert len(place.zones) == 2
    assert hours.campaign_closes(place, local("America/Anchorage", "2026-06-15 10:00")) is None
    assert hours.campaign_closes(place, local("America/Anchorage", "2026-06-15 11:00")) is not None


@pytest.mark.parametrize(
    ("number", "now", "opens"),
    [
        (NEW_YORK, ("America/New_York", "2026-06-15 12:00"), ("America/New_York", "2026-06-15 12:00")),
        (NEW_YORK, ("America/New_York", "2026-06-15 18:55"), ("America/New_York", "2026-06-16 10:00")),
        (NEW_YORK, ("America/New_York", "2026-10-31 20:00"), ("America/New_York", "2026-11-01 10:00")),
        (BIRMINGHAM, ("America/Chicago", "2026-07-02 20:00"), ("America/Chicago", "2026-07-06 10:00")),
        (SAN_ANTONIO, ("America/Chicago", "2026-06-13 20:00"), ("America/Chicago", "2026-06-14 12:00")),
    ],
)
def test_when_it_opens_next(number: str, now: tuple[str, str], opens: tuple[str, str]) -> None:
    assert hours.next_open(hours.place_of(number), local(*now)) == local(*opens)


def test_zones_that_are_never_open_together_have_no_next_time() -> None:
    place = hours.Place(("Europe/London", "Pacific/Honolulu", "Asia/Tokyo"))
    assert hours.next_open(place, local("Europe/London", "2026-06-15 12:00")) is None


@pytest.mark.parametrize(
    ("window", "fits"),
    [((10, 19), True), ((12, 15), True), ((9, 19), False), ((10, 20), False), ((12, 12), False), ((15, 11), False)],
)
def test_the_window_can_only_be_narrowed(window: tuple[int, int], fits: bool) -> None:
    assert hours.valid_window(*window) is fits


def test_even_a_wrong_window_is_held_to_the_hard_bound() -> None:
    place = hours.place_of(NEW_YORK)
    assert hours.campaign_closes(place, local("America/New_York", "2026-06-15 07:59"), (0, 24)) is None
    assert hours.campaign_closes(place, local("America/New_York", "2026-06-15 19:50"), (0, 24)) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.sampled_from([NEW_YORK, SAN_ANTONIO, PHOENIX, ANCHORAGE, BIRMINGHAM, PROVIDENCE, TOLL_FREE, LONDON]),
)
def test_the_next_time_is_open_and_never_in_the_past(now: datetime, number: str) -> None:
    place = hours.place_of(number)
    opens = hours.next_open(place, now)
    assert opens is not None
    assert now <= opens < now + timedelta(days=5)
    closes = hours.campaign_closes(place, opens)
    assert closes is not None
    assert closes - opens > hours.LAST_MINUTES
    assert all(10 <= opens.astimezone(ZoneInfo(zone)).hour < 19 for zone in place.zones)


@pytest.mark.parametrize(
    ("safe_hours", "at", "is_safe"),
    [
        ("morning", "08:00", True),
        ("morning", "12:00", False),
        ("morning,night", "18:00", True),
        ("afternoon", "17:59", True),
        ("night", "21:00", False),
        ("", "12:00", False),
        ("whenever", "12:00", False),
    ],
)
def test_the_persons_own_hours(safe_hours: str, at: str, is_safe: bool) -> None:
    now = local("America/Chicago", f"2026-06-15 {at}")
    assert hours.safe_now(hours.place_of(SAN_ANTONIO), now, safe_hours) is is_safe


def test_the_persons_own_hours_come_round_again() -> None:
    place = hours.place_of(SAN_ANTONIO)
    now = local("America/Chicago", "2026-06-15 22:00")
    assert hours.next_safe(place, now, "afternoon") == local("America/Chicago", "2026-06-16 12:00")
    assert hours.next_safe(place, now, "") is None
    assert hours.next_open_and_safe(place, now, (10, 19), "morning") == local("America/Chicago", "2026-06-16 10:00")


def test_every_area_code_lies_in_a_zone_of_its_state() -> None:
    eastern, central = {"America/New_York", "America/Detroit"}, {"America/Chicago"}
    indiana_side = {"America/Louisville", "America/Kentucky/Louisville", "America/Indiana/Indianapolis"}
    mountain, pacific = {"America/Denver", "America/Boise", "America/Phoenix"}, {"America/Los_Angeles"}
    zones_of = {
        "AL": central, "LA": central, "MS": central, "OK": central, "MN": central | {"America/Winnipeg"},
        "TX": central | mountain, "NM": mountain, "NV": pacific | mountain, "WA": pacific,
        "FL": eastern | central, "KY": eastern | central | indiana_side, "MI": eastern | central,
    }  # fmt: skip
    for code, state in STATE_OF.items():
        found = set(number_zones.time_zones_for_number(parse(f"+1{code}5550100"))) - {"Etc/Unknown"}
        assert found <= zones_of.get(state, eastern), (code, state, found)


def test_every_state_named_has_hours_and_every_hour_is_in_order() -> None:
    assert set(STATE_OF.values()) == set(WINDOWS)
    for window in (window for windows in WINDOWS.values() for window in windows):
        for span in (window.weekday, window.saturday, window.sunday):
            assert span is None or 8 <= span[0] < span[1] <= 21
        assert window.source, "hours that nobody can check"
        assert date(2026, 1, 1) < window.read_on <= date(2026, 11, 25)


ROW = {"state": "ZZ", "weekday": [9, 18], "source": "a statute", "read_on": date(2026, 11, 21)}


def test_a_law_holds_from_its_day_on_and_gives_way_to_the_next() -> None:
    old, new = {**ROW, "until": date(2027, 3, 1)}, {**ROW, "weekday": [11, 18], "from": date(2027, 3, 1)}
    first, second = read_windows({"window": [old, new]})["ZZ"]
    assert (first.until, second.since, second.until) == (date(2027, 3, 1), date(2027, 3, 1), date.max)
    assert first.on(date(2027, 2, 26), holiday=False) == (9, 18)
    assert second.on(date(2027, 3, 6), holiday=False) is None  # a Saturday that is left out
    assert second.on(date(2027, 3, 1), holiday=True) == (11, 18)


def test_pennsylvanias_sundays_close_with_its_law_and_not_before() -> None:
    assert window_on("PA", date(2026, 10, 17)) is None
    assert window_on("PA", date(2026, 10, 18)) is not None
    place = hours.place_of(PHILADELPHIA)
    assert hours.campaign_closes(place, local("America/New_York", "2026-10-11 14:00")) is not None
    assert hours.campaign_closes(place, local("America/New_York", "2026-10-18 14:00")) is None
    assert hours.campaign_closes(place, local("America/New_York", "2026-10-19 14:00")) is not None


@pytest.mark.parametrize(
    ("rows", "why"),
    [([ROW, ROW], "two windows"), ([{**ROW, "weekday": [18, 9]}], "no hours"), ([{**ROW, "sunday": [8, 25]}], "no")],
)
def test_a_file_that_contradicts_itself_is_not_read(rows: list[dict[str, object]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_windows({"window": rows})


def test_federal_holidays_of_2026() -> None:
    days = "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25"
    assert hours.federal_holidays(2026) == {date.fromisoformat(f"2026-{day}") for day in days.split()}
