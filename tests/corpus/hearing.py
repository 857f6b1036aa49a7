"""How does a test have a text read, as if a given question had been put?"""

from __future__ import annotations

import tomllib
from pathlib import Path

from flows.understanding import Expecting, Lexicon, Reading, read

FILES = Path(__file__).parents[2] / "flows" / "lexicon"
DOCUMENTS = {name: tomllib.loads((FILES / f"{name}.toml").read_text()) for name in ("en", "es", "places")}
LEXICON = Lexicon.parse(DOCUMENTS)

ASKED = {
    "any": None,
    "O1": Expecting("invited", "", "yes_no", ("yes", "no")),
    "C1": Expecting("C1", "", "yes_no", ("yes", "not_now", "person")),
    "C2": Expecting("C2", "", "yes_no", ("yes", "no")),
    "C3": Expecting("C3", "", "yes_no", ("yes", "no")),
    "Q1": Expecting("Q1", "urgency", "choice", ("now", "tonight", "week", "looking")),
    "Q2": Expecting("Q2", "need", "choices", ("bed", "advocacy", "health", "legal", "basics", "other")),
    "Q3": Expecting("Q3", "area", "area"),
    "Q4": Expecting("Q4", "household", "household", ("alone", "kids", "pregnant", "pet", "adult")),
    "Q5": Expecting("Q5", "age", "age", ("under18", "18-24", "25up")),
    "Q6": Expecting("Q6", "places", "choices", ("women", "men", "trans", "any")),
    "Q7": Expecting(
        "Q7", "musts", "choices", ("phone", "no_religion", "lgbtq", "wheelchair", "meds", "come_and_go", "language")
    ),
    "S1": Expecting("S1", "safe_hours", "choices", ("morning", "afternoon", "night", "only_after")),
    "S2": Expecting("S2", "code_word", "word"),
    "M1": Expecting("M1", "", "yes_no", ("yes", "more", "no")),
    "M2": Expecting("M2", "choice", "letters", ("A", "B", "BOTH", "NO")),
    "FollowUp": Expecting("V1", "follow_up", "choice", ("good", "so_so", "not_good")),
    "Save": Expecting("H3", "", "choice", ("save",)),
    "Lapsed": Expecting("M4", "lapsed", "choice", ("again", "look", "person")),
    "J1": Expecting("J1", "", "yes_no", ("yes", "later")),
    "L0": Expecting("L0", "language", "choice", ("en", "es")),
    "New": Expecting("New", "new_slot", "choice", ("red", "blue")),
}
_NOT_YET_SAFE = ("any", "O1", "C1")


def hear(asked: str, text: str, language: str = "en") -> Reading:
    """The reading of `text` as the answer to `asked` in a thread of that language."""
    return read(text, expecting=ASKED[asked], language=language, lexicon=LEXICON, safe_now=asked not in _NOT_YET_SAFE)
