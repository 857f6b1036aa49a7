"""What is wrong in the flow files, all of it in one run, each with its file and line and what to do? Given their texts.

Structure is judged by flows/structure.py, words by bot/rules/wording.py, word lists by their parser; a file that is
broken in one place is mended in memory there, so that the rest of it can still be looked at.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.rules.wording import PROVIDER, check, numbered_answers
from flows.conversation import LANGUAGES
from flows.draft import Draft
from flows.parts import Fault
from flows.positions import line_of, positions
from flows.script import Script
from flows.structure import doubtful, wrong
from flows.understanding import Lexicon
from flows.versions import Moves
from flows.wording import Wording

SAID_ELSEWHERE = frozenset({"X1", "X2", "N1", "R2", "H0", "PG1", "WT1", "WT2", "WT3", "WT4"})
"""Texts that the engine says itself (STOP, START, a miss), an advocate's own (the first line, the steps of a warm
transfer), and the call to staff."""
CAMPAIGN = re.compile(r"O\d")
READY = re.compile(r"RW\d+")
"""Ready words of an advocate, from a list at the desk."""

ADVICE = {
    "T-1": "Shorten it: one segment is 160 characters with every placeholder at its widest.",
    "T-2": "Write around the letters outside GSM-7 (á í ó ú, curly quotes, long dashes); never drop an accent.",
    "T-3": "Say it in words that tell a stranger nothing; this may be read before it is known to be safe.",
    "T-4": "Take out the name, street, link or number: a person tells the way.",
    "T-5": "Ask one thing; split the text or drop a question.",
    "T-6": "Name STOP (ALTO) in a first text.",
    "T-7": "Use shorter words and shorter sentences.",
    "T-8": "Say it calmly: no why, no blame, no orders, no exclamation marks, no promise of safety.",
    "T-9": "Say that it is a computer, and never that it is a person.",
    "E11": "Move the word beyond the first 40 characters: they show on a locked screen.",
    "never": "A bot does not ask this; leave it to a person.",
    "placeholders": "Use the same placeholders in both languages.",
    "options": "Number the same answers in both languages.",
}
_MOST_MENDS = 200


@dataclass(frozen=True, slots=True)
class Finding:
    path: str
    line: int
    key: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"flows/{self.path}:{self.line}: {self.key}: {self.what}. {self.do}".rstrip()


def lint(texts: Mapping[str, str], brand: str | None = None) -> list[Finding]:
    """Every finding, in the order of files and lines. `texts` are the files by their path inside flows/."""
    parsed: dict[str, dict[str, Any]] = {}
    found: list[Finding] = []
    for path, text in texts.items():
        try:
            parsed[path] = _toml(text)
        except tomllib.TOMLDecodeError as error:
            found.append(_syntax(path, error))
    if missing := _missing(texts, parsed):
        return [*found, *missing]
    faults = _faults(parsed, brand)
    lines = {path: positions(texts[path]) for path in {_path(fault) for fault in faults} & set(texts)}
    found += [_placed(fault, lines) for fault in faults]
    return sorted(dict.fromkeys(found), key=lambda one: (one.path, one.line, one.what))


@lru_cache(maxsize=32)
def _toml(text: str) -> dict[str, Any]:
    """Whoever mends a file looks again and again, and the other files are the same. Nobody changes what comes back."""
    return tomllib.loads(text)


def _syntax(path: str, error: tomllib.TOMLDecodeError) -> Finding:
    at = re.search(r"line (\d+)", str(error))
    line = int(at[1]) if at else 1
    return Finding(path, line, "TOML", str(error), "Mend the line; the rest is looked at after that.")


def _missing(texts: Mapping[str, str], parsed: Mapping[str, Any]) -> list[Finding]:
    """Without these nothing more can be said; the others are judged all the same once they can be read."""
    return [
        Finding(path, 1, "file", "this file is missing or empty", "Put it back.")
        for path in texts
        if path in parsed and not parsed[path] and path != "moves.toml"
    ] + [Finding(path, 1, "file", "nothing else was looked at", "Mend the file first.") for path in texts
         if path not in parsed][:1]  # fmt: skip


def _placed(fault: Fault, lines: Mapping[str, dict[str, int]]) -> Finding:
    path, key = _path(fault), fault.where.partition(":")[2]
    return Finding(path, line_of(lines.get(path, {}), key), key or "file", fault.what, fault.do)


def _path(fault: Fault) -> str:
    return fault.where.partition(":")[0]


def _faults(parsed: Mapping[str, dict[str, Any]], brand: str | None) -> list[Fault]:
    line, screen = parsed["line.toml"], parsed["screen.toml"]
    copies = {name: parsed[f"copy/{name}.toml"] for name in LANGUAGES}
    lists = {name: parsed[f"lexicon/{name}.toml"] for name in (*LANGUAGES, "places")}
    faults: list[Fault] = []
    wording, mended = _mended(copies, Wording.parse, _wording_fault, _mend_text, faults)
    lexicon, _ = _mended(lists, Lexicon.parse, _lexicon_fault, _mend_list, faults)
    draft = Draft.read(line, screen)
    faults += draft.faults
    if wording is None or lexicon is None:
        return faults
    script = Script.assemble(draft, line, wording, lexicon, Moves.parse(parsed["moves.toml"]), "")
    faults += [*wrong(script), *doubtful(script), *_texts_no_row_says(script), *_numbers(script)]
    faults += [fault for fault in _wording(wording, brand) if fault.where not in mended]
    return [*faults, *_collisions(lists)]


# --- Mending: one fault is told, and taken out of the way of the next ------------------------------------------------


def _mended(documents: Any, parse: Callable[[Any], Any], told: Callable[[str], Fault],
            mend: Callable[[Any, Fault], bool], faults: list[Fault]) -> tuple[Any, set[str]]:  # fmt: skip
    mended: set[str] = set()
    for _ in range(_MOST_MENDS):
        try:
            return parse(documents), mended
        except ValueError as error:
            fault = told(str(error))
            faults.append(fault)
            documents = documents if mended else copy.deepcopy(documents)
            mended.add(fault.where)
            if not mend(documents, fault):
                break
    return None, mended


def _wording_fault(message: str) -> Fault:
    found = re.match(r"(\w+): (?:unknown entry )?(?:\[(\w+)\]|([\w.'-]+))", message)
    language, key = (found[1], found[2] or found[3]) if found else ("en", "texts")
    return Fault(f"copy/{language}.toml:{key.rstrip('.')}", message.partition(": ")[2],
                 "Both copy files need every entry, each with text, when, reviewed_by and reviewed_on.")  # fmt: skip


def _mend_text(documents: Any, fault: Fault) -> bool:
    """A harmless entry in its place, in every language; nothing more is said of that one."""
    path, _, key = fault.where.partition(":")
    table, _, name = key.partition(".")
    language = path.removeprefix("copy/").removesuffix(".toml")
    if not name or not isinstance(documents.get(language, {}).get(table), dict):
        return False
    if table == "texts":
        name = re.sub(r"\.(text|when|reviewed_by|reviewed_on)$", "", name)
        for one in LANGUAGES:
            documents[one]["texts"][name] = {"text": "OK", "when": "", "reviewed_by": "", "reviewed_on": ""}
        return True
    other = next(documents[one].get(table, {}) for one in LANGUAGES if one != language)
    if name in other and documents[language][table].get(name) != other[name]:
        documents[language][table][name] = other[name]
        return True
    return documents[language][table].pop(name, None) is not None


def _lexicon_fault(message: str) -> Fault:
    found = re.match(r"(lexicon/\w+\.toml):(.*?): (.*)", message, re.DOTALL)
    if not found:
        return Fault("lexicon/en.toml:", message, "")
    return Fault(f"{found[1]}:{found[2]}", found[3], "The head of the file says how an entry is written.")


def _mend_list(documents: Any, fault: Fault) -> bool:
    path, _, key = fault.where.partition(":")
    table = documents.get(path.removeprefix("lexicon/").removesuffix(".toml"))
    parts = re.findall(r"[^.\[\]]+", key)
    for part in parts[:-1]:
        if not isinstance(table, dict):
            return False
        table = table.get(part, {})
    return isinstance(table, dict) and bool(parts) and table.pop(parts[-1], None) is not None


# --- What only the whole of it shows ---------------------------------------------------------------------------------


def _wording(wording: Wording, brand: str | None) -> Iterator[Fault]:
    for one in check(wording, brand):
        key = f"texts.{one.key}.text" if one.key in wording.keys else one.key
        yield Fault(f"copy/{one.language or 'en'}.toml:{key}", f"{one.rule}: {one.detail}", ADVICE.get(one.rule, ""))


def _texts_no_row_says(script: Script) -> Iterator[Fault]:
    said = {key for rows in script.rows.values() for row in rows for key in row.say}
    said |= {state.say for state in script.states.values() if state.say}
    said |= {key for rule in script.handoffs.values() for key in (*rule.on, *rule.off, *rule.unplanned)}
    said |= {instead for key, instead in script.instead.items() if key in said or key in SAID_ELSEWHERE}
    for key in script.wording.keys:
        if key not in said | SAID_ELSEWHERE and not any(
            one.fullmatch(key) for one in (PROVIDER, CAMPAIGN, READY)
        ):
            yield Fault(f"copy/en.toml:texts.{key}", "no row says this text", "Let a row say it, or take it out.")


def _numbers(script: Script) -> Iterator[Fault]:
    """What a text numbers from 1 up must be as many as its state reads."""
    for state in script.states.values():
        if not state.say or state.say not in script.wording.keys or not state.expects or not state.expects.options:
            continue
        for language in LANGUAGES:
            shown = numbered_answers(script.wording.text(state.say, language).text)
            if shown and shown != len(state.expects.options):
                yield Fault(f"copy/{language}.toml:texts.{state.say}.text",
                            f"numbers {shown} answers, but {state.name} reads {len(state.expects.options)}",
                            "Number each option of the flow file once, in its order.")  # fmt: skip


def _collisions(lists: Mapping[str, Mapping[str, Any]]) -> Iterator[Fault]:
    """An entry that is, in all its forms, a look-alike of its own section never counts."""
    for language in LANGUAGES:
        for section, table in lists[language].items():
            if not isinstance(table, dict):
                continue
            spared = [_spots(entry) for entry in _entries(table, "unless")]
            for kind in ("words", "phrases"):
                for at, entry in enumerate(_entries(table, kind)):
                    if any(_covers(look_alike, _spots(entry)) for look_alike in spared):
                        yield Fault(f"lexicon/{language}.toml:{section}.{kind}[{at}]",
                                    f"{entry!r} is a look-alike of its own section and never counts",
                                    "Take it out of the one list or the other.")  # fmt: skip


def _spots(entry: str) -> list[set[str]]:
    """For each word of a phrase, what may stand there, as it is written."""
    return [set(word.split("|")) for word in entry.split()]


def _covers(look_alike: list[set[str]], phrase: list[set[str]]) -> bool:
    return len(look_alike) == len(phrase) and all(b <= a for a, b in zip(look_alike, phrase, strict=True))


def _entries(table: Mapping[str, Any], kind: str) -> list[str]:
    entries = table.get(kind, [])
    return [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []
