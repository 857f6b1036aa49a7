"""Is the script shown as a person meets it, and is what it says of each answer what the engine would do?"""

from __future__ import annotations

import copy

import pytest
from click.testing import CliRunner

from bot.cli.flows import flows
from bot.rules.wording import look
from bot.script_files import documents, load_script
from flows.actions import HandOff, Say
from flows.conversation import LANGUAGES, Conversation
from flows.engine import step
from flows.events import MessageReceived
from flows.parts import Guard
from flows.walk import WORKS_EVERYWHERE, Chapter, Stage, everywhere, uses, walk
from flows.wording import Review, Wording

SCRIPT = load_script()
STAGES = {stage.state.name: stage for stage in walk(SCRIPT)}


def leads(stage: Stage, value: str) -> list[str | None]:
    (found,) = [one for one in stage.answers if one.value == value]
    return [one.to or (one.row.handoff and f"! {one.row.handoff}") for one in found.outcomes]


def test_every_state_is_met_once() -> None:
    assert len(walk(SCRIPT)) == len(STAGES) == len(SCRIPT.states)


def test_the_order_is_the_way_of_a_conversation() -> None:
    order = list(STAGES)
    way = ["idle", "invited", "safe_now", "choices", "limits", "screen", "urgency", "need", "area", "age", "searching"]
    assert [name for name in order if name in way] == way
    assert order.index("just_looking") == order.index("urgency") + 1
    assert order.index("offer") < order.index("share") < order.index("no_match") < order.index("waiting")


def test_a_chapter_is_one_stretch_and_each_has_its_states() -> None:
    chapters = [stage.chapter for stage in walk(SCRIPT)]
    assert list(dict.fromkeys(chapters)) == list(Chapter)
    assert chapters == sorted(chapters, key=list(Chapter).index)
    assert STAGES["household"].chapter is Chapter.SCREEN
    assert STAGES["paused"].chapter is Chapter.ASIDE


def test_what_each_number_leads_to() -> None:
    assert leads(STAGES["urgency"], "now") == ["! danger"]
    assert leads(STAGES["urgency"], "tonight") == ["screen"]
    assert leads(STAGES["urgency"], "looking") == ["just_looking"]
    assert leads(STAGES["safe_now"], "person") == ["! human"]
    assert leads(STAGES["safe_now"], "not_now") == ["paused"]
    assert leads(STAGES["offer"], "more") == ["describe", "describe_one"]


NUMBERED = [
    (stage.state.name, one.number, one.value)
    for stage in walk(SCRIPT)
    if stage.state.say
    for one in stage.answers
    if not any(outcome.guards for outcome in one.outcomes)
]


@pytest.mark.parametrize(("state", "number", "value"), NUMBERED)
def test_the_engine_does_what_the_page_says_of_a_number(state: str, number: int, value: str) -> None:
    """Each numbered answer without conditions, sent as its number."""
    (answer,) = [one for one in STAGES[state].answers if one.value == value]
    (said,) = answer.outcomes
    before = Conversation(state=state, safe_now=True, marks=("limits",), flags=("unclear",))
    turn = step(before, MessageReceived(str(number)), SCRIPT)
    assert [a.reason for a in turn.actions if isinstance(a, HandOff)] == [r for r in (said.row.handoff,) if r]
    keys = [a.key for a in turn.actions if isinstance(a, Say)]
    assert keys[: len(said.row.say)] == list(said.row.say)
    if said.to and not SCRIPT.states[said.to].passing:
        assert turn.conversation.state == said.to


def test_what_always_works_has_an_answer_in_every_state_one_can_rest_in() -> None:
    for stage in STAGES.values():
        if not stage.state.passing:
            assert [one.event for one in stage.always] == list(WORKS_EVERYWHERE)
            assert all(one.outcomes for one in stage.always)


def test_no_row_is_shown_that_could_never_be_tried() -> None:
    for stage in STAGES.values():
        for one in (*stage.answers, *stage.others, *stage.always):
            assert all(outcome.guards for outcome in one.outcomes[:-1]), (stage.state.name, one.event)
    assert Guard("option", "more") not in STAGES["offer"].answers[1].outcomes[0].guards


def test_stop_comes_first_of_what_is_answered_everywhere() -> None:
    assert [one.event for one in everywhere(SCRIPT)][:3] == ["stop", "wrong_number", "start"]


def test_every_text_is_found_where_it_is_said() -> None:
    said = uses(SCRIPT)
    assert ("state", "safe_now") in {(one.kind, one.name) for one in said["C1"]}
    assert ("handoff", "danger") in {(one.kind, one.name) for one in said["D1"]}
    assert ("always", "stop") in {(one.kind, one.name) for one in said["X1"]}
    assert ("instead", "R2") in {(one.kind, one.name) for one in said["R2B"]}
    nowhere = {key for key in SCRIPT.wording.keys if key not in said}
    assert {key for key in nowhere if not key.startswith(("PU", "O", "RW", "WT"))} == {"H0", "PG1"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_and_every_state_is_on_paper(language: str) -> None:
    ran = CliRunner().invoke(flows, ["read", "--lang", language])
    assert ran.exit_code == 0, ran.output
    for name in STAGES:
        assert f"\n{name}: " in ran.output
    assert SCRIPT.wording.text("D1_OFF", language).text in ran.output
    assert "a draft]" in ran.output


def test_a_text_can_be_looked_at() -> None:
    seen = look(SCRIPT.wording.text("SH1", "en"))
    assert (seen.segments, seen.findings) == (1, ())
    assert 100 < seen.units <= 160
    assert look(SCRIPT.wording.text("SH1", "es")).level > 70


def test_a_sign_off_kept_elsewhere_counts_for_these_words_only() -> None:
    review = Review("R1", "es", SCRIPT.wording.text("R1", "es").fingerprint, "Marta", "2026-11-25", stands=True)
    signed = SCRIPT.wording.reviewed([review])
    assert signed.is_reviewed("R1", "es")
    assert (signed.text("R1", "es").reviewed_by, signed.text("R1", "es").reviewed_on) == ("Marta", "2026-11-25")
    assert not SCRIPT.wording.is_reviewed("R1", "es")
    assert not signed.is_reviewed("R1", "en")
    changed = copy.deepcopy(documents()["copy"])
    changed["es"]["texts"]["R1"]["text"] += " "
    assert not Wording.parse(changed).reviewed([review]).is_reviewed("R1", "es")


@pytest.mark.parametrize(
    ("answers", "en"),
    [
        ({}, ""),
        ({"urgency": "skipped", "age": "unknown", "code_word": "bluebird", "duress_word": "sparrow"}, ""),
        ({"urgency": "week", "need": ["bed", "legal"]}, "this week, a place to stay, legal help"),
        ({"area": {"place": "San Antonio area", "zip3s": ["782"]}, "age": "25up"}, "near San Antonio area, 25 or up"),
        ({"area": {"far": True}}, "far from here"),
        ({"household": {"kids": 2, "adult": True, "pregnant": True}}, "another adult, 2 kids, pregnant"),
        ({"hours": "day"}, None),  # a question nobody gave words to: a person reads it
        ({"musts": ["phone", "no_religion", "lgbtq", "wheelchair", "meds", "come_and_go", "language"]}, None),
    ],
)
def test_what_they_told_is_read_back_whole_or_by_a_person(answers: dict, en: str | None) -> None:
    said = SCRIPT.wording.told(answers, "en")
    assert said == en
    assert (SCRIPT.wording.told(answers, "es") is None) == (en is None)


def test_every_option_of_every_question_has_words_to_be_read_back_in() -> None:
    for question in SCRIPT.questions:
        expects = SCRIPT.states[question.name].expects
        assert expects is not None
        for option in expects.options if expects.parser in ("choice", "choices", "age") else ():
            for language in LANGUAGES:
                assert SCRIPT.wording.told({question.slot: option}, language), (question.slot, option)
