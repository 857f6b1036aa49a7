"""Where does a warm transfer stand, who acts next and by when, what is told to whom? Pure (`domain.md` 3.10).

The advocate talks to the program first, the program says yes, the person is asked how they want to talk, all three are
on the line, and the advocate leaves only when both sides say so. A refusal or no answer leads on to the next place; a
no of the person's leaves everything as it was, with whoever has them. A number sent alone is no state of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class State(StrEnum):
    TO_CALL = "to_call"
    """The advocate asks the program: is there room, does it fit?"""
    AGREED = "agreed"
    """The program said yes. The person is to be asked how they want to talk."""
    ASKED = "asked"
    """The person was asked, and answers when they can."""
    READY = "ready"
    """They chose a way. The advocate brings the two together."""
    TOGETHER = "together"
    """All three are on the line."""
    DONE = "done"
    """Both sides said so: the other side has them."""
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    NOT_WANTED = "not_wanted"
    """The person does not want this one, or not now."""
    WITHDRAWN = "withdrawn"
    """The release it stood on ended, or the program is no longer one we send anybody to."""


class Deed(StrEnum):
    """In the order in which they are offered: on the way first, off it last."""

    PROGRAM_YES = "program_yes"
    ASK_PERSON = "ask_person"
    PERSON_CHOSE = "person_chose"
    START = "start"
    PERSON_OK = "person_ok"
    PROGRAM_OK = "program_ok"
    DROPPED = "dropped"
    """The line broke before both said so: it is begun again, from where they had chosen."""
    PROGRAM_NO = "program_no"
    PROGRAM_SILENT = "program_silent"
    PERSON_NO = "person_no"
    WITHDRAW = "withdraw"


OPEN = (State.TO_CALL, State.AGREED, State.ASKED, State.READY, State.TOGETHER)
LEADS_ON = frozenset({State.REFUSED, State.NO_ANSWER})
"""Ends after which the next place is called: nobody is left with a refusal."""

_MOVES: Mapping[Deed, Mapping[State, State]] = {
    Deed.PROGRAM_YES: {State.TO_CALL: State.AGREED},
    Deed.PROGRAM_NO: dict.fromkeys(OPEN, State.REFUSED),
    Deed.PROGRAM_SILENT: {State.TO_CALL: State.NO_ANSWER, State.READY: State.NO_ANSWER},
    Deed.ASK_PERSON: {State.AGREED: State.ASKED},
    Deed.PERSON_CHOSE: {State.AGREED: State.READY, State.ASKED: State.READY},
    Deed.PERSON_NO: dict.fromkeys((State.AGREED, State.ASKED, State.READY, State.TOGETHER), State.NOT_WANTED),
    Deed.START: {State.READY: State.TOGETHER},
    Deed.DROPPED: {State.TOGETHER: State.READY},
    Deed.PERSON_OK: {State.TOGETHER: State.TOGETHER},
    Deed.PROGRAM_OK: {State.TOGETHER: State.TOGETHER},
    Deed.WITHDRAW: dict.fromkeys(OPEN, State.WITHDRAWN),
}

WITHIN: Mapping[State, timedelta] = {
    State.TO_CALL: timedelta(minutes=30),
    State.AGREED: timedelta(minutes=15),
    State.ASKED: timedelta(hours=2),
    State.READY: timedelta(minutes=30),
    State.TOGETHER: timedelta(minutes=45),
}
"""In each open state, by when the next deed is due; then its owner is called, then the leads, until there is one."""
AGAIN_AFTER = timedelta(minutes=15)

WHO_ACTS: Mapping[State, str] = {
    State.TO_CALL: "advocate",
    State.AGREED: "advocate",
    State.ASKED: "person",
    State.READY: "advocate",
    State.TOGETHER: "both",
}
SAYS: Mapping[Deed, str] = {
    Deed.ASK_PERSON: "WT1", Deed.START: "WT2", Deed.PROGRAM_NO: "WT3", Deed.PROGRAM_SILENT: "WT3",
}  # fmt: skip
"""The text the person may be sent at a deed; none of them has room for the name of a place. When nothing is left to
call, WT4 stands in for WT3."""
NOTHING_LEFT = "WT4"
TELLS: Mapping[Deed, frozenset[str]] = {Deed.START: frozenset({"voice"})}
"""What a deed tells the program of the person, beside what asking for a place tells: they hear each other."""
WAYS = ("text", "call")


def move(state: State, deed: Deed, *, person_ok: bool = False, program_ok: bool = False) -> State | None:
    """Where a deed leads; None when it has no place here. `person_ok` and `program_ok`: who has said so by now, the
    deed itself counted."""
    to = _MOVES[deed].get(state)
    if to is State.TOGETHER and deed in (Deed.PERSON_OK, Deed.PROGRAM_OK) and person_ok and program_ok:
        return State.DONE
    return to


def deeds_of(state: State) -> tuple[Deed, ...]:
    """What can be done now, in the order in which it usually is; nothing, once it has ended."""
    return tuple(deed for deed in Deed if state in _MOVES[deed])


def hears(step: int) -> tuple[str, ...]:
    """Who is called when a deed is late, for the first time (0), and for ever after."""
    return ("owner",) if step == 0 else ("owner", "lead")
