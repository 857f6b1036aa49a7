"""Are the promises kept by real processes that are sent SIGKILL at each marked point, while Redis and PostgreSQL fail?

One house on each database lives through some rounds. In each, points are armed, the weather at the carrier turns, and
something terrible happens; when every armed point has killed somebody and the line has healed, the whole account up to
there is checked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.proof import armed
from tests.proof.checker import check
from tests.proof.house import ProvenHouse, own_postgres, proven_house
from tests.proof.lives import seeds
from tests.proof.points import POINTS

TEXTS = 9
ODDS = 0.3
HOUSES = ("sqlite", "postgres")
LIVES_A_ROUND = 750
"""Asked for more simulated lives, these houses live through more rounds."""


def rounds(database: str) -> list[tuple[int, list[str], str]]:
    """Seed, armed points and disaster of each round. Between them, the houses see every point; with two rounds each,
    which house sees which point is the seed's choice."""
    number = max(2, seeds(0) // LIVES_A_ROUND)
    dice = random.Random(f"rounds {number}")
    points = dice.sample(POINTS, len(POINTS))
    if database == "postgres":
        points.reverse()
    disasters = {"sqlite": ["redis forgets", "redis dies"], "postgres": ["postgres restarts", "redis freezes"]}[
        database
    ]
    disasters += ["the worker dies", "the clock dies", "the web dies"]
    share = -(-len(POINTS) // 4)
    return [
        (n, [points[(n * share + k) % len(points)] for k in range(share)], disasters[n % len(disasters)])
        for n in range(number)
    ]


@pytest.fixture(params=HOUSES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProvenHouse]:
    with ExitStack() as stack:
        postgres = stack.enter_context(own_postgres()) if request.param == "postgres" else None
        yield stack.enter_context(proven_house(tmp_path, postgres))


@pytest.mark.timeout(900)
def test_every_promise_is_kept_by_processes_that_are_killed(house: ProvenHouse) -> None:
    for seed, points, disaster in rounds("sqlite" if house.postgres is None else "postgres"):
        house.house.control.faults(seed=seed, odds=ODDS)
        for point in points:
            armed.arm(house.armed, point)
        house.live(random.Random(f"round {seed}"), TEXTS, disaster)
        house.heal()
        house.go_on_until(lambda: not armed.still_armed(house.armed))
        complaints = check(house.account())
        assert not complaints, f"round {seed}, {disaster}, killed at {points}: {complaints}"


def test_every_point_is_armed_in_one_of_the_houses() -> None:
    assert {point for name in HOUSES for _, points, _ in rounds(name) for point in points} == set(POINTS)
