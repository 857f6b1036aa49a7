"""What holds whatever is texted and whatever happens? Any sequence of texts, silences and events, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.script_files import load_script
from flows.actions import Action, FindOpenings, HandOff, Say, TellAdvocates, Withdraw
from flows.conversation import LANGUAGES, Conversation, Flag, Holder
from flows.engine import BEFORE_ANYTHING, HEARD_WITHOUT_A_CODE_WORD, step, understand
from flows.events import (
    AdvocateClaimed,
    AdvocateFinished,
    Event,
    HoldAnswered,
    Invited,
    MessageReceived,
    OpeningsFound,
    Option,
    PromiseLate,
)
from flows.script import Script
from flows.transcript import happen, said

SCRIPT: Script = load_script()
QUESTIONS = {SCRIPT.states[q.name].say: q.slot for q in SCRIPT.questions}
CHECKS = {"R1", "R1B", "S3"}
CRISIS = ("he hit me", "kms", "i cant breathe", "me pego", "ya no quiero vivir", "no puedo respirar")

TEXTS = st.one_of(
    st.sampled_from(
        ["1", "2", "3", "4", "1 5", "yes", "no", "skip", "pasar", "person", "persona", "later", "luego", "help",
         "ayuda",
         "who dis", "qv?", "782", "22", "im 15", "tengo 15", "my foster mom", "2 kids", "hola", "ya", "done", "basta",
         "thanks", "A", "both", "r u a bot", "how much", "delete it", "where is it", "what do you know about me",
         "are you the police", "my pimp has my id", "bluebird", "sparrow", "spanish please", "in english", "asdf qwer",
         "stop texting me", "START", "dont share my info with them", "мне нужна помощь", "", *CRISIS]
    ),
    st.text(max_size=30),
)  # fmt: skip
MESSAGES = st.builds(MessageReceived, text=TEXTS, gap=st.booleans(), media=st.integers(0, 1))
EVENTS = st.one_of(
    MESSAGES,
    MESSAGES,
    MESSAGES,
    st.just(PromiseLate("Ana", 7)),
    st.just(AdvocateClaimed()),
    st.builds(AdvocateFinished, outcome=st.sampled_from(["returned", "referred"]), feedback=st.booleans()),
    st.builds(HoldAnswered, state=st.sampled_from(["held", "lapsed", "declined"]), hours=st.just(4),
              advocate=st.just("Ana")),
)  # fmt: skip
STARTS = st.sampled_from([None, "O1"])


def texts(done: list[Action]) -> list[Say]:
    return [action for action in done if isinstance(action, Say)]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(EVENTS, st.booleans()), min_size=1, max_size=16), st.sampled_from(LANGUAGES), STARTS,
       st.integers(0, 2))  # fmt: skip
def test_every_promise_of_the_conversation_is_kept(steps, language, opener, count) -> None:  # type: ignore[no-untyped-def]
    here = Conversation(language=language, answers={"code_word": "bluebird", "duress_word": "sparrow"} if count else {})
    if opener:
        here = step(here, Invited(opener), SCRIPT).conversation
    options = tuple(Option(name, ("own_room",)) for name in "pq"[:count])
    last = None
    for event, on_shift in steps:
        left = frozenset({"household", "places", "musts"} - set(here.answers))
        after, done = happen(here, event, SCRIPT, found=OpeningsFound(count, 10, options, left), on_shift=on_shift)
        last = _one_turn(here, event, after, done, last)
        here = after


def _one_turn(before: Conversation, event: Event, after: Conversation, done: list[Action],
              last: tuple[str, str] | None) -> tuple[str, str] | None:  # fmt: skip
    state = SCRIPT.states[after.state]
    assert not state.passing
    for say in texts(done):
        assert "  " not in said(say, SCRIPT)
        assert (say.key, say.language) != last or say.confirmation, f"{say.key} twice running"
        last = (say.key, say.language)
        if slot := QUESTIONS.get(say.key):
            assert slot not in after.answers, f"{say.key} asks for what was told"
        if say.key in ("Q3", "Q5"):
            assert "limits" in after.marks, "place or age before the limits of privacy"
    if before.suppressed and after.suppressed:
        assert texts(done) == []
    if before.held_by is Holder.ADVOCATE and not isinstance(event, AdvocateFinished):
        assert all(say.confirmation for say in texts(done))
    if not isinstance(event, MessageReceived) and SCRIPT.states[before.state].quiet:
        assert isinstance(event, AdvocateFinished) or texts(done) == [], "something was said into quiet"
    _minors(after, done)
    if isinstance(event, MessageReceived):
        _silence(before, event, done)
        _crisis(before, event, done)
    return last


def _minors(after: Conversation, done: list[Action]) -> None:
    """Said so, or signs and no age told: no search, and no place is told of (E14)."""
    age = after.answers.get("age")
    if age == "under18" or (Flag.MINOR in after.flags and age not in ("18-24", "25up")):
        assert not [a for a in done if isinstance(a, FindOpenings) or (isinstance(a, Say) and a.key in ("M1", "M2"))]


def _silence(before: Conversation, event: MessageReceived, done: list[Action]) -> None:
    """After a gap only the neutral check, unless it is about safety or answers a check."""
    if not event.gap or before.suppressed or before.held_by is Holder.ADVOCATE or before.state in BEFORE_ANYTHING:
        return
    reading = understand(before, event.text, SCRIPT)
    state = SCRIPT.states[before.state]
    if reading.intent.value in HEARD_WITHOUT_A_CODE_WORD | {"stop", "stop_silent", "wrong_number"} or state.check:
        return
    assert {say.key for say in texts(done)} <= CHECKS


def _crisis(before: Conversation, event: MessageReceived, done: list[Action]) -> None:
    if event.text in CRISIS:
        told = [a for a in done if isinstance(a, HandOff | TellAdvocates)]
        assert "P0" in {str(a.tier) for a in told}, "a crisis that nobody was told of"


RESTING = [s.name for s in SCRIPT.states.values() if not s.passing and s.name != "stopped"]
FOUND = {"count": 2, "age_minutes": 40, "options": [{"program_id": name, "traits": []} for name in "pq"],
         "area_guess": {"place": "San Antonio area", "zip3s": ["782"]}}  # fmt: skip


def somewhere(state: str, language: str, *, safe: bool, coded: bool) -> Conversation:
    words = {"code_word": "bluebird", "duress_word": "sparrow"} if coded else {}
    return Conversation(state=state, language=language, safe_now=safe, marks=("limits",), found=FOUND, answers=words)


WORDS = {
    "en": {"stop": "stop texting me", "human": "person", "later": "later", "help": "help", "danger": "he hit me"},
    "es": {"stop": "ya no me escribas", "human": "persona", "later": "luego", "help": "ayuda", "danger": "me pego"},
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", RESTING)
def test_the_way_out_is_in_reach_everywhere(state: str, language: str) -> None:
    for safe in (True, False):
        for coded in (True, False):
            here = somewhere(state, language, safe=safe, coded=coded)
            words = WORDS[language]
            done = {name: happen(here, MessageReceived(text), SCRIPT) for name, text in words.items()}
            assert any(isinstance(a, Withdraw) for a in done["stop"][1])
            assert any(isinstance(a, HandOff) for a in done["human"][1])
            assert any(isinstance(a, HandOff) for a in done["help"][1])
            assert [a.tier for a in done["danger"][1] if isinstance(a, HandOff)] == ["P0"]
            assert SCRIPT.states[done["later"][0].state].quiet or done["later"][0].state == "stopped"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", RESTING)
def test_two_misunderstandings_in_a_row_reach_a_person(state: str, language: str) -> None:
    here, told = somewhere(state, language, safe=True, coded=False), []
    for text in ("asdf qwer", "zxcv uiop", "qwty hgfd", "asdf qwer"):
        here, done = happen(here, MessageReceived(text), SCRIPT)
        told += [a for a in done if isinstance(a, HandOff | TellAdvocates)]
        if SCRIPT.states[here.state].quiet:
            break  # a wrong code word: nobody is asked anything more
    assert told


@pytest.mark.parametrize("state", RESTING)
def test_the_second_word_is_silent_outside_and_loud_inside(state: str) -> None:
    here = somewhere(state, "en", safe=True, coded=True)
    _, done = happen(here, MessageReceived("sparrow"), SCRIPT)
    assert ("P0", "duress") in [(str(a.tier), a.reason) for a in done if isinstance(a, TellAdvocates)]
    assert {say.key for say in texts(done)} <= {"G1", "S3"}
    wrong = happen(replace(here, state="code_check"), MessageReceived("hummingbird"), SCRIPT)[1]
    right = happen(replace(here, state="code_check"), MessageReceived("sparrow"), SCRIPT)[1]
    assert texts(wrong) == texts(right)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RESTING), EVENTS, st.sampled_from(LANGUAGES), st.booleans())
def test_a_decision_is_total_and_the_same_every_time(state: str, event: Event, language: str, safe: bool) -> None:
    here = somewhere(state, language, safe=safe, coded=not safe)
    assert step(here, event, SCRIPT) == step(here, event, SCRIPT)
