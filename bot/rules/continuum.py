"""Which kinds of help, places and promises does the directory know? From tonight's bed to two years.

A kind says which need it answers and whether it is a place to live in. A place to live in is confidential until
somebody whose job it is says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "night_shelter": "bed",
    "emergency_house": "bed",
    "hotel": "bed",
    "host_home": "bed",
    "safe_house": "bed",
    "youth_shelter": "bed",
    "residential_treatment": "bed",
    "detox": "health",
    "transitional": "bed",
    "apartment": "bed",
    "two_year_housing": "bed",
    "advocacy": "advocacy",
    "case_management": "advocacy",
    "legal_aid": "legal",
    "immigration_legal": "legal",
    "worker_rights": "legal",
    "clinic": "health",
    "mental_health": "health",
    "jobs": "other",
    "education": "other",
    "food": "basics",
    "clothing": "basics",
    "ride": "basics",
    "drop_in": "basics",
    "outpatient": "health",
    "remote": "other",
    "unsorted": "other",
}
"""Kind of program -> the need it answers. `outpatient` and `remote` are offices and lines of any need."""
UNSORTED = "unsorted"
"""Imported, and nobody has said yet what it is: it cannot be approved like this."""
ANY_NEED = ("outpatient", "remote", UNSORTED)
NEEDS = ("bed", "advocacy", "health", "legal", "basics", "other")
UNITS = ("bed", "women_bed", "men_bed", "room", "family_unit", "slot", "hotel_night", "appointment", "chair")
UNIT_SCHEME = "quietline"

SPECIALISATIONS = (
    "lgbtq", "native", "refugees", "ethnic_minorities", "homeless", "hiv", "belief_minorities", "youth", "families",
    "men", "labour", "deaf",
)  # fmt: skip

FACETS: Mapping[str, str] = {
    "age": "object",
    "gender": "words",
    "trans": "yes_no_ask",
    "kids": "object",
    "pregnancy": "yes_no_ask",
    "adults": "yes_no_ask",
    "pets": "yes_no_ask",
    "lgbtq": "yes_no_ask",
    "step_free": "yes_no_ask",
    "meds": "yes_no_ask",
    "leave_freely": "yes_no_ask",
    "phone": "yes_no_ask",
    "curfew": "yes_no_ask",
    "visitors": "yes_no_ask",
    "search_on_entry": "yes_no_ask",
    "work_allowed": "yes_no_ask",
    "smoking": "yes_no_ask",
    "faith": "word",
    "languages": "words",
    "barriers": "words",
    "setting": "word",
    "stay_nights": "count",
    "intake_within_h": "count",
    "from_away": "yes_no_ask",
    "by_phone": "yes_no_ask",
    "picks_up": "yes_no_ask",
    "timezone": "word",
}
"""What a criterion or a rule may be about (`domain.md` 3.2), and the shape of its value. Where a program is silent the
matcher decides by kind: a place to live in must be asked, an office has no such rule (`bot.rules.matching`)."""
RULES = ("phone", "curfew", "visitors", "search_on_entry", "work_allowed", "smoking", "faith", "leave_freely", "meds")
"""What people care about before they choose."""
SMALL_HOUSE = 11
"""Places, at and below which a count gives away who came and went (7 -> 6 the night someone fled)."""


def need_of(kind: str, said: str | None = None) -> str | None:
    """The need a program of this kind answers; what was said where the kind leaves it open. None: they disagree."""
    if kind not in KINDS:
        return None
    if kind in ANY_NEED:
        return said if said in NEEDS else KINDS[kind] if said is None else None
    return KINDS[kind] if said in (None, KINDS[kind]) else None


def is_home(kind: str) -> bool:
    """Somebody sleeps there."""
    return KINDS.get(kind) == "bed" or kind == "detox"


def fits_shape(facet: str, value: object) -> bool:
    """Whether this can be said of a facet by hand; whom a program's ages and children serve comes by import."""
    match FACETS.get(facet):
        case "yes_no_ask":
            return isinstance(value, bool) or value == "ask"
        case "words":
            return isinstance(value, list) and 0 < len(value) <= _MOST_WORDS and all(map(_is_word, value))
        case "word":
            return _is_word(value)
        case "count":
            return type(value) is int and 0 <= value <= _MOST_COUNTED
    return False


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_WORD and value.replace("_", "").isalnum()


_MOST_WORDS, _LONGEST_WORD, _MOST_COUNTED = 20, 30, 10_000
