"""Which taxonomy do we publish under? A small one of our own: kinds of program, facets and rules, specialisations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from bot.rules.continuum import FACETS, KINDS, RULES, SPECIALISATIONS, UNIT_SCHEME, UNITS
from bot.rules.hsds import is_uuid

_OURS = bytes.fromhex("6f0c5a3e6a1d4d0b9f3b2f1b7c0a5d11")
_ABOUT = "How Quietline describes programs: what kind of help it is, whom it serves, which rules it has."


def public_id(own: str) -> str:
    """HSDS wants UUIDs: an id that is one stays, any other has one made of it, always the same."""
    return own.lower() if is_uuid(own) else _uuid5(own)


def _uuid5(name: str) -> str:
    """RFC 9562 5.5. Python's own module makes random ones too, and stays out of this room."""
    made = bytearray(hashlib.sha1(_OURS + name.encode(), usedforsecurity=False).digest()[:16])
    made[6], made[8] = made[6] & 0x0F | 0x50, made[8] & 0x3F | 0x80
    text = made.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


TAXONOMY: Mapping[str, Any] = {
    "id": public_id("taxonomy:quietline"), "name": "Quietline", "description": _ABOUT, "version": "1",
}  # fmt: skip


def _term(code: str, name: str, description: str) -> dict[str, Any]:
    return {
        "id": public_id(f"term:{code}"), "code": code, "name": name, "description": description,
        "taxonomy": "Quietline", "taxonomy_id": TAXONOMY["id"], "language": "en",
    }  # fmt: skip


def _plain(word: str) -> str:
    return word.replace("_", " ")


TERMS: Mapping[str, Mapping[str, Any]] = {
    term["code"]: term
    for term in (
        *(_term(f"service_type:{kind}", _plain(kind), "A kind of program.") for kind in KINDS),
        *(
            _term(f"{link_type_of}:{facet}", _plain(facet), "A rule of the house." if facet in RULES else "Who fits.")
            for facet in FACETS
            for link_type_of in (["rule"] if facet in RULES else ["eligibility"])
        ),
        *(_term(f"specialization:{tag}", _plain(tag), "A group the program knows well.") for tag in SPECIALISATIONS),
        _term("confidential", "confidential", "Where it is is told to the person alone, by the program itself."),
        _term("room", "room", "Whether there is room: yes, no, or ask."),
        _term("freshness", "freshness", "How sure the count still is: fresh, aging, stale or unknown."),
    )
}
"""Code -> term. The code says the attribute's link_type too."""
CODE_OF_TERM = {term["id"]: code for code, term in TERMS.items()}
UNIT_ROWS = {
    unit: {"id": public_id(f"unit:{unit}"), "name": _plain(unit), "scheme": UNIT_SCHEME, "identifier": unit}
    for unit in UNITS
}
