"""Can somebody who reads no Python read the whole script, and is a sign-off of these very words?"""

from __future__ import annotations

import copy

import pytest
from click.testing import CliRunner

from bot.cli.flows import flows
from bot.rules.wording import look
from bot.script_files import documents, load_script
from flows.conversation import LANGUAGES
from flows.walk import in_every_state, walk
from flows.wording import SignOff, Wording

SCRIPT = load_script()
STEPS = {step.state: step for step in walk(SCRIPT)}


def test_every_state_is_met_once_and_in_the_order_of_a_conversation() -> None:
    order = [step.state for step in walk(SCRIPT)]
    assert sorted(order) == sorted(name for name, state in SCRIPT.states.items() if not state.passing)
    met = [order.index(name) for name in ("idle", "safe_now", "choices", "limits", "urgency", "offer", "share")]
    assert met == sorted(met)


def test_a_step_shows_what_is_asked_and_where_each_answer_leads() -> None:
    step = STEPS["share"]
    assert (step.say, step.options) == ("SH1", ("yes", "no"))
    yes = next(way for way in step.ways if way.event == "yes")
    assert (yes.handoff, yes.to, yes.by_shift["on"]) == ("share", ("waiting", "waiting_off"), ("H1",))
    assert yes.where.startswith("line.toml:states.share.rows[")
    assert ("flag:minor",) in [way.conditions for way in STEPS["safe_now"].ways]
    assert {way.event for way in in_every_state(SCRIPT)} >= {"danger", "human", "help", "duress", "known"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_and_every_state_is_on_paper(language: str) -> None:
    ran = CliRunner().invoke(flows, ["read", "--lang", language])
    assert ran.exit_code == 0, ran.output
    for name in STEPS:
        assert f"\n{name}: " in ran.output
    assert SCRIPT.wording.text("D1_OFF", language).text in ran.output
    assert "a draft]" in ran.output


def test_a_text_can_be_looked_at() -> None:
    seen = look(SCRIPT.wording.text("SH1", "en"))
    assert (seen.segments, seen.findings) == (1, ())
    assert 100 < seen.units <= 160
    assert look(SCRIPT.wording.text("SH1", "es")).level > 70


def test_a_sign_off_kept_elsewhere_counts_for_these_words_only() -> None:
    text = SCRIPT.wording.text("R1", "es")
    signed = {("R1", "es", text.fingerprint): SignOff("Marta", "2026-11-25")}
    assert SCRIPT.wording.review("R1", "es", signed) == SignOff("Marta", "2026-11-25")
    assert SCRIPT.wording.is_reviewed("R1", "es", signed)
    assert not SCRIPT.wording.is_reviewed("R1", "es")
    assert not SCRIPT.wording.is_reviewed("R1", "en", signed)
    changed = copy.deepcopy(documents()["copy"])
    changed["es"]["texts"]["R1"]["text"] += " "
    assert not Wording.parse(changed).is_reviewed("R1", "es", signed)


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
