"""Which words stand for one another? `@harm` in a phrase is any word of `[groups] harm`, in all its forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MARK = "@"
_ENDING = "~"


def expand(groups: Mapping[str, Sequence[str]], endings: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Every group with its endings and the groups it names spelled out. What cannot be is a ValueError that says why.

    `punch~` is the word with the endings called `~`, `chok~e` with those called `e`; `@he` is every word of that group.
    """
    return {name: _members(name, groups, endings, ()) for name in groups}


def _members(
    name: str, groups: Mapping[str, Sequence[str]], endings: Mapping[str, Sequence[str]], inside: tuple[str, ...]
) -> list[str]:
    if name in inside:
        raise ValueError(f"the group {name!r} stands inside itself")
    words: list[str] = []
    for entry in groups[name]:
        if entry.startswith(MARK):
            if entry[1:] not in groups:
                raise ValueError(f"{entry!r} is no group")
            words.extend(_members(entry[1:], groups, endings, (*inside, name)))
            continue
        stem, mark, ending = entry.partition(_ENDING)
        if not mark:
            words.append(stem)
        elif (ending or _ENDING) in endings:
            words.extend(stem + rest for rest in endings[ending or _ENDING])
        else:
            raise ValueError(f"{entry!r}: no endings are called {ending or _ENDING!r}")
    return list(dict.fromkeys(words))
