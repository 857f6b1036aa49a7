"""Has every reason for which somebody can wait its plain words? Collected from the flows and code that give them."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from bot.web.desk import words

ROOT = Path(__file__).parents[2]
LINE = tomllib.loads((ROOT / "flows" / "line.toml").read_text("utf-8"))
OPENERS = {"TellAdvocates": 1, "HandOff": 1}
"""Actions that put somebody before the advocates, and which argument is the reason."""
CRISES = {"danger", "suicide", "medical"}
"""What stands behind `intent.value` in flows/engine.py, the one place where a reason is not written out."""


def told_in_the_flow() -> Iterator[str]:
    rows = [*LINE["always"], *(row for state in LINE["states"].values() for row in state.get("rows", ()))]
    yield from (row.get("flag") or row["on"] for row in rows if "tell" in row)
    yield from (row["handoff"] for row in rows if "handoff" in row)
    yield from LINE["handoffs"]


def said_in_the_code() -> Iterator[str]:
    for folder in ("flows", "bot/usecases"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                given = [k.value for k in node.keywords if k.arg == "reason" and name == "open_handoff"]
                given += node.args[OPENERS[name] : OPENERS[name] + 1] if name in OPENERS else []
                yield from (str(one.value) for one in given if isinstance(one, ast.Constant))


def test_every_reason_has_its_words() -> None:
    reasons = {*told_in_the_flow(), *said_in_the_code(), *CRISES}
    assert reasons >= {"hold_call", "odd_sender", "stopped", "stopped_asks_help", "again", "erase", "unsafe"}
    assert reasons - set(words.REASONS) == set()


def test_a_reason_is_written_out_wherever_one_is_given() -> None:
    """What a variable holds cannot be collected: there is one such place, and it is a crisis."""
    engine = (ROOT / "flows" / "engine.py").read_text("utf-8")
    assert engine.count("TellAdvocates(Tier.P0, intent.value)") == 1
