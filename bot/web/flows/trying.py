"""How would this conversation go? Played through the real engine, with a search and a queue that are made up.

Nothing is kept anywhere: the page carries what was typed so far, sealed to whoever typed it, and each time the whole of
it is played again.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from functools import lru_cache

from bot.errors import SealBroken
from bot.rules.segments import Measured, measure
from bot.script_files import sources
from bot.store.crypto import Keyring
from flows.actions import (
    Action,
    Close,
    CodeWord,
    DuressWord,
    EraseRequested,
    FindOpenings,
    HandOff,
    Release,
    Restore,
    SafeHours,
    Say,
    TellAdvocates,
    Withdraw,
)
from flows.conversation import Conversation, Holder
from flows.engine import understand
from flows.positions import line_of, positions
from flows.script import Script
from flows.transcript import World, said, turns
from flows.understanding import Reading

LONGEST_TEXT = 480
MOST_LINES = 80
WORLD = {
    "~ 20": "20 minutes pass",
    "# off": "Nobody is on shift from now on",
    "# on": "Somebody is on shift from now on",
    "# found 0": "Nothing fits from now on",
    "# found 2": "Two places fit from now on",
    "@ claimed": "An advocate takes over",
    "@ finished returned": "The advocate gives it back to the bot",
}
"""What may happen besides a text: a line of a transcript, and what it is called on the page."""

_SEALED_AS = "flows.try"
_MOST_LINES_OF_A_ROW = 8


@dataclass(frozen=True, slots=True)
class Reply:
    """One text of ours, and what it costs to send."""

    key: str
    language: str
    body: str
    cost: Measured


@dataclass(frozen=True, slots=True)
class Why:
    """Which line decided: where it stands, and what stands there."""

    where: str
    entry: str


@dataclass(frozen=True, slots=True)
class Played:
    """One line of the conversation and what came of it."""

    text: str
    is_text: bool
    replies: tuple[Reply, ...]
    done: tuple[tuple[str, str], ...]
    """What else would be done: in words, with the tier at which an advocate is told (or nothing)."""
    reading: Reading | None
    why: tuple[Why, ...]
    rows: tuple[Why, ...]
    """Which rows of the flows were taken, in order."""
    before: str
    after: str
    silent: bool
    """An advocate holds the conversation: the bot says nothing."""


def opened(keys: Keyring, staff_id: str, sealed: str) -> list[str]:
    """The lines so far; none when the page does not open (another person's, an old key, something else)."""
    try:
        return keys.open(_SEALED_AS, staff_id, urlsafe_b64decode(sealed)).splitlines()
    except (SealBroken, NotBase64, ValueError):
        return []


def sealed(keys: Keyring, staff_id: str, lines: list[str]) -> str:
    return urlsafe_b64encode(keys.seal(_SEALED_AS, staff_id, "\n".join(lines))).decode()


def as_line(typed: str) -> str:
    """What somebody typed as one line of a transcript; empty when there is nothing in it."""
    text = " ".join(typed.split())[:LONGEST_TEXT]
    return f"> {text}" if text else ""


def play(lines: list[str], script: Script) -> tuple[list[Played], Conversation]:
    """Every line with what came of it, and the conversation as it stands then."""
    made: list[Played] = []
    before = Conversation()
    for world, (line, *_) in turns("\n".join(lines), script):
        if not line.startswith("# lang"):
            made.append(_played(line, before, world, script))
        before = world.conversation
    return made, before


def _played(line: str, before: Conversation, world: World, script: Script) -> Played:
    after, done = world.conversation, world.done
    is_text = line.startswith("> ")
    reading = understand(before, line[2:], script) if is_text else None
    return Played(
        text=line[2:] if is_text else WORLD.get(line, line),
        is_text=is_text,
        replies=tuple(_reply(one, script) for one in done if isinstance(one, Say)),
        done=tuple(words for one in done if (words := _in_words(one)) is not None),
        reading=reading,
        why=() if reading is None else tuple(_why(cause.rule, cause.matched) for cause in reading.causes),
        rows=tuple(_row(where) for where in world.rows),
        before=before.state,
        after=after.state,
        silent=is_text and after.held_by is Holder.ADVOCATE,
    )


def _reply(say: Say, script: Script) -> Reply:
    body = said(say, script)
    return Reply(say.key, say.language, body, measure(body))


def _in_words(action: Action) -> tuple[str, str] | None:
    """What is done besides saying something; None for a text."""
    match action:
        case Say():
            return None
        case HandOff(tier, reason):
            return f"A person is called: {reason.replace('_', ' ')}", tier.value
        case TellAdvocates(tier, reason):
            return f"Advocates are told, and the person is not: {reason.replace('_', ' ')}", tier.value
        case FindOpenings():
            return "Open places are looked for", ""
        case Withdraw():
            return "STOP is in force: nothing more is sent", ""
        case Restore():
            return "The stop has ended", ""
        case Release(given):
            return "Consent to share is written down" if given else "Consent to share is taken back", ""
        case SafeHours():
            return "The hours are kept", ""
        case CodeWord():
            return "The code word is kept, sealed", ""
        case DuressWord():
            return "The second word is kept, sealed", ""
        case EraseRequested():
            return "An advocate is asked to erase it", ""
        case Close():
            return "The conversation is over", ""


@lru_cache(maxsize=64)
def _lines(path: str) -> dict[str, int]:
    return positions(sources().get(path, ""))


def _row(where: str) -> Why:
    """A row of the flows (`line.toml:states.offer.rows[0]`) as it stands in its file."""
    path, _, key = where.partition(":")
    if not path.endswith(".toml"):
        return Why(f"flows/{path}", key)
    line = line_of(_lines(path), key)
    return Why(f"flows/{path}, line {line}", _text_at(path, line))


@lru_cache(maxsize=512)
def _text_at(path: str, line: int) -> str:
    """That line of the file; of a row that begins with its `[[always]]`, what follows, up to the next blank line."""
    lines = sources()[path].splitlines()[line - 1 :]
    if not lines[0].startswith("["):
        return lines[0].strip().rstrip(",")
    row = lines[1 : lines.index("") if "" in lines else len(lines)][:_MOST_LINES_OF_A_ROW]
    return ", ".join(one.partition(" #")[0].strip() for one in row)


def _why(rule: str, matched: str) -> Why:
    """A rule is a file and a key in it (`lexicon/en.toml:danger.phrases[32]`), or a reading that has no list."""
    path, _, key = rule.partition(":")
    if not path.endswith(".toml"):
        return Why(rule, matched)
    return Why(f"flows/{path}, line {line_of(_lines(path), key)}", matched or key)
