"""Who would come along: alone, children and their ages, pregnant, a pet, another adult?"""

from __future__ import annotations

from collections.abc import Sequence

from flows.understanding.lexicon import Found, Heard, Lexicon

MOST_KIDS = 12
OLDEST_CHILD = 17
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
        count, ages = _kids(heard.words, seen["kids"], lexicon)
        out["kids"] = count
        if ages:
            out["kid_ages"] = ages
    out.update({kind: True for kind in ("pregnant", "pet", "adult") if kind in seen})
    if "alone" in seen and not out:
        out["alone"] = True
    return out


def _kids(words: Sequence[str], hits: Sequence[Found], lexicon: Lexicon) -> tuple[int | None, list[int]]:
    kid_words, one, two = (lexicon.sets[f"household.{key}"] for key in ("kid_words", "one_kid", "two_kids"))
    spots = sorted({at for hit in hits for at in range(hit.start, hit.end) if words[at] in kid_words})
    count: int | None = 0
    ages: list[int] = []
    used: set[int] = set()
    for at in spots:
        number = _count_before(words, at)
        if number is not None:
            used.add(number)
            count = None if count is None else count + int(words[number])
        elif words[at] in two:
            count = None if count is None else count + 2
        elif words[at] in one:
            count = None if count is None else count + 1
        else:
            count = None
        ages.extend(_ages(words, at, used, lexicon))
    if not spots:
        # "my 3 year old": the child is named by the age alone
        for hit in hits:
            ages.extend(int(words[at]) for at in range(hit.start, hit.end) if _is_age(words, at, lexicon))
        count = len(ages) or None
    if ages and (count is None or count < len(ages)):
        count = len(ages)
    return (count if count and count <= MOST_KIDS else None), sorted(ages)


def _count_before(words: Sequence[str], at: int) -> int | None:
    for back in (at - 1, at - 2):
        if back >= 0 and words[back].isdigit() and 1 <= int(words[back][:4]) <= MOST_KIDS and len(words[back]) < 3:
            return back
        if back >= 0 and words[back] in ("and", "n", "y"):
            break
    return None


def _ages(words: Sequence[str], at: int, used: set[int], lexicon: Lexicon) -> list[int]:
    """The numbers that follow the children: "2 kids 3 n 5", "my son is 15"; months count as age nought."""
    links, own = lexicon.sets["household.list_words"], lexicon.sets["household.own_words"]
    months, kid_words = lexicon.sets["household.month_units"], lexicon.sets["household.kid_words"]
    out: list[int] = []
    for to in range(at + 1, len(words)):
        word = words[to]
        if word in own:
            break
        if word.isdigit():
            following = words[to + 1] if to + 1 < len(words) else ""
            if to in used or len(word) > 2 or int(word) > OLDEST_CHILD or following in kid_words:
                break
            used.add(to)
            out.append(0 if following in months else int(word))
        elif word not in links:
            break
    return out


def _is_age(words: Sequence[str], at: int, lexicon: Lexicon) -> bool:
    word = words[at]
    following = words[at + 1] if at + 1 < len(words) else ""
    return (
        word.isdigit()
        and len(word) < 3
        and int(word) <= OLDEST_CHILD
        and following in lexicon.sets["household.age_units"]
    )
