"""Are the seven promises kept in thousands of lives, wherever a process dies, and would a broken line be caught?"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.proof.lives import live_all, repeat, seeds, simulated
from tests.proof.mutants import MUTANTS, Mutant
from tests.proof.points import POINTS

LIVES = 400
"""By themselves; `QUIETLINE_SEEDS` draws thousands."""
EVERY_POINT = 1000
"""Lives in which a process has died at each of the points."""
UNTIL_CAUGHT = 300
"""Lives in which a break must show. Those that are rare need some tens."""


@pytest.mark.timeout(1800)
def test_every_promise_is_kept_wherever_a_process_dies() -> None:
    number = seeds(LIVES)
    bad, killed = live_all(0, number)
    told = [f"{repeat(one.seed)}   promise {c.promise}: {c.words}" for one in bad for c in one.complaints]
    assert not told, "\n" + "\n".join(told[:30])
    if number >= EVERY_POINT:
        assert set(killed) == set(POINTS), "no process died there in any life"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.promise}-{mutant.name}")
def test_a_broken_promise_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    noticed: Counter[int] = Counter()
    with simulated(monkeypatch.setattr) as lives:
        mutant.breaks(monkeypatch.setattr, lives)
        for seed in range(UNTIL_CAUGHT):
            noticed.update(complaint.promise for complaint in lives.live(seed).complaints)
            if noticed[mutant.promise]:
                return
    pytest.fail(f"promise {mutant.promise} was broken and nobody noticed; other complaints: {dict(noticed)}")


def test_the_same_seed_is_the_same_life(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(monkeypatch.setattr) as lives:
        first, again, other = (lives.live(seed).story for seed in (17, 17, 18))
    assert first == again
    assert first != other
