"""A list becomes a campaign whole or not at all; every row is accounted for; what is turned away leaves no number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.errors import SendError
from bot.store import campaigns, lists, people
from bot.usecases.import_recipients import Imported, import_recipients
from bot.usecases.refusal import Refused
from bot.usecases.stage_list import Wanted
from tests.campaigns.stage import AREA, Stage, Staged

TWICE_THE_COST = "The sender's name must do without \u00ed: with it every text would cost two."
MARIA, LUZ, KIM, DAN, PAT = (f"+1210555010{n}" for n in range(1, 6))


def people_count(stage: Stage) -> int:
    with stage.database.reading() as tx:
        return tx.conn.execute(select(func.count()).select_from(people.people)).scalar_one()


def test_the_report_of_a_mixed_list(stage: Stage) -> None:
    stage.they_stop(LUZ)
    stage.carrier.landlines.add(KIM)
    made = stage.load(
        f"{MARIA},en,opted_in",
        f"{LUZ},es,opted_in",
        f"{KIM},en,opted_in",
        f"{DAN},en,none",
        f"{MARIA},en,partner_referral",
        "nonsense,en,opted_in",
        f"{PAT},es,inbound_first",
    )
    assert made.report == {
        "rows": 7,
        "accepted": 2,
        "duplicates": 1,
        "invalid": [{"row": 7, "reason": "not a number that a text can reach"}],
        "suppressed": 1,
        "cooldown": 0,
        "landline": 1,
        "no_basis": 1,
    }
    assert people_count(stage) == 2  # nobody who was turned away is kept
    assert stage.counts(made.campaign_id)["waiting"] == 2
    with stage.database.reading() as tx:
        rejected = lists.rejected(tx, made.campaign_id)
    assert [(row, kind, column) for row, kind, column, _ in rejected] == [
        (3, "suppressed", "number"), (4, "landline", "number"), (5, "no_basis", "basis"),
        (6, "duplicates", "number"), (7, "invalid", "number"),
    ]  # fmt: skip


def test_who_was_texted_without_an_answer_is_left_in_peace_for_180_days(stage: Stage) -> None:
    stage.run(f"{MARIA},en,opted_in", f"{LUZ},en,opted_in")
    assert stage.tick() == 2
    stage.clock.advance(timedelta(days=1))
    stage.they_write(LUZ)
    stage.clock.advance(timedelta(days=178))
    assert stage.load(f"{MARIA},en,opted_in", f"{LUZ},en,opted_in").report["cooldown"] == 1
    stage.clock.advance(timedelta(days=2))
    assert stage.load(f"{MARIA},en,opted_in").report["cooldown"] == 0


def test_the_carrier_is_asked_once_about_a_line(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def line_type(number: str) -> str:
        asked.append(number)
        return "mobile"

    monkeypatch.setattr(stage.carrier, "line_type", line_type)
    stage.load(f"{MARIA},en,opted_in", "x,en,opted_in", f"{DAN},en,none")
    stage.load(f"{MARIA},en,opted_in", f"{LUZ},en,opted_in")
    assert asked == [MARIA, LUZ]


def test_a_carrier_that_does_not_answer_leaves_the_line_unknown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def line_type(_number: str) -> str:
        raise SendError(20003, "refused", "not now")

    monkeypatch.setattr(stage.carrier, "line_type", line_type)
    assert stage.load(f"{MARIA},en,opted_in").report["accepted"] == 1
    with stage.database.reading() as tx:
        assert tx.conn.execute(select(people.people.c.line_type)).scalar_one() is None


def test_stop_while_the_carrier_is_asked_still_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def line_type(number: str) -> str:
        stage.they_stop(number)
        return "mobile"

    monkeypatch.setattr(stage.carrier, "line_type", line_type)
    report = stage.load(f"{MARIA},en,opted_in").report
    assert (report["accepted"], report["suppressed"]) == (0, 1)


def test_nothing_is_half_imported(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the machine stopped here")

    monkeypatch.setattr("bot.usecases.import_recipients.audit.record", broken)
    with pytest.raises(RuntimeError):
        stage.load(f"{MARIA},en,opted_in")
    assert people_count(stage) == 0
    with stage.database.reading() as tx:
        assert campaigns.every(tx) == []


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"name": " "}, "Give the campaign a name of at most 80 characters."),
        ({"name": "x" * 81}, "Give the campaign a name of at most 80 characters."),
        ({"key": "O4"}, "Choose one of the first texts, or up to four to be tried side by side."),
        ({"also": ("O1",)}, "Choose one of the first texts, or up to four to be tried side by side."),
        ({"needs": ()}, "Say what the people on the list may ask for: openings are counted by it."),
        ({"sender": ""}, "The sender is a staff first name or alias of at most 8 letters."),
        ({"sender": "Alejandro"}, "The sender is a staff first name or alias of at most 8 letters."),
        ({"sender": "555-0101"}, "The sender is a staff first name or alias of at most 8 letters."),
        ({"sender": "Mar\u00eda"}, TWICE_THE_COST),
        ({"window": (9, 19)}, "The hours must lie between 10 and 19, local time: they can be narrowed, not widened."),
        ({"window": (0, 0)}, "The hours must lie between 10 and 19, local time: they can be narrowed, not widened."),
        ({"area": "Atlantis"}, "There is no program in that area. Choose one of the directory's areas."),
        ({"key": "O2"}, "This text names the area: choose one."),
    ],
)  # fmt: skip
def test_a_campaign_that_could_not_be_sent_is_not_made(
    small_stage: Staged, wanted: dict[str, object], reason: str
) -> None:
    assert small_stage().try_load(f"{MARIA},en,opted_in", **wanted) == Refused(reason)


def test_a_file_that_is_no_list_is_refused_and_leaves_nothing(small_stage: Staged) -> None:
    stage = small_stage()
    made = import_recipients(
        stage.database, stage.services, data=b"PK\x03\x04...", wanted=Wanted("June"), author_id=stage.outreach
    )
    assert isinstance(made, Refused)
    with stage.database.reading() as tx:
        assert campaigns.every(tx) == []


def test_a_thousand_rows_and_everybody_keeps_their_own_row(stage: Stage) -> None:
    rows = [f"+1{area}55501{n:02d},en,opted_in" for area in range(201, 213) for n in range(100)]
    made = stage.load(*rows, area=AREA)
    assert isinstance(made, Imported)
    assert made.report["accepted"] + len(made.report["invalid"]) == len(rows)
    assert stage.counts(made.campaign_id)["waiting"] == made.report["accepted"] == people_count(stage)


def test_a_person_we_know_keeps_their_row_and_learns_the_line(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        known = people.find_or_add(tx, MARIA, "es")
    stage.load(f"{MARIA},en,opted_in")
    with stage.database.reading() as tx:
        again = people.find(tx, MARIA)
        line_type = tx.conn.execute(select(people.people.c.line_type)).scalar_one()
    assert again == known
    assert line_type == "mobile"
