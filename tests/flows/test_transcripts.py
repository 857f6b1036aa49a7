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
from click.testing import CliRunner

from bot.cli.chat import DEMO_OPENINGS, chat, happen, said, transcript
from bot.script_files import load_script
from bot.store import conversations
from bot.store.crypto import Keyring
from bot.store.db import Tx
from flows.actions import Say
from flows.conversation import Conversation
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
from tests.conftest import NOON_IN_CHICAGO

FOLDER = Path(__file__).parent / "transcripts"
SCRIPT = load_script()
TWO = DEMO_OPENINGS.options


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
        left = frozenset(q for q in self.undecided if q not in self.conversation.answers)
        self.conversation, done = happen(
            _stored_and_loaded(self.conversation),
            event,
            SCRIPT,
            found=OpeningsFound(self.count, 40, self.options, left),
            on_shift=self.on_shift,
            when=self.when,
        )
        for action in done:
            if isinstance(action, Say):
                said(action, SCRIPT)  # every placeholder can be filled
        return [*transcript(done), f"= {self.conversation.state}"]


def _stored_and_loaded(conversation: Conversation) -> Conversation:
    tx = Tx(None, Keyring([b"k" * 32], "secret"), NOON_IN_CHICAGO)  # type: ignore[arg-type]
    sealed = conversations.seal_mind(tx, "c", conversation)
    return conversations.open_mind(
        tx, conversation_id="c", state=conversation.state, turn=conversation.turn, held_by=conversation.held_by.value,
        mind=sealed, suppressed=conversation.suppressed,
    )  # fmt: skip


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


def test_a_chat_that_was_saved_is_a_transcript(tmp_path: Path) -> None:
    saved = tmp_path / "chat.txt"
    typed = "hola\n1\n1\n1\nesta noche\n1\n782\n22\n1\npersona\n\n"
    ran = CliRunner().invoke(chat, ["--lang", "es", "--save", str(saved)], input=typed)
    assert ran.exit_code == 0
    assert "< Gracias por responder." in ran.output
    assert play(saved.read_text(encoding="utf-8")) == saved.read_text(encoding="utf-8")


def test_there_are_transcripts_in_both_languages() -> None:
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")]
    assert sum("# lang es" in text for text in texts) >= 3
    assert sum("# lang es" not in text for text in texts) >= 10
