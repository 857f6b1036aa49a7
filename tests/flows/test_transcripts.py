"""Does every conversation go as its transcript says? The conversation is stored and loaded between all lines.

The lines are those of flows/transcript.py. UPDATE_TRANSCRIPTS=1 rewrites the answers; read the difference first.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.chat import chat
from bot.script_files import load_script
from bot.store import conversations
from bot.store.crypto import Keyring
from bot.store.db import Tx
from flows.actions import Say
from flows.conversation import Conversation
from flows.transcript import BadTranscript, play, said, turns
from tests.conftest import NOON_IN_CHICAGO

FOLDER = Path(__file__).parent / "transcripts"
SCRIPT = load_script()


def stored_and_loaded(conversation: Conversation) -> Conversation:
    tx = Tx(None, Keyring([b"k" * 32], "secret"), NOON_IN_CHICAGO)  # type: ignore[arg-type]
    sealed = conversations.seal_mind(tx, "c", conversation)
    return conversations.open_mind(
        tx, conversation_id="c", state=conversation.state, turn=conversation.turn, held_by=conversation.held_by.value,
        mind=sealed, suppressed=conversation.suppressed,
    )  # fmt: skip


def played(text: str) -> str:
    """Every placeholder of every text that is said can be filled, too."""
    out: list[str] = []
    for world, lines in turns(text, SCRIPT, between=stored_and_loaded):
        out += lines
        for action in world.done:
            if isinstance(action, Say):
                assert "  " not in said(action, SCRIPT)
                assert all(value != "" for value in action.fields.values()), (action, lines)
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.txt")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_conversation_goes_as_written(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    really = played(written)
    if os.environ.get("UPDATE_TRANSCRIPTS") == "1":
        path.write_text(really, encoding="utf-8")
        written = really
    assert really == written


def test_a_chat_that_was_saved_is_a_transcript(tmp_path: Path) -> None:
    saved = tmp_path / "chat.txt"
    typed = "hola\n1\n1\n1\nesta noche\n1\n782\n22\n1\npersona\n\n"
    ran = CliRunner().invoke(chat, ["--lang", "es", "--save", str(saved)], input=typed)
    assert ran.exit_code == 0
    assert "< Gracias por responder." in ran.output
    assert played(saved.read_text(encoding="utf-8")) == saved.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["hello", "> hi\n? what", "@ dance"])
def test_a_line_that_means_nothing_is_named(text: str) -> None:
    with pytest.raises(BadTranscript, match="line"):
        play(text, SCRIPT)
