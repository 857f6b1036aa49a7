"""Which questions does a text answer, whatever was asked?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flows.understanding.area import area_of
from flows.understanding.household import household_of
from flows.understanding.lexicon import Found, Heard, Lexicon
from flows.understanding.reading import Cause, Expecting

PICK_ONE = frozenset({"urgency"})
"""Slots that hold one value: the first said, or the last after a correction."""


@dataclass(slots=True)
class Slots:
    """What was filled, and by which lines."""

    answers: dict[str, object] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)


def fill(heard: Heard, found: Sequence[Found], expecting: Expecting | None, lexicon: Lexicon) -> Slots:
    """Every slot the words fill. A bare option number is not read here: it answers only what was asked."""
    slots = Slots()
    asked = expecting.slot if expecting else ""
    _values(found, asked, expecting, lexicon, slots)
    household = household_of(heard, found, asked == "household", lexicon)
    if household == {"alone": True} and expecting is not None and expecting.parser == "yes_no":
        household = {}  # "im alone" to "OK to text now?" says that it is safe, not who would come
    if household:
        slots.answers["household"] = household
        slots.causes.append(Cause("lexicon:household"))
    area, causes = area_of(heard, found, asked == "area", lexicon)
    slots.answers.update(area)
    slots.causes.extend(causes)
    return slots


def _values(found: Sequence[Found], asked: str, expecting: Expecting | None, lexicon: Lexicon, slots: Slots) -> None:
    """The values of `[answers.<slot>]`, and of `[asked.<slot>]` for the question that was put."""
    hits: dict[str, list[tuple[int, int, str, Cause]]] = {}
    corrected = max((f.end for f in found if f.rule.name == "correction"), default=0)
    for one in found:
        part, _, rest = one.rule.name.partition(".")
        slot, _, value = rest.partition(".")
        if part == "answers" or (part == "asked" and slot == asked):
            hits.setdefault(slot, []).append((one.start, one.end, value, one.rule.cause))
    if asked in hits:
        # "my meds" to Q7 is what a place must allow; only then is it no need of its own
        spans = [(start, end) for start, end, _, _ in hits[asked]]
        hits = {slot: some if slot == asked else [hit for hit in some if not _within(hit, spans)]
                for slot, some in hits.items()}  # fmt: skip
    for slot, all_hits in hits.items():
        all_hits = [hit for hit in all_hits if not _inside(hit, all_hits)]
        if not all_hits:
            continue
        after = [hit for hit in all_hits if hit[0] >= corrected]
        if slot == asked and expecting and expecting.options:
            after = [hit for hit in after if hit[2] in expecting.options] or after
        order = expecting.options if slot == asked and expecting else ()
        # in the order of the text, the longer words first; "trans girl" is two values at one spot, in the order asked
        chosen = sorted(after or all_hits, key=lambda hit: (hit[0], -hit[1], hit[2] in order and order.index(hit[2])))
        if slot in PICK_ONE:
            chosen = chosen[:1]
        values = list(dict.fromkeys(hit[2] for hit in chosen))[: lexicon.limits.get(slot)]
        single = slot in PICK_ONE or (slot == asked and expecting is not None and expecting.parser == "choice")
        slots.answers[slot] = values[0] if single else values
        slots.causes.extend(hit[3] for hit in chosen if hit[2] in values)


_Hit = tuple[int, int, str, Cause]


def _within(hit: _Hit, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= hit[0] and hit[1] <= end for start, end in spans)


def _inside(hit: _Hit, others: Sequence[_Hit]) -> bool:
    """ "before noon" is not "noon": a phrase within a longer one of another value says nothing."""
    return any(
        one[0] <= hit[0] and hit[1] <= one[1] and one[1] - one[0] > hit[1] - hit[0] and one[2] != hit[2]
        for one in others
    )
