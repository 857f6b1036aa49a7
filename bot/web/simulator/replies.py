"""What could somebody answer to the text that just came? Ready-made answers for the simulated phones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.store.directory import ReporterPhone

Quick = tuple[tuple[str, str], ...]
"""What to send, and what it means."""

STARTERS: Quick = (
    ("Hi", "Hi"),
    ("i need a place to stay tonight", "i need a place to stay tonight"),
    ("Hola", "Hola"),
    ("necesito un lugar para esta noche", "necesito un lugar para esta noche"),
)
"""First texts, for a phone that has said nothing."""

_OPTION = re.compile(r"(?<!\S)(\d) ([^.?!]{2,40}?)(?=\s*(?:[.?!]|\s\d |$))")
_NAMED = re.compile(r"(\w+): (\d)\.")
_SINGLE = re.compile(r"(?:[Rr]eply|[Rr]esponde|Text|Manda) (\d)\b")
_FIGURES = re.compile(r"\b(?:digits|cifras)\b")
_LETTER = re.compile(r"\b([AB]): ")
_KEYWORD = re.compile(r"\b(?:SKIP|PASAR|PERSON|PERSONA|LATER|LUEGO|FAR|LEJOS|BOTH|AMBOS|NO|START)\b")
"""Words a text offers. STOP is not among them: it is too near the others for a thumb, and ends the play."""
_MISSED = re.compile(r"SKIP, or PERSON|PASAR o PERSONA")
_EXAMPLES = (
    (re.compile(r"What city or ZIP"), ("78201", "Houston")),
    (re.compile(r"ciudad o ZIP"), ("78201", "Houston")),
    (re.compile(r"Pick a code word"), ("sunflower",)),
    (re.compile(r"palabra clave"), ("girasol",)),
)
"""Questions that are answered in one's own words, and an answer to try."""

_HOLD = re.compile(r"\b(?:Y|N|IN|NO|CALL) [2-9][A-Z]{2}(?: FULL| FIT| LLENO| NO VA)?\b")
_TAKE_BACK = re.compile(r"\b(?:UNDO|BORRAR)\b")
_REPORTS = {"en": ("SAME", "FULL", "OFF"), "es": ("IGUAL", "LLENO", "OFF")}


def for_person(received: Sequence[str], *, has_written: bool) -> Quick:
    """Answers to the last text received, or a way to begin. `received` is oldest first."""
    if not received:
        return () if has_written else STARTERS
    found = _numbered(received[-1])
    if not found and _MISSED.search(received[-1]) and len(received) > 1:
        found = _numbered(received[-2])  # what was asked is still the question
    examples = [word for question, words in _EXAMPLES if question.search(received[-1]) for word in words]
    words = [*examples, *_LETTER.findall(received[-1]), *_KEYWORD.findall(received[-1])]
    return (*found, *_plain(word for word in words if word not in " ".join(meaning for _, meaning in found).split()))


def for_reporter(received: Sequence[str], reporter: ReporterPhone) -> Quick:
    """What a provider would text: an answer about a hold while one is asked, else a count."""
    last = received[-1] if received else ""
    holds = _HOLD.findall(last)
    if holds:
        return _plain(holds)
    spanish = reporter.language == "es"
    if reporter.units > 1:
        count = "2 mujeres 1 hombre" if spanish else "2 f 1 m"
    else:
        count = "3" if reporter.need != "bed" else "2 camas" if spanish else "2 beds"
    return _plain([*_TAKE_BACK.findall(last), count, *_REPORTS["es" if spanish else "en"]])


def _numbered(body: str) -> Quick:
    """The numbered answers a text offers."""
    found: dict[str, str] = {}
    for number, words in _OPTION.findall(body):
        # Options count up from one; other figures ("3 ZIP digits", "first 3 digits") do not.
        if number == str(len(found) + 1) and not _FIGURES.search(words):
            found[number] = f"{number} {words.strip()}"
    for words, number in _NAMED.findall(body):
        found.setdefault(number, f"{number} {words}")
    single = _SINGLE.search(body)
    if single and len(found) < 2:
        found = {single[1]: single[1]}
    return tuple(found.items())


def _plain(words: Iterable[str]) -> Quick:
    return tuple((word, word) for word in dict.fromkeys(words))
