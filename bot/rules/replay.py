"""How is a decision of the governor kept, so that anybody can decide it again and see why? Facts to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from bot.rules.forecast import Coming
from bot.rules.governor import Cell, Desk, Facts, Gates, Lane, Queue


def kept(facts: Facts) -> dict[str, Any]:
    """Counts, moments and codes: nothing in it is anybody's."""
    inputs: dict[str, Any] = _plain(asdict(facts))
    inputs["gates"].pop("harm")  # words, which its code and its row say as well
    return inputs


def facts_of(inputs: Mapping[str, Any]) -> Facts:
    """What `kept` was given."""
    lanes = (Lane(one["language"], _cell(one["cell"]), Queue(**_moments(one["queue"]))) for one in inputs["lanes"])
    return Facts(Gates(**_moments(inputs["gates"])), tuple(lanes))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case float():
            return round(value, 6)
    return value


def _moments(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if value and (name == "now" or name.endswith("_at")) else value
        for name, value in values.items()
    }


def _cell(values: Mapping[str, Any]) -> Cell:
    counts = {one.name: values[one.name] for one in fields(Cell) if one.type == "int"}
    return Cell(
        speakers=_desk(values["speakers"]), everyone=_desk(values["everyone"]), coming=_all(values["coming"]),
        mine=Coming(**values["mine"]), need=values.get("need", ""), **counts,
    )  # fmt: skip


def _desk(values: Mapping[str, Any]) -> Desk:
    return Desk(tuple(values["minutes_left"]), values["busy"], _all(values["coming"]))


def _all(values: list[Mapping[str, Any]]) -> tuple[Coming, ...]:
    return tuple(Coming(**one) for one in values)
