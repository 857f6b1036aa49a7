"""How is a text written down so that nobody can be told from it, and it is still understood as it was?

A word that the understanding needs stays; every other becomes a made-up word, the same one wherever it stands, so that
a code word is still the same word. A place becomes another place, a number another of its kind. Whether a word is
needed is not guessed: the text is read again without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from flows.conversation import Conversation
from flows.engine import understand
from flows.script import Script

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")
_PLAIN_SIGNS = frozenset(".,?!'/-&")
_LETTERS = "bcdfgjkmpqvwxz"
_NUMBERS = ("0", "20", "30", "15", "782", "78201", "2105550100")
_PLACE = "houston"


@dataclass(slots=True)
class Masks:
    """What stands for each word that was masked, throughout one conversation."""

    script: Script
    aliases: dict[str, str] = field(default_factory=dict)

    def mask(self, text: str, conversation: Conversation) -> str:
        """The text as it may be kept."""
        pieces = _PIECES.findall(text)
        wanted = self._meaning(text, conversation)
        for at, piece in enumerate(pieces):
            for other in self._instead_of(piece):
                tried = "".join([*pieces[:at], other, *pieces[at + 1 :]])
                if self._meaning(tried, conversation) == wanted:
                    pieces[at] = other
                    break
        return re.sub(r"\s+", " ", "".join(pieces)).strip()

    def _instead_of(self, piece: str) -> Iterator[str]:
        """Best first; none at all for what tells nothing."""
        if piece.isspace() or piece in _PLAIN_SIGNS:
            return
        if piece.isdigit():
            yield from (number for number in _NUMBERS if number != piece)
        elif piece.isalnum():
            yield self._alias(piece.casefold())
            yield _PLACE
        else:
            yield ""

    def _alias(self, word: str) -> str:
        if word not in self.aliases:
            number = len(self.aliases)
            ending = "".join(_LETTERS[number // len(_LETTERS) ** n % len(_LETTERS)] for n in range(3))
            self.aliases[word] = f"xq{ending}"
        return self.aliases[word]

    def _meaning(self, text: str, conversation: Conversation) -> tuple[object, ...]:
        """All that the engine takes from a text, but where it is and what the word was."""
        reading = understand(conversation, text, self.script)
        answers = {slot: self._kind(slot, value) for slot, value in reading.answers.items()}
        return (reading.intent, reading.option, sorted(answers.items(), key=str), reading.flags, reading.language,
                reading.other_language, reading.short_time)  # fmt: skip

    def _kind(self, slot: str, value: object) -> object:
        if slot in ("area", "area_guess") and isinstance(value, dict):
            return ("far" if "far" in value else "", "somewhere" if set(value) - {"far"} else "")
        return "a word" if slot in ("code_word", "duress_word") else str(value)
