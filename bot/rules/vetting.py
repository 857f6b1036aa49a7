"""What must be done before a program may be matched, by whom, and for how long does it hold?

Four headings answered; references; a visit by a body that is not ours; two people who approve, neither who recruited
it (`domain.md` 3.7). A year later everything is looked at again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HEADINGS = ("victim_centredness", "sustainable_management", "collaboration", "ability_to_serve")
STATES = ("applied", "in_review", "references", "site_visit", "approved", "suspended", "retired", "declined")
"""Of organizations, programs and applications. Whether an approved one is due again is its clock's to say."""
_NEXT: Mapping[str, tuple[str, ...]] = {
    "applied": ("in_review", "declined"),
    "in_review": ("references", "declined"),
    "references": ("site_visit", "declined"),
    "site_visit": ("approved", "declined"),
    "approved": ("suspended", "retired"),
    "suspended": ("in_review", "retired"),
    "declined": ("in_review",),
    "retired": ("in_review",),
}
REVERIFY_AFTER = timedelta(days=365)
CRITERIA_REVERIFY_AFTER = timedelta(days=90)
"""Criteria of matched programs are at most ninety days old (`domain.md` 4)."""
OUR_OWN = ("quietline", "us", "ourselves")


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody went there."""

    body: str
    outcome: str


def may_move(state: str, to: str) -> bool:
    return to in _NEXT.get(state, ())


def missing_for_approval(*, headings: Collection[str], visits: Sequence[Visit], kinds_sorted: bool, areas_known: bool,
                         organization: str, programs: int) -> list[str]:  # fmt: skip
    """What is still to be done, in words for the one who wants to approve; empty when nothing is."""
    missing = [f"The answer on {heading.replace('_', ' ')} is missing." for heading in HEADINGS
               if heading not in headings]  # fmt: skip
    outside = [v for v in visits if v.body.strip().lower() not in (*OUR_OWN, organization.strip().lower())]
    if not outside:
        missing.append("A visit by an outside body has not been recorded.")
    elif outside[-1].outcome != "good":
        missing.append("The last visit did not end well.")
    if not programs:
        missing.append("It has no program to approve.")
    if not kinds_sorted:
        missing.append("A program was imported and nobody has said what kind it is.")
    if not areas_known:
        missing.append("A program does not say which area it serves.")
    return missing


def may_approve(staff_id: str, *, recruited_by: str | None, first: str | None) -> str | None:
    """Why this person may not give an approval; None when they may."""
    if staff_id == recruited_by:
        return "Whoever recruited a provider may not approve it."
    if staff_id == first:
        return "A second person must approve it: you were the first."
    return None


def share_verified(verified_at: Sequence[datetime | None], now: datetime) -> float | None:
    """The share looked at within twelve months; None when there is nothing to look at."""
    if not verified_at:
        return None
    fresh = sum(at is not None and now - at < REVERIFY_AFTER for at in verified_at)
    return fresh / len(verified_at)
