"""Why can nothing be told, and under what is that counted? Codes for numbers alone: never said to the person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from bot.rules.facets import DOES_NOT, Answers, Candidate, judge
from bot.rules.matching import match


class Unmet(StrEnum):
    """The reason."""

    NO_PROGRAM = "no_program"  # nobody offers this there
    DOES_NOT_FIT = "does_not_fit"  # somebody does, but not for whoever asks
    FULL = "full"
    NOT_SURE = "not_sure"  # somebody may have room; it must be asked first


def why_unmet(programs: Sequence[Candidate], answers: Answers, now: datetime) -> Unmet:
    """Of a search that found nothing to tell."""
    if match(programs, answers, now):
        return Unmet.NOT_SURE
    stopped_by = [judge(candidate, answers)[-1] for candidate in programs]
    if all(last.verdict is DOES_NOT and last.name in ("need", "area") for last in stopped_by):
        return Unmet.NO_PROGRAM
    return Unmet.DOES_NOT_FIT if all(last.verdict is DOES_NOT for last in stopped_by) else Unmet.FULL


def who_asks(answers: Answers) -> str:
    """The group a need is counted under: what was asked for, never what anyone is (`domain.md` 5.7)."""
    household, places = answers.get("household"), answers.get("places")
    if answers.get("age") == "under18":
        return "under18"
    chosen = places if isinstance(places, list | tuple) else ()
    if "trans" in chosen:
        return "trans"
    if isinstance(household, dict) and ("kids" in household or "pregnant" in household):
        return "family"
    return next((place for place in ("men", "women") if place in chosen), "other")


SMALLEST = 11
"""A cell under this could be somebody (`domain.md` 5.6, E30)."""
