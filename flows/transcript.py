"""How does a written conversation go? Plays the lines of a transcript through the engine and writes what comes back.

`>` the person texts · `<` a text by its key · `=` the state · `!` an action the shell must carry out ·
`~` a silence of so many minutes · `#` the world: `lang es`, `off` and `on` (nobody, somebody on shift),
`when at 8 am Monday`, `found 0`, `undecided household,musts`, `state offer`; any other `#` is a remark ·
`@` another event: `invited O1`, `claimed`, `finished returned`, `late`, `hello`, `hold held`, `picture`,
`carrier STOP`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from flows.actions import Action, FindOpenings, HandOff, Say
from flows.conversation import Conversation
from flows.engine import step
from flows.events import (
    AdvocateClaimed,
    AdvocateFinished,
    Event,
    HandOffOpened,
    Hello,
    HoldAnswered,
    Invited,
    MessageReceived,
    OpeningsFound,
    Option,
    PromiseLate,
)
from flows.script import Script

BRAND = "Maple Help Desk"
DEMO_OPTIONS = (Option("p1", ("own_room", "kids_ok", "keep_phone")), Option("p2", ("shared_room", "tonight")))
DEMO_OPENINGS = OpeningsFound(2, 40, DEMO_OPTIONS)
"""What a search finds here: there is no directory."""
LONGEST_ROUND = 12
GAP_MINUTES = 15


class BadTranscript(ValueError):
    """A line that is none of the kinds above; names the line."""


@dataclass
class World:
    """What the shell would answer, set by the `#` lines, and the conversation as it stands."""

    script: Script
    conversation: Conversation = field(default_factory=Conversation)
    on_shift: bool = True
    when: str = ""
    found: OpeningsFound = DEMO_OPENINGS
    undecided: frozenset[str] = frozenset()
    gap: bool = False
    done: list[Action] = field(default_factory=list)
    """What the last event led to."""
    rows: list[str] = field(default_factory=list)
    """The file and key of each row that it took, in order."""

    def set(self, line: str) -> None:
        name, _, value = line.partition(" ")
        match name:
            case "lang":
                self.conversation = replace(self.conversation, language=value)
            case "state":
                self.conversation = replace(self.conversation, state=value)
            case "off" | "on":
                self.on_shift = name == "on"
            case "when":
                self.when = value
            case "found":
                self.found = replace(DEMO_OPENINGS, count=int(value), options=DEMO_OPTIONS[: int(value)])
            case "undecided":
                self.undecided = frozenset(value.split(",")) if value else frozenset()
            case _:
                pass  # a remark for the reader

    def happen(self, event: Event) -> list[str]:
        """Apply an event and all that follows from it; the lines that say what came of it."""
        left = frozenset(slot for slot in self.undecided if slot not in self.conversation.answers)
        self.rows = []
        self.conversation, self.done = happen(
            self.conversation,
            event,
            self.script,
            found=replace(self.found, undecided=left),
            on_shift=self.on_shift,
            when=self.when,
            rows=self.rows,
        )
        self.gap = False
        return [*lines_of(self.done), f"= {self.conversation.state}"]


def play(text: str, script: Script, *, between: Callable[[Conversation], Conversation] = lambda c: c) -> list[str]:
    """The transcript as it really goes: the person's lines kept, the answers as they come. `between` is done to the
    conversation before each event: a test stores and loads it."""
    return [line for _, lines in turns(text, script, between=between) for line in lines]


def turns(text: str, script: Script, *, between: Callable[[Conversation], Conversation] = lambda c: c
          ) -> Iterator[tuple[World, list[str]]]:  # fmt: skip
    """One after another: the world after a line that matters, and that line with what came of it."""
    world = World(script)
    for number, line in enumerate(text.splitlines(), 1):
        mark, _, rest = line.partition(" ")
        world.done, world.rows = [], []
        match mark:
            case "#":
                world.set(rest)
                yield world, [line]
            case "~":
                world.gap = int(rest.split()[0]) >= GAP_MINUTES
                yield world, [line]
            case ">" | "@":
                event = MessageReceived(rest, gap=world.gap) if mark == ">" else _event(rest, world.gap, number)
                world.conversation = between(world.conversation)
                yield world, [line, *world.happen(event)]
            case "":
                yield world, [line]
            case "<" | "=" | "!":
                pass  # what is written is the answer of an earlier day
            case _:
                raise BadTranscript(f"line {number}: {line[:40]!r} begins with none of > @ # ~ < = !")


def _event(line: str, gap: bool, number: int) -> Event:
    name, _, value = line.partition(" ")
    match name:
        case "invited":
            return Invited(value)
        case "claimed":
            return AdvocateClaimed()
        case "finished":
            return AdvocateFinished(value.removesuffix(" feedback"), feedback=value.endswith(" feedback"))
        case "late":
            return PromiseLate("Ana", 7)
        case "hello":
            return Hello("Ana")
        case "hold":
            return HoldAnswered(value, 4, "Ana")
        case "picture":
            return MessageReceived("", media=1, gap=gap)
        case "carrier":
            return MessageReceived(value, opt_out=value)
        case _:
            raise BadTranscript(f"line {number}: nothing is called {name!r}")


def happen(conversation: Conversation, event: Event, script: Script, *, found: OpeningsFound = DEMO_OPENINGS,
           on_shift: bool = True, when: str = "", rows: list[str] | None = None
           ) -> tuple[Conversation, list[Action]]:  # fmt: skip
    """One event and all that follows from it, with the search and the queue answered from what is given. `rows` gathers
    the file and key of each row that was taken."""
    done: list[Action] = []
    coming: list[Event] = [event]
    for _ in range(LONGEST_ROUND):
        turn = step(conversation, coming.pop(0), script)
        conversation = turn.conversation
        done += turn.actions
        if rows is not None:
            rows += turn.rows
        for action in turn.actions:
            coming += _answered(action, found, on_shift=on_shift, when=when)
        if not coming:
            return conversation, done
    raise RuntimeError(f"the script went round in circles in state {conversation.state!r}")


def said(say: Say, script: Script) -> str:
    """The words of one text, as the phone would show them."""
    return script.wording.render(say.key, say.language, {"BRAND": BRAND, **say.fields})


def _answered(action: Action, found: OpeningsFound, *, on_shift: bool, when: str) -> list[Event]:
    match action:
        case FindOpenings():
            return [found]
        case HandOff(reason=reason) if on_shift:
            return [HandOffOpened(reason, on_shift=True, advocate="Ana", minutes=10)]
        case HandOff(reason=reason):
            return [HandOffOpened(reason, on_shift=False, when=when)]
        case _:
            return []


def lines_of(done: list[Action]) -> list[str]:
    """The lines of a transcript: `<` a text by its key, `!` what the shell must carry out."""
    return [line for action in done if (line := _line(action))]


def _line(action: Action) -> str:
    match action:
        case Say(key, language):
            return f"< {key}" + ("" if language == "en" else f" {language}")
        case HandOff(tier, reason):
            return f"! {tier} {reason}"
        case FindOpenings():
            return ""
        case _:
            told = f" {action.tier} {action.reason}" if hasattr(action, "tier") else ""
            return f"! {type(action).__name__}{told}"
