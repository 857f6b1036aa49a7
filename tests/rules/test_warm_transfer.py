"""Does the machine of a warm transfer lead everybody somewhere, and let go of nobody too early?"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.warm_transfer import (
    LEADS_ON,
    OPEN,
    SAYS,
    TELLS,
    WHO_ACTS,
    WITHIN,
    Deed,
    State,
    deeds_of,
    hears,
    move,
)

ENDS = [state for state in State if state not in OPEN]


@pytest.mark.parametrize(
    ("deeds", "to"),
    [
        ("program_yes ask_person person_chose start person_ok program_ok", State.DONE),
        ("program_yes ask_person person_chose start program_ok person_ok", State.DONE),
        ("program_yes person_chose start program_ok", State.TOGETHER),
        ("program_yes person_chose start dropped", State.READY),
        ("program_no", State.REFUSED),
        ("program_yes ask_person person_chose start program_no", State.REFUSED),
        ("program_silent", State.NO_ANSWER),
        ("program_yes ask_person person_chose program_silent", State.NO_ANSWER),
        ("program_yes ask_person person_no", State.NOT_WANTED),
        ("program_yes person_chose start person_no", State.NOT_WANTED),
        ("program_yes ask_person withdraw", State.WITHDRAWN),
    ],
)
def test_the_ways_it_goes(deeds: str, to: State) -> None:
    assert _play(deeds.split()) == to


def _play(deeds: list[str]) -> State | None:
    state: State | None = State.TO_CALL
    said: set[Deed] = set()
    for name in deeds:
        deed = Deed(name)
        assert state is not None
        said = set() if deed is Deed.DROPPED else said | {deed}
        state = move(state, deed, person_ok=Deed.PERSON_OK in said, program_ok=Deed.PROGRAM_OK in said)
    return state


@pytest.mark.parametrize("deed", [Deed.ASK_PERSON, Deed.PERSON_CHOSE, Deed.START, Deed.PERSON_OK, Deed.PROGRAM_OK])
def test_the_program_is_spoken_with_before_anything_else(deed: Deed) -> None:
    assert move(State.TO_CALL, deed, person_ok=True, program_ok=True) is None


@pytest.mark.parametrize(("person_ok", "program_ok"), list(itertools.product([False, True], repeat=2)))
def test_it_is_done_only_on_the_line_and_only_when_both_say_so(person_ok: bool, program_ok: bool) -> None:
    for state, deed in itertools.product(State, Deed):
        if move(state, deed, person_ok=person_ok, program_ok=program_ok) is State.DONE:
            assert (state, person_ok, program_ok) == (State.TOGETHER, True, True)
            assert deed in (Deed.PERSON_OK, Deed.PROGRAM_OK)


@pytest.mark.parametrize("state", OPEN)
def test_what_is_open_has_a_clock_somebody_who_acts_and_a_way_out_for_each_side(state: State) -> None:
    assert WITHIN[state].total_seconds() > 0
    assert state in WHO_ACTS
    assert {Deed.PROGRAM_NO, Deed.WITHDRAW} <= set(deeds_of(state))
    assert state is State.TO_CALL or Deed.PERSON_NO in deeds_of(state)


@pytest.mark.parametrize("state", ENDS)
def test_what_has_ended_stays_ended(state: State) -> None:
    assert deeds_of(state) == ()
    assert state not in WITHIN


@given(st.lists(st.sampled_from(list(Deed)), max_size=14))
def test_whatever_is_pressed_it_is_somewhere_that_is_known(deeds: list[Deed]) -> None:
    state = State.TO_CALL
    for deed in deeds:
        to = move(state, deed, person_ok=True, program_ok=True)
        assert (to is not None) == (deed in deeds_of(state))
        state = to or state
    assert state in (*OPEN, *ENDS)


def test_a_refusal_and_silence_lead_on_and_a_no_of_the_persons_does_not() -> None:
    assert frozenset({State.REFUSED, State.NO_ANSWER}) == LEADS_ON
    assert all(SAYS[deed] for deed in (Deed.PROGRAM_NO, Deed.PROGRAM_SILENT, Deed.ASK_PERSON, Deed.START))


def test_the_line_tells_more_than_the_call_and_both_need_a_yes() -> None:
    assert {Deed.START: frozenset({"voice"})} == TELLS


def test_the_owner_hears_first_and_then_the_leads_too() -> None:
    assert [hears(step) for step in range(3)] == [("owner",), ("owner", "lead"), ("owner", "lead")]
