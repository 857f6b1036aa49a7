"""Is the README true? The picture of the states, the files it names, the commands it shows."""

from __future__ import annotations

import re
from pathlib import Path

from bot import cli
from bot.script_files import load_script
from flows.engine import diagram

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_of_the_states_is_current() -> None:
    """`python -m tests.test_readme` redraws it."""
    assert _drawn() in README


def test_every_file_it_names_is_there() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", README)
    in_tests = re.findall(r"`(tests/[\w/.]+\.py)`", README)
    for name in (*linked, *in_tests):
        assert (ROOT / name).exists(), name


def test_every_command_it_shows_is_there() -> None:
    known = {command.name for command in (*cli.WITHOUT_SETTINGS, *cli.WITH_SETTINGS)}
    shown = set(re.findall(r"flask --app wsgi (\w+)", README))
    assert shown
    assert shown <= known


def _drawn() -> str:
    return f"<!-- states -->\n```mermaid\n{diagram(load_script())}```\n<!-- /states -->"


if __name__ == "__main__":
    redrawn = re.sub(r"<!-- states -->.*<!-- /states -->", lambda _: _drawn(), README, flags=re.DOTALL)
    (ROOT / "README.md").write_text(redrawn, encoding="utf-8")
