"""Does every import go the way the design says, and does every file stay small? Walks the sources, imports nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 450
LONGEST_FUNCTION = 60

# Who may import whom, by room. A module belongs to the longest room its name begins with, and may always import
# its own room. `flows` is below all of `bot` and is named by each room that may see it.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "wsgi": frozenset({"bot.app"}),
    "worker": frozenset({"bot.app"}),
    "bot.run": frozenset({"bot.children", "bot.embedded", "bot.errors", "bot.log", "bot.settings", "bot.store",
                          "bot.usecases", "bot.adapters"}),
    "bot.app": frozenset({"bot.web", "bot.jobs", "bot.cli", "bot.usecases", "bot.adapters", "bot.store", "bot.rules",
                          "bot.ports", "bot.errors", "bot.settings", "bot.services", "bot.log", "bot.metrics",
                          "bot.script_files", "flows"}),
    "bot.web": frozenset({"bot.usecases", "bot.store", "bot.rules", "bot.ports", "bot.errors", "bot.services",
                          "bot.log", "bot.metrics", "bot.settings", "bot.simulator.control", "bot.script_files",
                          "flows"}),
    "bot.jobs": frozenset({"bot.usecases", "bot.store", "bot.ports", "bot.errors", "bot.services", "bot.log", "flows"}),
    "bot.cli": frozenset({"bot.usecases", "bot.store", "bot.rules", "bot.ports", "bot.errors", "bot.services",
                          "bot.settings", "bot.log", "bot.script_files", "bot.web.context", "flows"}),
    "bot.usecases": frozenset({"bot.store", "bot.rules", "bot.ports", "bot.errors", "bot.services", "bot.log",
                               "bot.metrics", "bot.settings", "flows"}),
    "bot.adapters": frozenset({"bot.ports", "bot.errors", "bot.settings", "bot.log", "bot.metrics"}),
    "bot.simulator": frozenset({"bot.errors", "bot.settings", "bot.log", "bot.rules.segments"}),
    "bot.store": frozenset({"bot.ports", "bot.errors", "bot.log", "bot.rules.segments", "bot.rules.freshness",
                            "bot.rules.learning", "bot.rules.forecast", "bot.rules.harm", "bot.rules.criteria",
                            "bot.rules.facets",
                            "bot.rules.continuum", "bot.rules.hsds_export", "bot.rules.hsds_terms",
                            "bot.rules.vetting", "bot.rules.visibility", "flows"}),
    "bot.services": frozenset({"bot.ports", "bot.rules.ladder", "bot.settings", "bot.store", "flows"}),
    "bot.metrics": frozenset({"bot.store"}),
    "bot.settings": frozenset({"bot.errors"}),
    "bot.script_files": frozenset({"bot.errors", "flows"}),
    "bot.rules": frozenset({"flows"}),
    "bot.ports": frozenset(),
    "bot.errors": frozenset(),
    "bot.log": frozenset(),
    "bot.children": frozenset(),
    "bot.embedded": frozenset(),
    "bot": frozenset(),
    "flows": frozenset(),
}  # fmt: skip

SOLE_IMPORTERS: dict[str, tuple[str, ...]] = {
    "transitions": ("flows.engine",),
    "twilio": ("bot.adapters.twilio", "bot.simulator"),  # the simulator signs with the SDK's own validator
    "pywebpush": ("bot.adapters.push",),
    "rq": ("bot.jobs", "bot.adapters", "worker"),
    "flask": ("bot.web", "bot.app", "bot.cli", "bot.simulator"),
    "os.environ": ("bot.settings", "bot.run"),  # bot.run composes the children's environment
}

NOT_IN_PURE_ROOMS = frozenset({"os", "random", "secrets", "time", "logging", "socket", "sqlalchemy", "redis",
                               "requests", "flask", "subprocess", "threading", "uuid"})  # fmt: skip
PURE_ROOMS = ("flows", "bot.rules")
CLOCKS = frozenset({("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")})

FUNCTION_IMPORTS_ALLOWED: frozenset[str] = frozenset()
"""Modules that may import inside a function. Each would need its reason beside it; none has one."""


@dataclass(frozen=True)
class Source:
    """One module: its dotted name and its text."""

    name: str
    text: str
    package: bool = False

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


def sources() -> list[Source]:
    files = [ROOT / "wsgi.py", ROOT / "worker.py", *(ROOT / "bot").rglob("*.py"), *(ROOT / "flows").rglob("*.py")]
    return [_source(path) for path in sorted(files)]


def _source(path: Path) -> Source:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    package = parts[-1] == "__init__"
    return Source(".".join(parts[:-1] if package else parts), path.read_text(encoding="utf-8"), package)


def imported(source: Source) -> Iterator[tuple[str, ast.stmt]]:
    """Every name an import statement brings in, dotted and absolute: `from bot.store import db` is `bot.store.db`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(source, node)
            for alias in node.names:
                yield f"{base}.{alias.name}", node


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = source.name.split(".")
    above = above[: len(above) - node.level + source.package]
    return ".".join([*above, *([node.module] if node.module else [])])


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(name: str) -> str:
    return max((room for room in MAY_IMPORT if within(name, room)), key=len, default="")


def wrong_ways(source: Source) -> list[str]:
    room = room_of(source.name)
    if not room:
        return [f"{source.name} stands in no room of the design"]
    allowed = MAY_IMPORT[room] | {room}
    return [
        f"{source.name}:{node.lineno} imports {name}"
        for name, node in imported(source)
        if name.split(".")[0] in ("bot", "flows", "wsgi", "worker", "tests", "bench")
        and not any(within(name, one) for one in allowed)
    ]


def trespassers(source: Source) -> list[str]:
    found = []
    names = {name for name, _ in imported(source)} | set(_reads_environment(source))
    for library, owners in SOLE_IMPORTERS.items():
        if any(within(name, library) for name in names) and not any(within(source.name, owner) for owner in owners):
            found.append(f"{source.name} uses {library}")
    return found


def _reads_environment(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "putenv" | "unsetenv"):
                yield "os.environ"


def imports_in_functions(source: Source) -> list[str]:
    if source.name in FUNCTION_IMPORTS_ALLOWED:
        return []
    return [
        f"{source.name}:{inner.lineno}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def impurities(source: Source) -> list[str]:
    """What a room without clock, dice, network, database or logging must not hold."""
    if not any(within(source.name, room) for room in PURE_ROOMS):
        return []
    found = [f"{source.name}:{node.lineno} imports {name}" for name, node in imported(source)
             if name.split(".")[0] in NOT_IN_PURE_ROOMS]  # fmt: skip
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id="print" | "input" | "open"):
                found.append(f"{source.name}:{node.lineno} calls {node.func.id}")
            case ast.Attribute(ast.Name(owner) | ast.Attribute(_, owner), attr) if (owner, attr) in CLOCKS:
                found.append(f"{source.name}:{node.lineno} calls {owner}.{attr}")
    return found


def too_long(source: Source) -> list[str]:
    if within(source.name, "bot.store.migrations"):
        return []  # a migration lists its tables once and is never edited again
    lines = source.text.count("\n")
    found = [f"{source.name} has {lines} lines"] if lines > LONGEST_FILE else []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                found.append(f"{source.name}.{node.name} has {length} lines")
    return found


def without_question(source: Source) -> list[str]:
    silent = source.text.strip() and not ast.get_docstring(source.tree)
    return [f"{source.name} does not say which question it answers"] if silent else []


RULES = (wrong_ways, trespassers, imports_in_functions, impurities, too_long, without_question)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_sources_keep_the_rule(rule: object) -> None:
    assert callable(rule)
    found = sources()
    assert len(found) > 20, "the walk no longer finds the sources"
    assert [line for source in found for line in rule(source)] == []


LONG_FUNCTION = '"""Q?"""\ndef f():\n' + "    x = 1\n" * LONGEST_FUNCTION

PLANTED = [
    (wrong_ways, "flows.engine", "from bot.store import db"),
    (wrong_ways, "bot.rules.hours", "from bot.store.db import Tx"),
    (wrong_ways, "bot.rules.hours", "import bot.settings"),
    (wrong_ways, "bot.store.people", "from bot.usecases import receive"),
    (wrong_ways, "bot.store.people", "from ..usecases import receive"),
    (wrong_ways, "bot.store.people", "from bot.rules import governor"),
    (wrong_ways, "bot.usecases.receive", "from bot.adapters.twilio import TwilioCarrier"),
    (wrong_ways, "bot.usecases.receive", "from bot.web import desk"),
    (wrong_ways, "bot.web.desk.pages", "from bot.adapters import pagers"),
    (wrong_ways, "bot.web.twilio", "from bot import app"),
    (wrong_ways, "bot.adapters.twilio", "from bot.store import db"),
    (wrong_ways, "wsgi", "from bot.settings import Settings"),
    (wrong_ways, "bot.app", "from tests import servers"),
    (trespassers, "bot.usecases.deliver", "import rq"),
    (trespassers, "bot.usecases.deliver", "from rq.job import Job"),
    (trespassers, "bot.store.db", "from twilio.rest import Client"),
    (trespassers, "bot.usecases.receive", "from flask import request"),
    (trespassers, "flows.script", "import transitions"),
    (trespassers, "bot.app", "import os\nx = os.environ['PORT']"),
    (trespassers, "bot.app", "from os import environ"),
    (trespassers, "bot.app", "import os\nx = os.getenv('PORT')"),
    (imports_in_functions, "bot.app", "def f():\n    if True:\n        import json"),
    (impurities, "flows.engine", "print('hello')"),
    (impurities, "flows.engine", "from datetime import datetime\ndatetime.now()"),
    (impurities, "bot.rules.hours", "import datetime\ndatetime.datetime.now(None)"),
    (impurities, "bot.rules.hours", "import random"),
    (impurities, "flows.script", "import logging"),
    (too_long, "bot.app", "x = 1\n" * (LONGEST_FILE + 1)),
    (too_long, "bot.app", LONG_FUNCTION),
    (without_question, "bot.app", "x = 1"),
]


@pytest.mark.parametrize(("rule", "name", "text"), PLANTED)
def test_a_planted_break_is_caught(rule: object, name: str, text: str) -> None:
    assert callable(rule)
    assert rule(Source(name, text))


ALLOWED = [
    ("bot.store.messages", "from bot.rules.segments import count_segments"),
    ("bot.rules.matching", "from flows.conversation import Conversation"),
    ("bot.web.simulator.pages", "from bot.simulator.control import Control"),
    ("bot.usecases.receive", "from flows import engine"),
    ("bot.store", "from . import db"),
]


@pytest.mark.parametrize(("name", "text"), ALLOWED)
def test_what_the_design_allows_is_allowed(name: str, text: str) -> None:
    assert wrong_ways(Source(name, text, package=name == "bot.store")) == []
