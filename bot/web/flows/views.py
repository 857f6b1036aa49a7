"""What do the pages of the script show? Gathers it from the script, the sign-offs and the rules of the texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from bot.rules.lint import ADVICE
from bot.rules.wording import Finding, Look, check, filled_at_widest, look
from bot.services import Services
from bot.store import reviews, staff
from bot.store.db import Tx
from bot.usecases.signed_off import wording_now
from bot.web.flows import words
from flows.conversation import LANGUAGES
from flows.script import Script
from flows.walk import Chapter, Happening, Stage, Use, everywhere, uses, walk
from flows.wording import Text, Wording

INSTEAD = "Instead of the last one"


@dataclass(frozen=True, slots=True)
class Told:
    """One text in one language, and everything there is to know of it."""

    text: Text
    look: Look
    widest: str
    """With the widest value in each placeholder."""
    level: str
    findings: tuple[tuple[str, str], ...]
    """What the linter says, and what to do."""

    @property
    def reviewed(self) -> bool:
        return bool(self.text.reviewed_by and self.text.reviewed_on)


@dataclass(frozen=True, slots=True)
class Past:
    """One act on a text, as its history shows it."""

    language: str
    signed: bool
    by: str
    at: datetime
    remark: str
    same_words: bool
    """It was about the words that stand now."""


@dataclass(frozen=True, slots=True)
class Progress:
    language: str
    name: str
    signed: int
    of: int


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The script as it is read: computed once, for it does not change while a process lives."""

    chapters: tuple[tuple[Chapter, str, str, tuple[Stage, ...]], ...]
    everywhere: tuple[Happening, ...]
    uses: Mapping[str, tuple[Use, ...]]
    also: Mapping[str, tuple[str, ...]]
    """By state: texts that its rows say, where they are met first."""
    elsewhere: tuple[tuple[str, tuple[str, ...]], ...]
    """Texts that belong to no one state, by when they are said."""
    told: Mapping[tuple[str, str], Told]
    """Every text with the marks of its file."""


@lru_cache(maxsize=4)
def reading(script: Script) -> Reading:
    stages = walk(script)
    said = uses(script)
    chapters = tuple(
        (chapter, *words.CHAPTERS[chapter], tuple(stage for stage in stages if stage.chapter is chapter))
        for chapter in Chapter
    )
    also, elsewhere = _homes(script, stages, said)
    return Reading(
        chapters=chapters,
        everywhere=everywhere(script),
        uses=said,
        also=also,
        elsewhere=elsewhere,
        told=_all_told(script.wording),
    )


def _homes(script: Script, stages: tuple[Stage, ...], said: Mapping[str, tuple[Use, ...]]
           ) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, tuple[str, ...]], ...]]:  # fmt: skip
    """Where each text that is no state's own stands on the page, so that every text stands there once."""
    order = [stage.state.name for stage in stages]
    own = {stage.state.say for stage in stages}
    also: dict[str, list[str]] = {}
    elsewhere: dict[str, list[str]] = {
        "In every state": [],
        "When a person is called": [],
        "Instead of the last one": [],
    }
    for key in script.wording.keys:
        uses_of = said.get(key, ())
        kinds = {use.kind for use in uses_of}
        if key in own:
            continue
        if "always" in kinds:
            elsewhere["In every state"].append(key)
        elif "handoff" in kinds:
            elsewhere["When a person is called"].append(key)
        elif "state" in kinds:
            first = min((use.name for use in uses_of if use.kind == "state"), key=order.index)
            also.setdefault(first, []).append(key)
        else:
            what = INSTEAD if kinds else words.outside(key) or "Not said anywhere"
            elsewhere.setdefault(what, []).append(key)
    return {name: tuple(keys) for name, keys in also.items()}, tuple((w, tuple(k)) for w, k in elsewhere.items())


def _all_told(wording: Wording) -> dict[tuple[str, str], Told]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for one in check(wording):
        found.setdefault((one.key, one.language), []).append(one)
    return {
        (key, name): _told(wording.text(key, name), found.get((key, name), ()))
        for key in wording.keys
        for name in LANGUAGES
    }


def _told(text: Text, findings: Iterable[Finding]) -> Told:
    seen = look(text)
    said = tuple((f"{one.rule}: {one.detail}", ADVICE.get(one.rule, "")) for one in findings)
    return Told(text, seen, filled_at_widest(text), words.level(text.language, seen.level), said)


def told(script: Script, wording: Wording, key: str, language: str) -> Told:
    """One text, with the marks of this wording."""
    return replace(reading(script).told[key, language], text=wording.text(key, language))


def all_told(tx: Tx, services: Services) -> dict[str, dict[str, Told]]:
    """Every text by its key and language, with the sign-offs there are now."""
    wording = wording_now(tx, services)
    return {key: {name: told(services.script, wording, key, name) for name in LANGUAGES} for key in wording.keys}


def progress(wording: Wording) -> list[Progress]:
    return [
        Progress(name, words.LANGUAGES[name], sum(wording.is_reviewed(key, name) for key in wording.keys),
                 len(wording.keys))
        for name in LANGUAGES
    ]  # fmt: skip


def history(tx: Tx, wording: Wording, key: str) -> list[Past]:
    """Every act on a text, newest first."""
    lines = reviews.of_text(tx, key)
    names = staff.aliases(tx, {line.staff_id for line in lines})
    return [
        Past(one.language, one.signed, names[one.staff_id], one.at, one.remark,
             one.fingerprint == wording.text(key, one.language).fingerprint)
        for one in lines
    ]  # fmt: skip
