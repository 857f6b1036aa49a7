"""What is a script made of? Rows, states, questions, hand-offs: checked values, and what can be wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

from flows.conversation import Tier
from flows.understanding import Expecting, Intent

ENGINE_EVENTS = (
    "gap", "door", "picture", "duress", "changed", "found", "late", "finished", "hello", "hold_held", "hold_lapsed",
    "hold_declined",
)  # fmt: skip
"""What can happen besides an intent. `handed`, `advance` and `return` have generated rows."""

OUTSIDE_THE_TABLE = {Intent.STOP, Intent.STOP_SILENT, Intent.START, Intent.WRONG_NUMBER}
"""Looked at before the table, so that no row can ever disable an opt-out."""

MESSAGE_EVENTS = (*(i.value for i in Intent if i not in OUTSIDE_THE_TABLE), "door", "picture", "duress", "changed")

DEEDS = frozenset(
    "withdraw release safe_hours code_word duress_word unshare erase forget close safe "
    "take_guess drop_guess choose back_to_screen".split()
)
PLAIN_GUARDS = frozenset(
    "filled safe_now short_time first_miss coded code_ok none_found two_options wants_feedback named_language "
    "told_nothing told_too_much".split()
)
NAMED_GUARDS = frozenset("mark flag noticed has answer guessed option undecided outcome door".split())
STATE_KEYS = frozenset("about say expects rows interlude passing check quiet as_unclear".split())
ROW_KEYS = frozenset("on if say to handoff tell do mark flag skip miss resume".split())


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the file and key it stands under, what it is, and what to do about it."""

    where: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class ScriptError(ValueError):
    """A flow file is wrong; says which file, which key, and why. `faults` are all that were found."""

    def __init__(self, why: str | Fault, *more: Fault) -> None:
        super().__init__(str(why))
        self.faults = (why, *more) if isinstance(why, Fault) else ()


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition of a row: `mark:limits`, `not safe_now`."""

    kind: str
    argument: str = ""
    wanted: bool = True

    def __str__(self) -> str:
        return f"{'' if self.wanted else 'not '}{self.kind}{f':{self.argument}' if self.argument else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """What one thing that happens leads to, in one state."""

    on: str
    guards: tuple[Guard, ...] = ()
    say: tuple[str, ...] = ()
    to: str | None = None
    handoff: str | None = None
    tell: Tier | None = None
    do: tuple[str, ...] = ()
    mark: str | None = None
    flag: str | None = None
    skip: bool = False
    miss: bool = False
    resume: str | None = None
    where: str = ""
    """The file and key it stands under, for people who look for it."""


@dataclass(frozen=True, slots=True)
class State:
    name: str
    about: str
    say: str | None
    expects: Expecting | None
    rows: tuple[Row, ...]
    interlude: bool = False
    passing: bool = False
    check: bool = False
    """It asks whether this is them and a good moment: its own answers are heard whatever the gap."""
    quiet: bool = False
    """Nothing is said here; whoever writes next may be somebody else."""
    as_unclear: frozenset[str] = frozenset()
    """What is not answered here, because somebody else may be asking."""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the screen. `adaptive`: asked only while its answer can still change what fits."""

    name: str
    slot: str
    adaptive: bool
    needs: str | None
    where: str = ""


@dataclass(frozen=True, slots=True)
class HandOffRule:
    """What the queue is told (tier) and what the person is told, by who is there."""

    reason: str
    tier: Tier
    urgent: Tier
    on: tuple[str, ...]
    off: tuple[str, ...]
    unplanned: tuple[str, ...]
    rest: str | None
    rest_off: str | None
    crisis: bool
