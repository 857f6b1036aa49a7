"""How does a use case say no? A value with a reason in plain words for staff; nothing was changed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules.phrases import Phrase, phrase


@dataclass(frozen=True, slots=True)
class Refused:
    """`reason` is a whole sentence, fit to be shown to the one who asked. It never holds a person's words."""

    reason: str

    def __post_init__(self) -> None:
        if not isinstance(self.reason, Phrase):
            object.__setattr__(self, "reason", phrase(self.reason))
