"""Is every code that matters in the table, with words a person understands in both languages, and a way out?"""

from __future__ import annotations

import pytest

from bot.adapters.twilio import CODES
from bot.rules.carrier_errors import POLICIES, UNKNOWN_CODE, Reaction, policy_of, too_many_filtered
from bot.rules.segments import encoding

R = Reaction
FROM_THE_SOURCES = """
    20003 20429 21211 21408 21605 21606 21610 21611 21612 21614 21617 21619 30001 30002 30003 30004 30005 30006 30007
    30008 30017 30022 30023 30026 30027 30032 30034 30036 30037 30047 30410 30450 30453 30454 30485 30500 30555 30610
    30640 30831 14107
""".split()
"""`campaigns.md`, error-code policy, and `stack.md` 3.5, for codes a text can end with."""


def test_every_code_of_the_sources_is_there() -> None:
    assert not set(FROM_THE_SOURCES) - set(POLICIES)


def test_every_code_a_call_can_answer_has_a_policy() -> None:
    assert {str(code) for code in CODES} - set(POLICIES) == {"20404"}, "20404 is never about a text to be sent"


@pytest.mark.parametrize("code", sorted(POLICIES))
def test_words_are_there_and_whole(code: str) -> None:
    policy = POLICIES[code]
    assert policy.words[0].isupper()
    assert policy.words.endswith(".")
    assert len(policy.words) < 100
    assert "error" not in policy.words.lower()
    assert bool(policy.fix) == (R.ALERT in policy.reactions), "an alert says what to do, and nothing else needs it"
    assert encoding(policy.words) == "GSM-7"


@pytest.mark.parametrize(
    ("code", "reactions"),
    [
        ("21610", {R.WITHDRAW}),
        ("30006", {R.LANDLINE}),
        ("30003", {R.RETRY}),
        ("30036", {R.REPLAN}),
        ("21612", {R.OTHER_SENDER}),
        ("30007", {R.WATCH, R.ALERT}),
        ("30034", {R.ALERT, R.PAUSE_ALL, R.OTHER_SENDER}),
    ],
)
def test_reactions(code: str, reactions: set[Reaction]) -> None:
    assert policy_of(code).reactions == reactions


def test_a_code_nobody_met_is_told() -> None:
    assert policy_of("99999") == UNKNOWN_CODE
    assert R.ALERT in UNKNOWN_CODE.reactions


@pytest.mark.parametrize(("filtered", "handed_over", "stops"), [(2, 2, False), (3, 100, True), (3, 150, False)])
def test_one_or_two_filtered_texts_are_no_share_of_anything(filtered: int, handed_over: int, stops: bool) -> None:
    assert too_many_filtered(filtered, handed_over) is stops
