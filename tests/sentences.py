"""Which sentences do the staff pages say, and where? Read from the sources, so that none can be forgotten.

.venv/bin/python -m tests.sentences       puts what is new into bot/web/languages/*.po, without a translation yet,
                                          and takes out what nobody says any more
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from bot.rules.continuum import KINDS, SPECIALISATIONS
from bot.rules.discreet import SAYS
from bot.rules.facets import RULES, Verdict
from bot.rules.lint import READY
from bot.rules.warm_transfer import Deed
from bot.web.desk.ready import FIRST
from bot.web.desk.words import plain
from flows.wording import Wording

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "bot" / "web" / "languages"
SPEAKS = ("account", "auth", "away", "desk", "base.html", "errors.html", "macros.html")
"""The templates that speak both languages so far; the others are English, and are drawn so."""
ONE = frozenset({"phrase", "phrases", "Refused", "say", "flash"})
"""What marks a sentence in Python, by its first argument; `counted` takes two."""

PUT_TOGETHER = (
    "handoff_next handoff_rescue handoff_transfer handoff_parked handoff_owned handoff_until_safe handoff_wrap_up "
    "promise_kept promise_let_go text_signed text_taken_back shift_planned shift_ended on_call_planned on_call_ended "
    "away_planned away_ended record_viewed record_taken record_verified"
).split()
"""Acts of the record whose name is made of two."""

Sentence = str | tuple[str, str]


def of_templates(names: tuple[str, ...] = SPEAKS) -> Iterator[tuple[Sentence, str]]:
    folder = ROOT / "bot" / "web" / "templates"
    for path in sorted(folder.rglob("*.html")):
        where = str(path.relative_to(folder))
        if not where.startswith(names):
            continue
        options = {"newstyle_gettext": "true", "trimmed": "true"}
        keywords = ("_", "gettext", "ngettext", "counted")
        with path.open("rb") as file:
            for line, function, found, _ in babel_extract(file, keywords, (), options):
                said = found if isinstance(found, tuple) else (found,)
                if not said or not isinstance(said[0], str):
                    continue  # a phrase, marked where it is made
                yield (said[0], said[1]) if function in ("ngettext", "counted") else said[0], f"{where}:{line}"


def of_python() -> Iterator[tuple[Sentence, str]]:
    for path in sorted((ROOT / "bot").rglob("*.py")):
        where = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name == "counted" and len(node.args) > 1:
                one, many = (_texts(argument) for argument in node.args[:2])
                yield from (((a, b), f"{where}:{node.lineno}") for a, b in zip(one, many, strict=True))
            elif name in ONE:
                found = _texts(node.args[0])
                if name != "Refused" or any(" " in text for text in found):  # a refusal of the rules is a code
                    yield from ((text, f"{where}:{node.lineno}") for text in found)


def glued() -> list[str]:
    """Sentences put together by an f-string, of which no other language can be made. The simulator is English."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "bot").rglob("*.py"))
        if "simulator" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ONE
        if any(isinstance(part, ast.JoinedStr) for argument in node.args[:1] for part in _choices(argument))
    ]


def _choices(node: ast.expr) -> list[ast.expr]:
    return [*_choices(node.body), *_choices(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def _texts(node: ast.expr) -> list[str]:
    """What is said: of a choice both sides, of a table its values."""
    match node:
        case ast.Constant(str(text)):
            return [text] if text else []
        case ast.IfExp(_, one, other):
            return _texts(one) + _texts(other)
        case ast.Dict(_, values) | ast.Tuple(values):
            return [text for value in values for text in _texts(value)]
        case ast.BinOp(left, ast.BitOr(), right):
            return _texts(left) + _texts(right)
    return []


def of_scripts() -> Iterator[tuple[Sentence, str]]:
    for path in sorted((ROOT / "bot" / "web" / "static").glob("*.js")):
        if path.name != "htmx.min.js":
            for said in re.findall(r'\bsay\("([^"]+)"', path.read_text(encoding="utf-8")):
                yield said, f"static/{path.name}:"


def of_tables() -> Iterator[tuple[Sentence, str]]:
    """What is said of codes (`words.plain`), of ready words and of words that betray: their tables are the source."""
    recorded = (
        act
        for path in sorted((ROOT / "bot").rglob("*.py"))
        for act in re.findall(r'\bact="([a-z_]+)"', path.read_text(encoding="utf-8"))
    )
    codes = (*recorded, *PUT_TOGETHER, *(f"warm_{deed.value}" for deed in Deed), *RULES, *SPECIALISATIONS, *KINDS,
             *(verdict.value for verdict in Verdict))  # fmt: skip
    yield from ((str(plain(code)), "bot/web/desk/words.py:plain") for code in codes)
    copy = Wording.parse(
        {name: tomllib.loads((ROOT / f"flows/copy/{name}.toml").read_text("utf-8")) for name in ("en", "es")}
    )
    for key in copy.keys:
        if key in (*FIRST, "S3", "R1") or READY.fullmatch(key):
            yield copy.text(key, "en").when, "flows/copy/en.toml:"
    betraying = tomllib.loads((ROOT / "bot/rules/discreet.toml").read_text("utf-8"))
    yield from (
        (said, "bot/rules/discreet.toml:") for said in (*SAYS.values(), *(one["says"] for one in betraying.values()))
    )


def all_of_them() -> dict[Sentence, list[str]]:
    found: dict[Sentence, list[str]] = {}
    for sentence, where in (*of_templates(), *of_python(), *of_scripts(), *of_tables()):
        found.setdefault(sentence, []).append(where)
    return found


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def renew(path: Path) -> tuple[int, int]:
    """How many sentences are new, and how many still wait for a translation."""
    old = catalogue(path)
    new = Catalog(locale=path.stem, charset="utf-8", fuzzy=False)
    new.header_comment, new.mime_headers = old.header_comment, old.mime_headers
    known = {message.id for message in old if message.id}
    for sentence, where in sorted(all_of_them().items(), key=lambda one: (one[1][0].rpartition(":")[0], str(one[0]))):
        kept = old.get(sentence[0] if isinstance(sentence, tuple) else sentence)
        said = kept.string if kept is not None and kept.id == sentence else ""
        new.add(sentence, said, locations=sorted({(place.rpartition(":")[0], None) for place in where}))
    with path.open("wb") as file:
        write_po(file, new, width=120, omit_header=False, sort_output=False)
    missing = [one for one in new if one.id and not (all(one.string) if one.pluralizable else one.string)]
    return len({message.id for message in new if message.id} - known), len(missing)


if __name__ == "__main__":
    for file in sorted(FOLDER.glob("*.po")):
        added, wanting = renew(file)
        print(f"{file.name}: {added} new, {wanting} without a translation")
