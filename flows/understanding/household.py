"""Who would come along: alone, children and their ages, pregnant, a pet, another adult?"""

from __future__ import annotations

from collections.abc import Sequence

from flows.understanding.children import Children
from flows.understanding.lexicon import Found, Heard, Lexicon

MOST_KIDS = 12
_KINDS = {
    "alone": "alone",
    "kids": "kids",
    "pregnant": "pregnant",
    "pet": "pet",
    "adult_with": "adult",
    "adult": "adult",
}


def household_of(heard: Heard, found: Sequence[Found], asked: bool, lexicon: Lexicon) -> dict[str, object]:
    """`{"kids": 2, "kid_ages": [3, 5], "pet": true}` and so on; `kids` is None when no number was told."""
    seen: dict[str, list[Found]] = {}
    for one in found:
        part, _, kind = one.rule.name.partition(".")
        if part != "household" or (kind.endswith("_asked") and not asked):
            continue
        seen.setdefault(_KINDS[kind.removesuffix("_asked")], []).append(one)
    out: dict[str, object] = {}
    if "kids" in seen:
        children = Children(heard.words, seen["kids"], seen.get("pregnant", ()), lexicon.sets)
        count, ages = children.told()
        if children.any:
            out["kids"] = count if count and count <= MOST_KIDS else None
        if ages:
            out["kid_ages"] = ages
        if not [one for one in seen.get("pregnant", ()) if not children.has_aged(one)]:
            seen.pop("pregnant", None)  # "my baby is 9 months"
    out.update({kind: True for kind in ("pregnant", "pet", "adult") if kind in seen})
    if "alone" in seen and not out:
        out["alone"] = True
    return out
