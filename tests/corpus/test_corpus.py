"""Is the corpus read as well as was promised? `python -m tests.corpus` prints the whole table."""

from __future__ import annotations

import pytest

from tests.corpus.__main__ import misses, table
from tests.corpus.generate import BLIND, HERE, PARTS, families, samples
from tests.corpus.hearing import hear
from tests.corpus.score import CRISIS, Score, score

# What must hold on each part, in each language. The blind parts are phrasings the lists were not written from; where a
# figure is under the goal (0.99 for crisis and stop, 0.95 for answers) README.md of this folder says so, and this floor
# keeps it. `alarms` is a ceiling: crisis in a text without one.
FLOORS = {
    ("tuning", "en"): {"crisis": 0.975, "stop": 0.97, "answers": 0.96, "traps": 0.99, "alarms": 0.01},
    ("tuning", "es"): {"crisis": 0.98, "stop": 0.97, "answers": 0.97, "traps": 0.99, "alarms": 0.01},
    ("untouched", "en"): {"crisis": 0.99, "stop": 0.98, "answers": 0.97, "traps": 0.98, "alarms": 0.01},
    ("untouched", "es"): {"crisis": 0.99, "stop": 0.98, "answers": 0.97, "traps": 0.98, "alarms": 0.01},
    ("blind", "en"): {"crisis": 0.98, "stop": 0.99, "answers": 0.95, "traps": 0.97, "alarms": 0.02},
    ("blind", "es"): {"crisis": 0.975, "stop": 0.95, "answers": 0.94, "traps": 0.98, "alarms": 0.02},
    ("blind2", "en"): {"crisis": 0.93, "stop": 0.91, "answers": 0.0, "traps": 0.97, "alarms": 0.02},
    ("blind2", "es"): {"crisis": 0.93, "stop": 0.92, "answers": 0.0, "traps": 0.98, "alarms": 0.055},
    ("blind3", "en"): {"crisis": 0.77, "stop": 0.90, "answers": 0.0, "traps": 0.965, "alarms": 0.045},
    ("blind3", "es"): {"crisis": 0.74, "stop": 0.89, "answers": 0.0, "traps": 0.98, "alarms": 0.03},
    ("blind4", "en"): {"crisis": 0.86, "stop": 0.94, "answers": 0.93, "traps": 0.98, "alarms": 0.085},
    ("blind5", "en"): {"crisis": 0.58, "stop": 0.76, "answers": 0.77, "traps": 0.98, "alarms": 0.095},
    ("es_a", "es"): {"crisis": 0.94, "stop": 0.87, "answers": 0.87, "traps": 0.83, "alarms": 0.035},
    ("es_b", "es"): {"crisis": 0.92, "stop": 0.90, "answers": 0.88, "traps": 0.95, "alarms": 0.05},
    ("es_c", "es"): {"crisis": 0.89, "stop": 0.90, "answers": 0.92, "traps": 0.93, "alarms": 0.08},
    ("es_d", "es"): {"crisis": 0.90, "stop": 0.98, "answers": 0.0, "traps": 0.98, "alarms": 0.105},
    ("es_e", "es"): {"crisis": 0.98, "stop": 0.98, "answers": 0.0, "traps": 0.98, "alarms": 0.03},
}
STOPS = ("stop", "stop_silent", "wrong_number")
ANSWERS = ("answer", "place", "letter", "yes", "no", "none", "skip", "later")


@pytest.fixture(scope="module", params=PARTS)
def scored(request: pytest.FixtureRequest) -> tuple[str, Score]:
    return request.param, score(request.param)


@pytest.mark.parametrize("language", ["en", "es"])
def test_goals_hold(scored: tuple[str, Score], language: str) -> None:
    part, total = scored
    if (part, language) not in FLOORS:
        assert not any(code == language for _, code in total.seen), f"{part} has {language} texts and no floor"
        return
    floors = FLOORS[part, language]
    shown = f"{part}\n{table(total)}" + (f"\n{misses(total)}" if part not in BLIND else "")
    assert total.recall(CRISIS, language) >= floors["crisis"], shown
    assert total.recall(STOPS, language) >= floors["stop"], shown
    assert total.recall(ANSWERS, language) >= floors["answers"], shown
    assert total.recall(["maybe_trap"], language) >= floors["traps"], shown
    assert total.alarm_rate(language) <= floors["alarms"], shown
    assert total.foreign[language] == 0, shown


def test_spanish_is_read_as_well_as_english(scored: tuple[str, Score]) -> None:
    part, total = scored
    for labels in (CRISIS, STOPS, ANSWERS) if {(part, "en"), (part, "es")} <= set(FLOORS) else ():
        assert total.recall(labels, "es") >= total.recall(labels, "en") - 0.05, table(total)


def test_every_decision_names_a_line(scored: tuple[str, Score]) -> None:
    _, total = scored
    for _, _, got in total.strays:
        assert got.causes


def test_texts_are_the_same_every_time_and_thousands() -> None:
    every = [sample for part in PARTS for language in ("en", "es") for sample in samples(part, language)]
    again = [sample for part in PARTS for language in ("en", "es") for sample in samples(part, language)]
    assert [s.text for s in every] == [s.text for s in again]
    assert len(every) > 8000


def test_no_family_is_in_two_parts() -> None:
    for language in ("en", "es"):
        per_part = [{(f.label, f.asked, f.pattern) for f in families(part, language)} for part in PARTS]
        assert sum(map(len, per_part)) == len(set().union(*per_part))


def test_other_languages_are_named_from_a_few_words() -> None:
    lines = (HERE / "untouched" / "other.txt").read_text().splitlines()
    texts = [tuple(part.strip() for part in line.split("|")) for line in lines if not line.startswith("#")]
    wrong = [(language, text) for language, text in texts if hear("C2", text).other_language != language]
    assert len({language for language, _ in texts}) >= 20
    assert len(wrong) <= 0.1 * len(texts), wrong
