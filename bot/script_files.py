"""Where do the flows, texts and word lists lie? Reads flows/ once; the flows themselves read nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from flows.conversation import LANGUAGES
from flows.script import Script, ScriptError

FLOWS = Path(__file__).resolve().parent.parent / "flows"

FILES = {
    "line": "line.toml",
    "screen": "screen.toml",
    "moves": "moves.toml",
    **{f"copy.{name}": f"copy/{name}.toml" for name in LANGUAGES},
    **{f"lexicon.{name}": f"lexicon/{name}.toml" for name in (*LANGUAGES, "places")},
}
"""Every file of the flows, by the document it is."""


def load_script(folder: Path = FLOWS) -> Script:
    """The checked script. Raises ScriptError with one line that names the file and what is wrong in it."""
    try:
        return Script.parse(**documents(folder))
    except ScriptError:
        raise
    except (KeyError, ValueError) as error:
        raise ScriptError(f"flows: {error}") from error


def documents(folder: Path = FLOWS) -> dict[str, Any]:
    """The parsed files, as `Script.parse` takes them."""
    return gathered({name: _read(folder / path) for name, path in FILES.items()})


def gathered(parsed: dict[str, Any]) -> dict[str, Any]:
    """`copy.en` and `copy.es` become `copy` of both."""
    made: dict[str, Any] = {}
    for name, document in parsed.items():
        kind, _, part = name.partition(".")
        if part:
            made.setdefault(kind, {})[part] = document
        else:
            made[kind] = document
    return made


def sources(folder: Path = FLOWS) -> dict[str, str]:
    """The text of every file, by its path inside the folder. A file that cannot be read is empty."""
    return {path: _text(folder / path) for path in FILES.values()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path.name}: {error}") from error
