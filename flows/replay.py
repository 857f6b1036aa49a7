"""What would have been said differently? Plays stored transcripts against another version of the flows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flows.actions import Say
from flows.script import Script
from flows.transcript import said, turns


@dataclass(frozen=True, slots=True)
class Difference:
    """One turn that would go differently: the person's line, what was said, what would be said."""

    line: int
    event: str
    was: tuple[str, ...]
    would: tuple[str, ...]


def differences(text: str, then: Script, now: Script) -> list[Difference]:
    """Turn by turn: the texts that stand written, in the words of `then`, beside what `now` says."""
    written = list(_written(text))
    played = [
        (lines[0], tuple(_line(say, now) for say in world.done if isinstance(say, Say)))
        for world, lines in turns(text, now)
        if lines[0][:1] in (">", "@")
    ]
    found = []
    for (line, event, keys), (_, would) in zip(written, played, strict=True):
        was = tuple(_words(key, then) for key in keys)
        same = [_key(one) for one in was] == [_key(one) for one in would]
        changed = same and any(_text(key, then) != _text(key, now) for key in keys)
        if not same or changed:
            found.append(Difference(line, event, was, would))
    return found


def _written(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Each event with its line, and the `<` lines below it."""
    event: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in (">", "@"):
            if event is not None:
                yield event
            event = (number, line, [])
        elif line.startswith("< ") and event is not None:
            event[2].append(line[2:])
    if event is not None:
        yield event


def _line(say: Say, script: Script) -> str:
    key = say.key if say.language == "en" else f"{say.key} {say.language}"
    return f"{key}: {said(say, script)}"


def _words(key: str, script: Script) -> str:
    return f"{key}: {_text(key, script)}"


def _key(line: str) -> str:
    return line.partition(":")[0]


def _text(key: str, script: Script) -> str:
    """The words as they stand, unfilled; empty for a text this version does not have."""
    name, _, language = key.partition(" ")
    return script.wording.text(name, language or "en").text if name in script.wording.keys else ""
