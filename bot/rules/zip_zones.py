"""In which state and time zones may somebody be who told us the beginning of a ZIP code? Data: zip_zones.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Around:
    """Every state and every zone that a stated area may lie in."""

    states: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


def around(zip3s: Iterable[str]) -> Around:
    """For the first three digits of ZIP codes; those nobody knows narrow nothing."""
    found = [_TABLE[zip3] for zip3 in zip3s if zip3 in _TABLE]
    states = dict.fromkeys(state for state, _ in found)
    zones = dict.fromkeys(zone for _, zones in found for zone in zones)
    return Around(tuple(states), tuple(zones))


def _table() -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    document = tomllib.loads(files(__package__).joinpath("zip_zones.toml").read_text(encoding="utf-8"))
    for name, (runs, zone) in document["states"].items():
        for run in runs.split():
            first, _, last = run.partition("-")
            for number in range(int(first), int(last or first) + 1):
                yield f"{number:03}", (name.partition("_")[0], tuple(document["zones"][zone]))


_TABLE: Mapping[str, tuple[str, tuple[str, ...]]] = dict(_table())
