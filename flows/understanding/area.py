"""Where should we look? Three ZIP digits, a city, or far from here; a street is never kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.understanding.fold import is_sign
from flows.understanding.gazetteer import Named
from flows.understanding.lexicon import Found, Heard, Lexicon
from flows.understanding.reading import Cause

_STREET_REACH = 3


def area_of(
    heard: Heard, found: Sequence[Found], asked: bool, lexicon: Lexicon
) -> tuple[dict[str, object], list[Cause]]:
    """The slots `area` or `area_guess`, and why. Unasked, a place counts only after a word such as "near"."""
    answers: dict[str, object] = {}
    causes: list[Cause] = []
    area: dict[str, object] = {}
    away = range(0)
    for one in found:
        if one.rule.name == "far.phrases" or (asked and one.rule.name == "far.asked"):
            area["far"] = True
            causes.append(one.rule.cause)
            away = range(one.start, one.end)
            break
    zip3 = _zip3(heard.words, asked, lexicon, far="far" in area)
    if zip3:
        area["zip3"] = zip3
        causes.append(Cause("area:zip"))
    else:
        place = _place(heard, asked, lexicon)
        if place is not None and place.start not in away:  # "out of texas" is not Texas
            value: dict[str, object] = {"place": place.place.label, "zip3s": list(place.place.zip3s)}
            causes.append(place.place.cause)
            if place.sure:
                area.update(value)
            else:
                answers["area_guess"] = value
    if area:
        answers["area"] = area
    return answers, causes


def _zip3(words: Sequence[str], asked: bool, lexicon: Lexicon, *, far: bool = False) -> str | None:
    """The first three digits of the ZIP in the text. A house number, five digits or not, is not one; three digits by
    themselves are, and "far from 782"."""
    numbers = [at for at, word in enumerate(words) if word.isdigit() and word >= "005"]
    if not numbers:
        return None
    near, zips, streets = (lexicon.sets[key] for key in ("area.near", "area.zip_words", "area.streets"))
    alone = all(word in lexicon.sets["area.drop"] or word in zips or word.isdigit() or is_sign(word) for word in words)
    for at in reversed(numbers):
        word = words[at]
        before = words[max(0, at - 2) : at]
        named = any(w in zips for w in (*before, *words[at + 1 : at + 2]))
        if len(word) == 5:
            following = words[at + 1 : at + 1 + _STREET_REACH]
            house = any(w in streets for w in following) and not any(w.isdigit() for w in following[:1])
            if (asked and not house) or named or (not house and any(w in near for w in before)):
                return word[:3]
        elif len(word) == 9 and (asked or named):
            return word[:3]
        elif len(word) == 3 and ((asked and (alone or (far and before[-1:] and before[-1] in near))) or named):
            return word
    return None


def _place(heard: Heard, asked: bool, lexicon: Lexicon) -> Named | None:
    words = heard.words
    near = lexicon.sets["area.near"]
    if not asked and near.isdisjoint(words):
        return None
    bare = tuple(word for word in words if word not in lexicon.sets["area.drop"]) or words
    dotted = asked and words in (("l", "a"), ("d", "c"))  # "L.A." is the city, not a state, and no article
    if dotted:
        words = bare = ("".join(words),)
    named = lexicon.places.named(words)
    if dotted:
        named = [replace(one, sure=True) for one in named]
    if not named and asked:
        words, named = bare, lexicon.places.named(bare)
    named = [_with_its_state(one, named) for one in named]
    # a name that could be another place counts only when it is all that was said, or a state follows it
    named = [
        one
        for one in named
        if one.sure
        or (asked and one.end - one.start in (len(bare), len(words)))
        or lexicon.places.after(words, one.end, one.place)
    ]
    if not asked:
        named = [one for one in named if any(w in near for w in words[max(0, one.start - 2) : one.start])]
    end = lexicon.places.at_end(words) if asked else None
    if not named:
        return end
    sure = [one for one in named if one.sure]
    best = (sure or named)[0]
    states = [one for one in (*named, *([end] if end else [])) if one.place.state and one.start >= best.end]
    state = lexicon.places.after(words, best.end, best.place) or (states[0].place if states else None)
    if state is not None and not best.place.state and not set(best.place.zip3s) & set(state.zip3s):
        # "jackson mi": a town we do not list, in a state we do
        return Named(state, best.start, best.end, True)
    if state is not None:
        return Named(best.place, best.start, best.end, True)
    return best


def _with_its_state(one: Named, named: Sequence[Named]) -> Named:
    """ "SA texas": the state that follows says which place is meant."""
    states = [other for other in named if other.place.state and other.start == one.end]
    if one.sure or one.place.state or not states or not set(one.place.zip3s) & set(states[0].place.zip3s):
        return one
    return replace(one, sure=True)
