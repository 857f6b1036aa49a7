"""How does a use case say no? A value with a reason in plain words for staff; nothing was changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """`reason` is a whole sentence, fit to be shown to the one who asked. It never holds a person's words."""

    reason: str
