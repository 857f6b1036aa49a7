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
from flows.cursor import Cursor
from flows.parts import Row
from flows.structure import every_row
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


def test_a_chat_ends_quietly_where_what_is_typed_ends(tmp_path: Path) -> None:
    saved = tmp_path / "chat.txt"
    ran = CliRunner().invoke(chat, ["--save", str(saved)], input="hi\n1\n")
    assert (ran.exit_code, "Abort" in ran.output) == (0, False)
    assert [line for line in saved.read_text(encoding="utf-8").splitlines() if line.startswith(">")] == ["> hi", "> 1"]


@pytest.mark.parametrize("text", ["hello", "> hi\n? what", "@ dance"])
def test_a_line_that_means_nothing_is_named(text: str) -> None:
    with pytest.raises(BadTranscript, match="line"):
        play(text, SCRIPT)


# --- Every branch, in both languages ------------------------------------------------------------------------------

ONE_LANGUAGE_ONLY = {
    "en": {"spanish_decides_by_itself"},
    "es": {"alto", "para", "stop_meant", "the_work_door", "todo_el_camino", "ya_in_spanish"},
}
"""About words or a door that only one of the two has."""


def outline(path: Path) -> list[str]:
    """What happened and what was said, without the words and the language."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removesuffix(" es") for line in lines if line[:1] in ("<", "=", "!", "@", "~")]


def test_every_transcript_has_a_twin() -> None:
    names = {language: {path.stem for path in (FOLDER / language).glob("*.txt")} for language in ("en", "es")}
    assert names["en"] - names["es"] == ONE_LANGUAGE_ONLY["en"]
    assert names["es"] - names["en"] == ONE_LANGUAGE_ONLY["es"]


@pytest.mark.parametrize("path", sorted((FOLDER / "en").glob("*.txt")), ids=lambda p: p.stem)
def test_a_twin_goes_the_same_way(path: Path) -> None:
    if path.stem not in ONE_LANGUAGE_ONLY["en"]:
        assert outline(FOLDER / "es" / path.name) == outline(path)


def test_every_row_fires_and_every_text_is_said_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    fired: set[str] = set()
    carry_out = Cursor.carry_out

    def seen(cursor: Cursor, row: Row) -> None:
        fired.add(row.where)
        carry_out(cursor, row)

    monkeypatch.setattr(Cursor, "carry_out", seen)
    for language in ("en", "es"):
        fired.clear()
        said_here: set[str] = set()
        for path in (FOLDER / language).glob("*.txt"):
            for world, _ in turns(path.read_text(encoding="utf-8"), SCRIPT):
                said_here |= {action.key for action in world.done if isinstance(action, Say)}
        silent = [f"{r.where}: {r.on} {_conditions(r)}" for r in every_row(SCRIPT)
                  if r.where not in fired]  # fmt: skip
        assert not silent, f"no {language} transcript takes these rows"
        unsaid = {key for key in SCRIPT.wording.keys if key not in said_here and not _said_by_others(key)}
        assert not unsaid, f"no {language} transcript says these"


def _conditions(row: Row) -> str:
    return ", ".join(f"{'' if g.wanted else 'not '}{g.kind}{':' if g.argument else ''}{g.argument}" for g in row.guards)


def _said_by_others(key: str) -> bool:
    """To providers, by campaigns, by an advocate, or to staff who are called."""
    return key.startswith(("PU", "RW", "WT")) or key in ("O1", "O2", "O3", "O4", "O6", "H0", "PG1")
