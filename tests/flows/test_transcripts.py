"""Does every conversation go as its transcript says? The conversation is stored and loaded between all lines.

`>` the person texts · `<` a text by its key · `=` the state · `!` an action the shell must carry out ·
`~` a silence of so many minutes · `#` settings: `lang es`, `off` (nobody on shift), `when at 8 am Monday`, `found 0`,
`undecided household,musts`, `one` (one place) · `@` another event: `invited O1`, `claimed`, `finished returned`,
`late`, `hold held`. UPDATE_TRANSCRIPTS=1 rewrites the answers; read the difference before keeping it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.script_files import load_script
from bot.store import conversations
from bot.store.crypto import Keyring
from bot.store.db import Tx
from flows.actions import Action, FindOpenings, HandOff, Say
from flows.conversation import Conversation
from flows.engine import step
from flows.events import (
    AdvocateClaimed,
    AdvocateFinished,
    Event,
    HandOffOpened,
    HoldAnswered,
    Invited,
    MessageReceived,
    OpeningsFound,
    Option,
    PromiseLate,
)
from tests.conftest import NOON_IN_CHICAGO

FOLDER = Path(__file__).parent / "transcripts"
SCRIPT = load_script()
TWO = (Option("p1", ("own_room", "kids_ok", "keep_phone")), Option("p2", ("shared_room", "tonight")))


@dataclass
class World:
    """What the shell would answer, set by the `#` lines."""

    conversation: Conversation = field(default_factory=Conversation)
    on_shift: bool = True
    when: str = ""
    count: int = 2
    options: tuple[Option, ...] = TWO
    undecided: frozenset[str] = frozenset()
    gap: bool = False

    def set(self, line: str) -> None:
        name, _, value = line.partition(" ")
        match name:
            case "lang":
                self.conversation = replace(self.conversation, language=value)
            case "off" | "on":
                self.on_shift = name == "on"
            case "when":
                self.when = value
            case "found":
                self.count, self.options = int(value), TWO[: int(value)]
            case "undecided":
                self.undecided = frozenset(value.split(",")) if value else frozenset()
            case _:
                pass  # a remark for the reader

    def happen(self, event: Event) -> list[str]:
        lines, coming = [], [event]
        while coming:
            turn = step(_stored_and_loaded(self.conversation), coming.pop(0), SCRIPT)
            self.conversation = turn.conversation
            for action in turn.actions:
                coming += self.answer(action)
                lines.append(_line(action))
        return [line for line in lines if line] + [f"= {self.conversation.state}"]

    def answer(self, action: Action) -> list[Event]:
        match action:
            case FindOpenings(answers):
                left = frozenset(q for q in self.undecided if q not in answers)
                return [OpeningsFound(self.count, 40, self.options, left)]
            case HandOff(reason=reason):
                return [HandOffOpened(reason, self.on_shift, "Ana" if self.on_shift else "", 10, self.when)]
            case _:
                return []


def _stored_and_loaded(conversation: Conversation) -> Conversation:
    tx = Tx(None, Keyring([b"k" * 32], "secret"), NOON_IN_CHICAGO)  # type: ignore[arg-type]
    sealed = conversations.seal_mind(tx, "c", conversation)
    return conversations.open_mind(
        tx, conversation_id="c", state=conversation.state, turn=conversation.turn, held_by=conversation.held_by.value,
        mind=sealed, suppressed=conversation.suppressed,
    )  # fmt: skip


def _line(action: Action) -> str:
    match action:
        case Say():
            SCRIPT.wording.render(action.key, action.language, {"BRAND": "Maple Help Desk", **action.fields})
            return f"< {action.key}" + ("" if action.language == "en" else f" {action.language}")
        case HandOff(tier, reason):
            return f"! {tier} {reason}"
        case FindOpenings():
            return ""
        case _:
            name = type(action).__name__
            tier = f" {action.tier} {action.reason}" if hasattr(action, "tier") else ""
            return f"! {name}{tier}"


def _event(line: str, gap: bool) -> Event:
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
        case "hold":
            return HoldAnswered(value, 4, "Ana")
        case "picture":
            return MessageReceived("", media=1, gap=gap)
        case "carrier":
            return MessageReceived(value, opt_out=value)
    raise ValueError(line)


def play(text: str) -> str:
    """The transcript as it really goes: the person's lines kept, the answers as they come."""
    world, out = World(), []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        match mark:
            case "#":
                world.set(rest)
                out.append(line)
            case "~":
                world.gap = int(rest.split()[0]) >= 15
                out.append(line)
            case ">":
                out += [line, *world.happen(MessageReceived(rest, gap=world.gap))]
                world.gap = False
            case "@":
                out += [line, *world.happen(_event(rest, world.gap))]
                world.gap = False
            case "":
                out.append(line)
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda p: p.stem)
def test_the_conversation_goes_as_written(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    played = play(written)
    if os.environ.get("UPDATE_TRANSCRIPTS") == "1":
        path.write_text(played, encoding="utf-8")
        written = played
    assert played == written


def test_there_are_transcripts_in_both_languages() -> None:
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")]
    assert sum("# lang es" in text for text in texts) >= 3
    assert sum("# lang es" not in text for text in texts) >= 10
