"""Does the engine hold in every state, and do the known traps of its library stay shut?

The traps are those of `reference/aesthetics.md` 5 and `reference/stack.md` 4, one test each.
"""

from __future__ import annotations

import copy
import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transitions import MachineError

from bot.script_files import documents, load_script
from flows import engine
from flows.actions import HandOff, Say, TellAdvocates, Withdraw
from flows.conversation import LANGUAGES, Conversation, Holder
from flows.cursor import Cursor
from flows.engine import EngineError, diagram, machine_of, step, triggers
from flows.events import HandOffOpened, MessageReceived, OpeningsFound
from flows.script import Script
from flows.structure import doubtful, wrong
from flows.transcript import happen

SCRIPT = load_script()
RESTING = [s.name for s in SCRIPT.states.values() if not s.passing and s.name != "stopped"]


def answer(conversation: Conversation, event: MessageReceived, script: Script, **world):  # type: ignore[no-untyped-def]
    """The conversation after a text and all that follows from it, and what was said."""
    after, done = happen(conversation, event, script, **world)
    return after, [a for a in done if isinstance(a, Say)]


def somewhere(state: str, **fields: object) -> Conversation:
    known = {"marks": ("limits",), "safe_now": True, "found": {"count": 2, "age_minutes": 40, "options": [
        {"program_id": "p", "traits": ["own_room"]}, {"program_id": "q", "traits": ["shared_room"]}],
        "area_guess": {"place": "San Antonio area", "zip3s": ["782"]}}}  # fmt: skip
    return Conversation(state=state, **{**known, **fields})  # type: ignore[arg-type]


# --- The table ----------------------------------------------------------------------------------------------------


def test_the_script_has_no_structural_fault() -> None:
    assert [*wrong(SCRIPT), *doubtful(SCRIPT)] == []


@pytest.mark.parametrize("state", RESTING)
def test_every_event_in_every_state_is_answered(state: str) -> None:
    for event in triggers():
        assert any(not row.guards for row in SCRIPT.rows[state, event]), f"{event!r} may vanish in {state!r}"


@pytest.mark.parametrize("state", RESTING)
@pytest.mark.parametrize("text", ["STOP", "stop texting me", "alto", "no mas"])
def test_stop_is_obeyed_in_every_state(state: str, text: str) -> None:
    turn = step(somewhere(state), MessageReceived(text), SCRIPT)
    assert turn.conversation.suppressed
    assert any(isinstance(a, Withdraw) for a in turn.actions)
    assert [a.key for a in turn.actions if isinstance(a, Say)] == ["X1"]


@pytest.mark.parametrize("state", RESTING)
@pytest.mark.parametrize(("text", "tier"),
                         [("PERSON", "P1"), ("persona", "P1"), ("he is hitting me", "P0"),
                          ("i want to kill myself", "P0"), ("i took like 20 ibuprofen", "P0")])  # fmt: skip
@pytest.mark.parametrize("gap", [False, True])
def test_a_person_is_reached_from_every_state(state: str, text: str, tier: str, gap: bool) -> None:
    turn = step(somewhere(state), MessageReceived(text, gap=gap), SCRIPT)
    assert [str(a.tier) for a in turn.actions if isinstance(a, HandOff)] == [tier]


@pytest.mark.parametrize("state", RESTING)
def test_later_goes_quiet_in_every_state(state: str) -> None:
    after, said = answer(somewhere(state), MessageReceived("later"), SCRIPT)
    assert after.state in ("paused", "stopped")
    assert [s.key for s in said] in (["P1"], [])


@pytest.mark.parametrize("state", [q.name for q in SCRIPT.questions])
@pytest.mark.parametrize(("language", "word"), [("en", "skip"), ("es", "pasar")])
def test_every_question_can_be_skipped(state: str, language: str, word: str) -> None:
    after, said = answer(somewhere(state, language=language), MessageReceived(word), SCRIPT)
    assert after.answers[SCRIPT.states[state].expects.slot] == "skipped"  # type: ignore[union-attr]
    assert after.state != state
    assert said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", [r for r, rule in SCRIPT.handoffs.items() if rule.crisis])
def test_with_nobody_on_shift_no_crisis_text_says_that_somebody_is_coming(reason: str, language: str) -> None:
    rule = SCRIPT.handoffs[reason]
    there = step(somewhere("need", language=language), HandOffOpened(reason, True, "Ana", 2), SCRIPT)
    alone = step(somewhere("need", language=language), HandOffOpened(reason, False), SCRIPT)
    assert [a.key for a in there.actions if isinstance(a, Say)] == list(rule.on)
    assert [a.key for a in alone.actions if isinstance(a, Say)] == list(rule.off)
    assert set(rule.on) - set(rule.off)


def test_a_question_is_one_block_and_two_texts() -> None:
    parts = _documents()
    parts["screen"]["question"].append(
        {
            "name": "hours",
            "say": "Q8",
            "slot": "hours",
            "parser": "choice",
            "options": ["day", "night"],
            "ask": "always",
        }
    )
    draft = {"when": "hours", "reviewed_by": "", "reviewed_on": ""}
    parts["copy"]["en"]["texts"]["Q8"] = {"text": "Day or night? 1 day 2 night", **draft}
    parts["copy"]["es"]["texts"]["Q8"] = {"text": "¿De noche? 1 de mañana 2 de noche", **draft}
    script = Script.parse(**parts)
    told = somewhere("age", answers={"urgency": "week", "need": ["bed"], "area": {"zip3": "782"}})
    after, said = answer(told, MessageReceived("2"), script)
    assert (after.state, said[-1].key) == ("hours", "Q8")
    after, said = answer(after, MessageReceived("2"), script)
    assert after.answers["hours"] == "night"


@pytest.mark.parametrize(
    ("break_it", "names"),
    [
        (lambda d: d["line"]["states"]["offer"]["rows"][0].update(to="nowhere"), "nowhere"),
        (lambda d: d["line"]["always"][0].update(handoff="nobody"), "nobody"),
        (lambda d: d["line"]["states"]["offer"].update(say="M99"), "M99"),
        (lambda d: d["line"]["states"]["offer"]["rows"][0].update({"if": ["full_moon"]}), "full_moon"),
        (lambda d: d["line"]["states"]["offer"]["rows"][0].update(colour="red"), "colour"),
        (lambda d: d["line"]["fallback"].pop("answer"), "answer"),
        (lambda d: d["line"]["states"].update(island={"about": "Nothing leads here."}), "island"),
        (lambda d: d["screen"]["question"][0].pop("slot"), "slot"),
    ],
)
def test_a_broken_script_is_refused_with_the_key_that_is_wrong(break_it, names) -> None:  # type: ignore[no-untyped-def]
    parts = _documents()
    break_it(parts)
    with pytest.raises(ValueError, match=names):
        Script.parse(**parts)


def _documents() -> dict:
    return copy.deepcopy(documents())


# --- What must hold whatever is texted ----------------------------------------------------------------------------

TEXTS = st.one_of(
    st.sampled_from(["1", "2", "3", "yes", "no", "skip", "person", "later", "stop", "START", "help", "who dis",
                     "782", "22",
                     "he is here", "kms", "im 15", "2 kids", "?", "", "hola", "ya", "para", "thanks", "A", "both",
                     "r u a bot", "how much", "мама", "delete it", "where is it", "after 10", "basta"]),
    st.text(max_size=40),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.booleans(), st.booleans()), min_size=1, max_size=14), st.sampled_from(LANGUAGES),
       st.integers(0, 2))  # fmt: skip
def test_any_sequence_of_texts_keeps_what_is_promised(texts, language: str, found: int) -> None:  # type: ignore[no-untyped-def]
    conversation, last, asked = Conversation(language=language), None, []
    openings = OpeningsFound(found, 10, (), frozenset({"household", "places", "musts"}))
    for text, gap, on_shift in texts:
        was_suppressed = conversation.suppressed
        after, said = answer(conversation, MessageReceived(text, gap=gap), SCRIPT, found=_left(openings, conversation),
                             on_shift=on_shift)  # fmt: skip
        assert after.state in SCRIPT.states
        assert not SCRIPT.states[after.state].passing, "a passing state was rested in"
        if was_suppressed and after.suppressed:
            assert said == [], "something was said to a number that said STOP"
        for say in said:
            SCRIPT.wording.render(say.key, say.language, {"BRAND": "Maple Help Desk", **say.fields})
            assert (say.key, say.language) != last or say.confirmation, f"{say.key} was said twice running"
            last = (say.key, say.language)
            asked += [say.key] if say.key in ("Q3", "Q5") else []
        if asked:
            assert "limits" in after.marks, "place or age was asked before the limits of privacy were told"
        conversation = after


def _left(found: OpeningsFound, conversation: Conversation) -> OpeningsFound:
    return dataclasses.replace(found, undecided=frozenset(found.undecided - set(conversation.answers)))


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.sampled_from(RESTING))
def test_a_turn_is_deterministic_and_changes_nothing_it_was_given(text: str, state: str) -> None:
    conversation = somewhere(state)
    before = dataclasses.asdict(conversation)
    assert step(conversation, MessageReceived(text), SCRIPT) == step(conversation, MessageReceived(text), SCRIPT)
    assert dataclasses.asdict(conversation) == before


@given(TEXTS)
def test_while_an_advocate_holds_it_the_bot_is_silent(text: str) -> None:
    turn = step(somewhere("waiting", held_by=Holder.ADVOCATE), MessageReceived(text), SCRIPT)
    said = [a for a in turn.actions if isinstance(a, Say)]
    assert all(a.confirmation for a in said)
    assert not any(isinstance(a, HandOff) for a in turn.actions)


def test_danger_while_an_advocate_holds_it_makes_the_queue_louder() -> None:
    turn = step(somewhere("waiting", held_by=Holder.ADVOCATE), MessageReceived("he found me"), SCRIPT)
    assert [(str(a.tier), a.reason) for a in turn.actions if isinstance(a, TellAdvocates)] == [("P0", "danger")]


# --- The traps of the library -------------------------------------------------------------------------------------


def test_an_event_no_row_takes_is_an_error_and_not_a_silence() -> None:
    """Trap 1: without a matching condition `trigger` only returns False."""
    cursor = Cursor(somewhere("offer", misses=1), MessageReceived("x"), _without(("offer", "unclear")))
    with pytest.raises(EngineError):
        engine._fire(cursor, "unclear")


def _without(key: tuple[str, str]) -> Script:
    rows = {k: (() if k == key else v) for k, v in SCRIPT.rows.items()}
    rows[key] = tuple(r for r in SCRIPT.rows[key] if r.guards)
    return dataclasses.replace(SCRIPT, rows=rows)


def test_no_callback_is_named_by_a_string() -> None:
    """Trap 2: a name is looked up only when it fires, after the state has moved."""
    for event in machine_of(SCRIPT).events.values():
        for transitions in event.transitions.values():
            for t in transitions:
                assert all(callable(f) for f in (*t.before, *t.after, *t.prepare, *(c.func for c in t.conditions)))


def test_a_turn_that_breaks_leaves_the_conversation_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap 3: an exception in a late callback leaves the model in the new state. Ours is a value nobody replaced."""
    conversation = somewhere("choices")
    monkeypatch.setattr(Cursor, "enter", _breaks)
    with pytest.raises(ZeroDivisionError):
        step(conversation, MessageReceived("yes"), SCRIPT)
    assert conversation == somewhere("choices")


def _breaks(*_: object) -> None:
    raise ZeroDivisionError


def test_no_trigger_is_hidden_by_a_method_and_stop_is_not_a_trigger() -> None:
    """Trap 4: a trigger named like a method of the model is skipped: a disabled opt-out."""
    events = machine_of(SCRIPT).events
    assert not {"stop", "stop_silent", "start", "wrong_number"} & set(events)
    cursor = Cursor(somewhere("offer"), MessageReceived("x"), SCRIPT)
    machine_of(SCRIPT).events["unclear"].trigger(cursor)
    assert "trigger" not in dir(cursor)
    assert not any(callable(getattr(cursor, f"is_{name}", None)) for name in SCRIPT.states)


def test_there_are_no_automatic_jumps() -> None:
    """Trap 5: auto_transitions would make a jump to every state."""
    assert not [name for name in machine_of(SCRIPT).events if name.startswith("to_")]


def test_a_state_that_this_script_does_not_know_leads_to_the_neutral_check() -> None:
    """Trap 6: restoring an unknown name is an error; a person must not pay for a changed script."""
    after, said = answer(somewhere("question_of_last_year"), MessageReceived("hello"), SCRIPT)
    assert (after.state, [s.key for s in said]) == ("resume", ["R1"])
    after, said = answer(after, MessageReceived("1"), SCRIPT)
    assert after.state == "urgency"


def test_no_conversation_is_kept_alive_by_the_machine() -> None:
    """Trap 7: a machine keeps every registered model. Ours registers none."""
    for _ in range(50):
        answer(somewhere("offer"), MessageReceived("1"), SCRIPT)
    assert machine_of(SCRIPT).models == []


def test_one_machine_serves_every_turn() -> None:
    assert machine_of(SCRIPT) is machine_of(SCRIPT)


def test_turns_in_many_threads_do_not_mix() -> None:
    """`queued=True` on a shared machine runs one thread's event on another's model (`stack.md` 4.2)."""
    states = RESTING * 8
    expected = [step(somewhere(s), MessageReceived("1"), SCRIPT) for s in states]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda s: step(somewhere(s), MessageReceived("1"), SCRIPT), states)) == expected


def test_an_impossible_event_is_an_error() -> None:
    cursor = Cursor(somewhere("searching"), MessageReceived("x"), SCRIPT)
    with pytest.raises(MachineError):
        machine_of(SCRIPT).events["yes"].trigger(cursor)


# --- The picture --------------------------------------------------------------------------------------------------


def test_the_diagram_shows_every_state() -> None:
    drawn = diagram(SCRIPT)
    reached_from_anywhere = {"stopped", "stop_check", "erase", "held", "lapsed", "feedback", "language"}
    for name in SCRIPT.states:
        assert name in drawn or name in reached_from_anywhere
