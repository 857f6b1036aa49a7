"""What does a turn's decision cost, part by part, and what is the floor? `step` beside a plain dictionary dispatch.

The floor is the least that can choose a row: one look-up by (state, event), and the rows' conditions in their order.
Both see the same texts in the same states, one window after the other, in processor time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bot.script_files import load_script
from flows.conversation import Conversation
from flows.cursor import Cursor
from flows.engine import step, understand
from flows.events import MessageReceived
from flows.guards import holds
from flows.script import Script
from flows.transcript import turns

TRANSCRIPTS = Path(__file__).resolve().parent.parent / "tests" / "flows" / "transcripts"
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Case:
    """A text in the conversation it came in."""

    conversation: Conversation
    text: str


def cases(script: Script, language: str) -> list[Case]:
    """Every text of every transcript of this language, where it was texted."""
    found = []
    for path in sorted((TRANSCRIPTS / language).glob("*.txt")):
        before = Conversation(language=language)
        for world, lines in turns(path.read_text(encoding="utf-8"), script):
            if lines[0].startswith("> "):
                found.append(Case(before, lines[0][2:]))
            before = world.conversation
    return found


def measure(script: Script, language: str) -> str:
    """One line of the table: microseconds a text at the median of its rounds."""
    texts = cases(script, language)
    parts = {
        "understand": lambda case: understand(case.conversation, case.text, script),
        "step": lambda case: step(case.conversation, MessageReceived(case.text), script),
        "floor": _floor(script),
    }
    took: dict[str, list[float]] = {name: [] for name in parts}
    slowest: list[float] = []
    for number in range(ROUNDS + 1):
        for name, part in parts.items():
            each = _each(part, texts)
            if number:
                took[name].append(median(each))
                slowest += [sorted(each)[int(len(each) * 0.99)]] if name == "step" else []
    typical = {name: median(values) for name, values in took.items()}
    choosing = typical["step"] - typical["understand"]
    return (f"| {language} | {len(texts)} | {typical['step']:.0f} | {typical['understand']:.0f} | {choosing:.0f} "
            f"| {typical['floor']:.1f} | {choosing / typical['floor']:.0f} | {median(slowest):.0f} |")  # fmt: skip


def _floor(script: Script) -> Callable[[Case], object]:
    """A dictionary instead of a machine: the reading is made outside what is timed."""
    readings = {}

    def dispatch(case: Case) -> object:
        cursor = Cursor(case.conversation, MessageReceived(case.text), script)
        key = id(case)
        if key not in readings:
            readings[key] = understand(case.conversation, case.text, script)
        cursor.reading = readings[key]
        for row in script.rows.get((cursor.state, cursor.reading.intent.value), ()):
            if all(holds(guard, cursor) for guard in row.guards):
                return row
        return None

    return dispatch


def _each(part: Callable[[Case], object], texts: list[Case]) -> list[float]:
    """Microseconds of processor time for each text."""
    took = []
    gc.disable()
    for case in texts:
        began = time.process_time_ns()
        part(case)
        took.append((time.process_time_ns() - began) / 1000)
    gc.enable()
    return took


def main() -> None:
    script = load_script()
    print("A turn's decision, microseconds of processor time at the median\n")
    print("| language | texts | step | of it understanding | the rest | dictionary floor | ratio | step p99 |")
    print("|---|---|---|---|---|---|---|---|")
    for language in ("en", "es"):
        print(measure(script, language), flush=True)


if __name__ == "__main__":
    main()
