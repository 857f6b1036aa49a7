"""What do a program's criteria come to, for the matcher and for what a person may be told of it?

`project` makes the one document matching reads from many lines that each have a source, a hardness and a basis.
`traits_of` is the closed list of what may be said: no name, no place and no free text has a way into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SETTINGS = ("own_room", "shared_room", "apartment", "hotel")
STAYS = (30, 90, 365)
SOFT, LAW = "soft", "law"
"""Beside its facets the document names those that are no hard line (soft, or asked each time: what does not fit them
may fit) and those that rest on a law (nobody is asked to bend them). What it does not name is hard, and no law."""
_SERVED_BY_UNIT = {"women_bed": ["women"], "men_bed": ["men"]}


class Facets(dict[str, Any]):
    """One such document, never changed once it is made; `memo` is where the matcher keeps what it comes to."""

    __slots__ = ("memo",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.memo: dict[Any, Any] = {}


def project(criteria: Iterable[tuple[str, Any, str, str]]) -> dict[str, Any]:
    """Facet -> value, from verified criteria (facet, value, hardness, basis), the oldest first: who asked last knows
    best."""
    facets: dict[str, Any] = {}
    named: dict[str, set[str]] = {SOFT: set(), LAW: set()}
    for facet, value, hardness, basis in criteria:
        facets[facet] = value
        for name, holds in ((SOFT, hardness != "hard"), (LAW, basis == "law")):
            (named[name].add if holds else named[name].discard)(facet)
    return facets | {name: sorted(those) for name, those in named.items() if those}


def merged(facets: Mapping[str, Any], own: Mapping[str, Any], unit: str = "") -> Facets:
    """What one stock states: its program's facets, those it has of its own before them (a single bed for a man this
    week, in a house for women), and what its unit says: a bed in the women's room is for women."""
    made = Facets({**facets, **own})
    for name in (SOFT, LAW):
        both = (set(facets.get(name, ())) - set(own)) | set(own.get(name, ()))
        if both:
            made[name] = sorted(both)
        else:
            made.pop(name, None)
    if unit in _SERVED_BY_UNIT:
        made["gender"] = _SERVED_BY_UNIT[unit]
    return made


def traits_of(facets: Mapping[str, Any]) -> tuple[str, ...]:
    """What a program's facets allow to be said of it to a person: keys of [traits], never more than it stated."""
    setting, nights = facets.get("setting"), facets.get("stay_nights")
    stated = (
        setting if setting in SETTINGS else None,
        _TONIGHT if (facets.get("intake_within_h") or 1000) <= 12 else None,
        *(trait for facet, trait in _YES_TRAITS.items() if facets.get(facet) is True),
        "kids_ok" if isinstance(facets.get("kids"), dict) or facets.get("kids") is True else None,
        "no_religion" if facets.get("faith") in ("none", "optional") else None,
        "spanish_staff" if "es" in facets.get("languages", ()) else None,
        "women_only" if facets.get("gender") == ["women"] else None,
        "men_only" if facets.get("gender") == ["men"] else None,
        f"nights_{nights}" if nights in STAYS else None,
    )
    return tuple(trait for trait in stated if trait is not None)


_TONIGHT = "tonight"
_YES_TRAITS = {
    "by_phone": "by_phone",
    "picks_up": "picks_up",
    "phone": "keep_phone",
    "pets": "pets_ok",
    "lgbtq": "lgbtq_ok",
    "trans": "trans_welcome",
    "step_free": "step_free",
    "meds": "meds_ok",
    "leave_freely": "come_and_go",
}
