"""What came of texting people? The stages from a text to a place, three rates that say what they leave out, and what is
shown of it where few people stand.

None of it is a goal. A rate that somebody must reach is reached by texting those who are easy to reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.rules.small_cells import hidden

STAGES: Mapping[str, tuple[str, str]] = {
    "sent": ("Sent", "texts the carrier took from us, one a person"),
    "delivered": ("Delivered", "the carrier says that the phone has it"),
    "reached": ("Reached", "delivered, and nobody wrote or was found to be somebody else"),
    "replied": ("Replied", "wrote anything at all afterwards"),
    "positive": ("Positive", "said that it is all right to text, or asked for a person"),
    "screened": ("Screened", "answered enough for openings to be looked for"),
    "handed_off": ("Handed off", "came to an advocate's queue"),
    "enrolled": ("Enrolled", "a provider or an advocate recorded that they arrived"),
    "housed": ("Housed", "the place they arrived at is one to sleep"),
}
"""Each stage with its name and what it means. People are counted once a stage, and not every stage holds the next: who
asks for a person at once was never screened."""
SIGNS: Mapping[str, str] = {
    "opted_out": "Said stop", "anger": "Answered in anger", "wrong_people": "Were somebody else",
    "minors": "Are minors",
}  # fmt: skip
RATES: Mapping[str, tuple[str, str, str]] = {
    "positive_delivered": ("positive", "delivered", "Positive of those delivered"),
    "positive_reached": ("positive", "reached", "Positive of those reached"),
    "enrolled_sent": ("enrolled", "sent", "Enrolled of those sent"),
}
"""What is divided by what, and its words."""
DOORS: Mapping[str, str] = {
    "campaign": "A campaign's text", "poster": "A word on a poster", "partner": "A partner's word", "card": "A card",
    "work": "The work-rights word", "direct": "Wrote by themselves",
}  # fmt: skip
"""Ways in, none above another."""

ENGAGING = frozenset({"human", "help", "danger", "suicide", "medical", "minor", "language", "short_time", "share",
                      "share_no", "no_match", "again"})  # fmt: skip
"""Reasons of a hand-off that mean that somebody talks with us; silence, anger and misunderstanding do not."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One group as it may be shown: None is a count that is too small, or would give one away."""

    name: str
    counts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a funnel. `share` is of those sent, `lost` of those at the stage before; None where it may not be
    told. Widths are in hundredths."""

    key: str
    name: str
    means: str
    n: int | None
    share: float | None
    lost: float | None


@dataclass(frozen=True, slots=True)
class Month:
    """Substantive contacts of one state in one month, and in the same month a year before. None: too few to show."""

    state: str
    month: str
    now: int | None
    before: int | None

    @property
    def change(self) -> float | None:
        """In hundredths; nothing where either is hidden or nobody came before."""
        return None if not self.before or self.now is None else 100 * (self.now - self.before) / self.before


def engages(before_safe: bool, after_safe: bool, reasons: Sequence[str]) -> bool:
    """Whether this turn makes the person one who talks with us: they said that it is all right to text now, or asked
    for somebody. That they do not want to is no such answer, and a question about us is none either."""
    return (after_safe and not before_safe) or any(reason in ENGAGING for reason in reasons)


def safe_counts(counts: Mapping[str, int]) -> dict[str, int | None]:
    """One group by itself: its small counts, and those that would be worked out from what was sent, are hidden."""
    gone = hidden(counts, [])
    return {key: None if key in gone else n for key, n in counts.items()}


def funnel(counts: Mapping[str, int | None]) -> tuple[Step, ...]:
    steps, before = [], None
    sent = counts.get("sent")
    for key, (name, means) in STAGES.items():
        n = counts.get(key)
        lost = None if before is None or not before or n is None else max(0.0, 100 * (before - n) / before)
        steps.append(Step(key, name, means, n, _of(n, sent), lost))
        before = n
    return tuple(steps)


def rates(counts: Mapping[str, int | None]) -> dict[str, float | None]:
    """In hundredths; None where a part is hidden or nobody is there to divide by."""
    return {name: _of(counts.get(of), counts.get(by)) for name, (of, by, _) in RATES.items()}


def tables(found: Mapping[str, Mapping[str, Mapping[str, int]]],
           whole: Mapping[str, int]) -> tuple[dict[str, list[Cell]], dict[str, int | None]]:  # fmt: skip
    """Several tables of groups (by title, then by group) that each add up to the same whole, stage by stage: what is
    hidden in one of them must not be worked out from another."""
    shown: dict[str, dict[str, dict[str, int | None]]] = {t: {name: {} for name in rows} for t, rows in found.items()}
    total: dict[str, int | None] = {}
    for key in (*STAGES, *SIGNS):
        cells = {(title, name): counts.get(key, 0) for title, rows in found.items() for name, counts in rows.items()}
        every = cells | {("", ""): whole.get(key, 0)}
        gone = hidden(every, [(("", ""), [(title, name) for name in rows]) for title, rows in found.items()])
        for at in cells:
            shown[at[0]][at[1]][key] = None if at in gone else cells[at]
        total[key] = None if ("", "") in gone else whole.get(key, 0)
    return {title: [Cell(name, counts) for name, counts in rows.items()] for title, rows in shown.items()}, total


def same_months(found: Mapping[tuple[str, str], int], months: Sequence[str]) -> list[Month]:
    """By state and month, beside the same months of the year before, with the sums of each month over the states (the
    state without a name)."""
    states = sorted({state for state, _ in found})
    cells = {(state, month): found.get((state, month), 0) for month in (*months, *map(year_before, months))
             for state in states}  # fmt: skip
    every = {month: sum(cells[state, month] for state in states) for month in (*months, *map(year_before, months))}
    whole: dict[tuple[str, str], int] = {**cells, **{("all", month): n for month, n in every.items()}}
    gone = hidden(whole, [(("all", month), [(state, month) for state in states]) for month in every])
    return [
        Month(state, month, *(None if (state, at) in gone else whole[state, at] for at in (month, year_before(month))))
        for state in ("all", *states) for month in months
        if state == "all" or cells[state, month] or cells[state, year_before(month)]
    ]  # fmt: skip


def last_months(today: date, n: int) -> list[str]:
    """The latest n months, oldest first, each as `2026-11`."""
    at = today.year * 12 + today.month - 1
    return [f"{(at - back) // 12}-{(at - back) % 12 + 1:02}" for back in range(n - 1, -1, -1)]


def year_before(month: str) -> str:
    return f"{int(month[:4]) - 1}{month[4:]}"


def _of(n: int | None, whole: int | None) -> float | None:
    return None if n is None or not whole else 100 * n / whole
