"""What may be done to a text without changing what it means, and what may never make it less urgent?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.understanding import Intent
from tests.corpus.generate import LANGUAGES, samples
from tests.corpus.hearing import ASKED, hear
from tests.corpus.score import CRISIS, SUPPRESSED, is_right

RANK = list(Intent).index
PLAIN = [sample for code in LANGUAGES for sample in samples("tuning", code) if sample.dress == "plain"]
READ = [s for s in PLAIN if is_right(s, hear(s.family.asked, s.text, s.family.language))]
URGENT = [s for s in READ if s.family.label in CRISIS]
TRAPS = [s for s in PLAIN if s.family.label == "maybe_trap"]
DRESSES = [
    str.upper,
    "  {}  ".format,
    "{}!!!".format,
    "{}...".format,
    "{} 😡".format,
    "{}\n".format,
    "\u200b{}\u200b".format,
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(READ), st.sampled_from(DRESSES))
def test_case_spacing_marks_and_signs_change_nothing(sample: object, dress: object) -> None:
    family = sample.family  # type: ignore[attr-defined]
    plain, dressed = (hear(family.asked, t, family.language) for t in (sample.text, dress(sample.text)))  # type: ignore[attr-defined,operator]
    assert (dressed.intent, dressed.flags, dressed.answers) == (plain.intent, plain.flags, plain.answers)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(URGENT),
    st.sampled_from(["{} please", "please {}", "hey {}", "um {}", "{} por favor", "hola {}", "oye {}"]),
)
def test_politeness_takes_nothing_from_a_cry_for_help(sample: object, dress: str) -> None:
    family = sample.family  # type: ignore[attr-defined]
    assert set(hear(family.asked, sample.text, family.language).flags) <= set(  # type: ignore[attr-defined]
        hear(family.asked, dress.format(sample.text), family.language).flags  # type: ignore[attr-defined]
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(PLAIN),
    st.sampled_from(
        ["he has a gun", "he hit me", "me quiere matar", "i want to die", "i cant breathe", "quiero morir"]
    ),
    st.sampled_from(list(ASKED)),
)
def test_adding_danger_never_lowers_urgency(sample: object, danger: str, asked: str) -> None:
    family = sample.family  # type: ignore[attr-defined]
    before = hear(asked, sample.text, family.language)  # type: ignore[attr-defined]
    after = hear(asked, f"{sample.text}. {danger}", family.language)  # type: ignore[attr-defined]
    assert RANK(after.intent) <= RANK(Intent.DANGER)
    assert RANK(after.intent) <= RANK(before.intent)


@pytest.mark.parametrize("around", ["{}", "i just want u to know {}", "ok so {}", "please {}", "mira {}", "{} idk"])
def test_a_stop_trap_in_company_is_never_an_opt_out(around: str) -> None:
    wrong = [
        s.text
        for s in TRAPS
        if hear("any", around.format(s.text), s.family.language).intent in SUPPRESSED
    ]  # fmt: skip
    assert len(wrong) <= 0.02 * len(TRAPS), wrong


@pytest.mark.parametrize("asked", list(ASKED))
@pytest.mark.parametrize(
    "text", ["ЅТОР", "sтор", "Ｓｔｏｐ", "s\u200bt\u200bo\u200bp", "S.T.O.P", "s t o p", "STOP\u202e", "s̶t̶o̶p̶", "st0p"]
)
def test_stop_in_disguise_is_stop(asked: str, text: str) -> None:
    assert hear(asked, text).intent is Intent.STOP


@pytest.mark.parametrize("text", ["ｈｅｌｐ", "hеlр", "h3lp", "h\u200be\u200blp", "helpme", "HELPPP"])
def test_help_in_disguise_is_help(text: str) -> None:
    assert hear("any", text).intent is Intent.HELP


HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "\u200b\u200d\u202e\u2066\ufeff\u0301\u0336\ud800\udfff\U0001f52a\U0001f3fd\x00 .?'0123ieaoѕтор"
        ),
        st.characters(),
    ),
    max_size=1600,
)


@settings(max_examples=150, deadline=None)
@given(HOSTILE, st.sampled_from(list(ASKED)), st.sampled_from(LANGUAGES))
def test_hostile_unicode_has_one_reading(text: str, asked: str, language: str) -> None:
    assert hear(asked, text, language) == hear(asked, text, language)
