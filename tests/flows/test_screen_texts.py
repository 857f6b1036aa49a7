"""Is every cell of the tables of `screen-texts.md` 4, 5 and 6 so, in both languages? The cells are in tables/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.script_files import load_script
from flows.actions import HandOff, SafeHours, Say, TellAdvocates
from flows.conversation import Conversation
from flows.events import MessageReceived
from flows.transcript import happen
from flows.understanding import Intent, Reading
from flows.understanding.provider import Said, read_provider
from tests.corpus.hearing import hear

TABLES = Path(__file__).parent / "tables"
SCRIPT = load_script()
STOPS = {Intent.STOP, Intent.STOP_SILENT, Intent.WRONG_NUMBER}


def lines(name: str) -> Iterator[list[str]]:
    for line in (TABLES / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield [cell.strip() for cell in line.split(" | ")]


OWED = {(where, text) for where, text in lines("owed.txt")}
"""Cells that are not read yet; a test fails when one of them is, so that its line is taken out."""


def cells() -> Iterator[tuple[str, str, list[str]]]:
    for name in ("answers.txt", "crisis.txt"):
        for where, right, texts in lines(name):
            yield where, right, [text.strip() for text in texts.split(";" if ";" in texts else ",")]


# --- 4 and 5: what a text is read as


@pytest.mark.parametrize(("where", "right", "texts"), list(cells()), ids=lambda value: str(value)[:40])
def test_every_cell_of_a_row_is_read_as_it_says(where: str, right: str, texts: list[str]) -> None:
    asked, _, language = where.partition(":")
    read = {text: hear(asked, text, language or "en") for text in texts}
    wrong = {text: got for text, got in read.items() if not _is_right(right, got)}
    owed = {text for text in texts if (where, text) in OWED}
    assert {text: got for text, got in wrong.items() if text not in owed} == {}
    assert owed <= set(wrong), "read now: take these lines out of owed.txt"


def _is_right(right: str, got: Reading) -> bool:
    if right.startswith("{"):
        return dict(got.answers) == json.loads(right)
    if right.startswith(("place=", "guess=")):
        place = got.answers.get("area" if right.startswith("place") else "area_guess")
        return isinstance(place, dict) and place.get("place") == right.partition("=")[2]
    return all(_holds(wanted, got) for wanted in right.split())


def _holds(wanted: str, got: Reading) -> bool:
    kind, _, value = wanted.partition("=" if "=" in wanted else ":")
    match kind:
        case "quiet":
            return not got.flags and got.intent not in STOPS
        case "not":
            return got.intent != value
        case "option":
            return got.option == value
        case "+flag":
            return value in got.flags
        case "+short_time":
            return got.short_time
        case _:
            return got.intent == wanted


def test_both_languages_have_every_kind_of_cell() -> None:
    """A row that one language has and the other has not is a row that was forgotten, or says why it cannot be."""
    kinds: dict[str, set[str]] = {"en": set(), "es": set()}
    for where, right, _ in cells():
        asked, _, language = where.partition(":")
        kinds[language or "en"].add(f"{asked} {re.sub('[:=].*', '', right)}")
    assert kinds["en"] ^ kinds["es"] <= ONE_LANGUAGE_ONLY


ONE_LANGUAGE_ONLY = {"C1 third_party", "C1 human", "C1 later", "any wrong_number", "any not", "O1 stop", "C1 unclear",
                     "Q3 place", "any maybe_stop", "M1 no", "Q2 human"}  # fmt: skip


# --- 6: the forty-eight, through the engine


INBOUND = re.compile(r"(?P<language>\w\w) \[(?P<state>\w+)(?P<marks>[^\]]*)\] (?P<text>.*)")


@pytest.mark.parametrize(("number", "inbound", "right"), list(lines("inbounds.txt")))
def test_an_inbound_is_answered_as_it_must_be(number: str, inbound: str, right: str) -> None:
    found = INBOUND.fullmatch(inbound)
    assert found
    here = somewhere(found["state"], found["language"], found["marks"])
    after, done = happen(here, MessageReceived(found["text"], gap="+gap" in found["marks"]), SCRIPT)
    assert " ".join(_done(done, here, after, right)) == right, done


def somewhere(state: str, language: str, marks: str) -> Conversation:
    """Where each of the forty-eight is put: outreach before C1, everything told after it."""
    early = state in ("invited", "safe_now")
    answers = {"code_word": "bluebird"} if "+coded" in marks else {}
    return Conversation(
        state=state, language=language, safe_now=not early, answers=answers,
        marks=("outreach",) if early else ("limits",),
        found={"count": 2, "age_minutes": 40, "options": [{"program_id": p, "traits": ["own_room"]} for p in "pq"]},
    )  # fmt: skip


def _done(done: list, here: Conversation, after: Conversation, right: str) -> Iterator[str]:  # type: ignore[type-arg]
    said = [a.key if a.language == here.language else f"{a.key}/{a.language}" for a in done if isinstance(a, Say)]
    yield from said or ["~"]
    if after.suppressed:
        yield "suppressed"
    for action in done:
        if isinstance(action, HandOff):
            yield f"{action.tier} {action.reason}"
        elif isinstance(action, TellAdvocates):
            yield f"tell {action.tier} {action.reason}"
        elif isinstance(action, SafeHours):
            yield "hours" if action.windows == () else "hours=" + ",".join(action.windows)
    for slot, value in after.answers.items():
        if here.answers.get(slot) != value:
            yield f"{slot}={json.dumps(value, separators=(',', ':'))}"


def test_all_of_the_forty_eight_are_here_in_both_languages() -> None:
    told = {(int(number), inbound[:2]) for number, inbound, _ in lines("inbounds.txt")}
    assert told == {(number, language) for number in range(1, 47) for language in ("en", "es")}


@pytest.mark.parametrize(
    ("text", "said", "count", "doubtful"),
    [("3", Said.COUNT, 3, False), ("had 3 but maria g took 1", Said.COUNT, 2, True),
     ("tres", Said.COUNT, 3, False), ("habia 3 pero maria g tomo 1", Said.COUNT, 2, True)],
)  # fmt: skip
def test_47_and_48_come_from_a_provider(text: str, said: Said, count: int, doubtful: bool) -> None:
    got = read_provider(text)
    assert (got.said, got.doubtful) == (said, doubtful)
    assert [one.available for one in got.counts] == [count]


PROVIDER = [
    ("3", Said.COUNT), ("three", Said.COUNT), ("3 beds", Said.COUNT), ("have 2 f 1 m", Said.COUNT),
    ("no beds", Said.FULL), ("full until fri", Said.FULL), ("same", Said.SAME), ("igual", Said.SAME),
    ("lleno", Said.FULL), ("tres", Said.COUNT), ("wait", Said.WAIT), ("espera", Said.WAIT), ("off", Said.OFF),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), PROVIDER)
def test_a_provider_is_read_as_the_table_says(text: str, said: Said) -> None:
    assert read_provider(text).said is said
