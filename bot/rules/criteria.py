"""What do a program's criteria come to, for the matcher and for what a person may be told of it?

`project` makes the one document matching reads from many lines that each have a source and a basis. `traits_of` is the
closed list of what may be said: no name, no place and no free text has a way into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SETTINGS = ("own_room", "shared_room", "apartment", "hotel")
STAYS = (30, 90, 365)


def project(criteria: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Facet -> value, from verified criteria, the oldest first: who asked last knows best."""
    return dict(criteria)


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
