"""Where do the flows, texts and word lists lie? Reads flows/ once; the flows themselves read nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from flows.conversation import LANGUAGES
from flows.script import Script, ScriptError

FLOWS = Path(__file__).resolve().parent.parent / "flows"


def load_script(folder: Path = FLOWS) -> Script:
    """The checked script. Raises ScriptError with one line that names the file and what is wrong in it."""
    word_lists = {name: _read(folder / "lexicon" / f"{name}.toml") for name in (*LANGUAGES, "places")}
    try:
        return Script.parse(
            line=_read(folder / "line.toml"),
            screen=_read(folder / "screen.toml"),
            copy={language: _read(folder / "copy" / f"{language}.toml") for language in LANGUAGES},
            lexicon=word_lists,
        )
    except ScriptError:
        raise
    except (KeyError, ValueError) as error:
        raise ScriptError(f"flows: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path.name}: {error}") from error
