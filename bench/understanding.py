"""What does it cost to understand a text, part by part, and a whole turn's decision with it?

`python -m bench.understanding`, and at the end of `make bench`. Over the corpus in tests/corpus, in both languages;
nothing is asserted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median

from bot.script_files import load_script
from flows.conversation import Conversation
from flows.engine import step
from flows.events import MessageReceived
from flows.understanding import Lexicon
from flows.understanding.fold import words_of
from flows.understanding.slots import fill
from flows.understanding.speech import other_language, own_language
from tests.corpus.generate import samples
from tests.corpus.hearing import ASKED, DOCUMENTS, LEXICON, hear

ROUNDS = 5
_TEXTS = 400


def main() -> None:
    script = load_script()
    started = time.process_time()
    Lexicon.parse(DOCUMENTS)
    print(f"\nWord lists compiled in {time.process_time() - started:.2f} s, once a process; µs a text\n")
    print("| part | en median | en p99 | es median | es p99 |")
    print("|---|---|---|---|---|")
    parts: dict[str, Callable[[str, str], object]] = {
        "fold the letters": lambda text, code: words_of(text),
        "and settle the spelling": lambda text, code: LEXICON.hear(text),
        "and seek the phrases": lambda text, code: LEXICON.found(LEXICON.hear(text), code),
        "slots alone, of what was found": lambda text, code: fill(*_found(text, code), ASKED["Q1"], LEXICON),
        "language alone": lambda text, code: (
            own_language(_heard(text), LEXICON),
            other_language(_heard(text), LEXICON),
        ),
        "all of read": lambda text, code: hear("Q1", text, code),
        "understanding and step": lambda text, code: step(
            Conversation(state="urgency", language=code, safe_now=True), MessageReceived(text), script
        ),
    }
    for name, part in parts.items():
        cells = [cell for code in ("en", "es") for cell in _cost(part, code)]
        print(f"| {name} | {' | '.join(f'{cell:.0f}' for cell in cells)} |", flush=True)


_HEARD: dict[str, object] = {}


def _heard(text: str):
    if text not in _HEARD:
        _HEARD[text] = LEXICON.hear(text)
    return _HEARD[text]


def _found(text: str, code: str):
    key = f"{code} {text}"
    if key not in _HEARD:
        _HEARD[key] = (_heard(text), LEXICON.found(_heard(text), code))
    return _HEARD[key]


def _cost(part: Callable[[str, str], object], code: str) -> tuple[float, float]:
    """The median and the 99th percentile of the best of some rounds, in microseconds."""
    texts: Sequence[str] = [sample.text for sample in samples("untouched", code)][:: max(1, 2500 // _TEXTS)]
    took = []
    for text in texts:
        part(text, code)
        best = min(_once(part, text, code) for _ in range(ROUNDS))
        took.append(best * 1e6)
    took.sort()
    return median(took), took[int(len(took) * 0.99)]


def _once(part: Callable[[str, str], object], text: str, code: str) -> float:
    started = time.perf_counter()
    part(text, code)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
