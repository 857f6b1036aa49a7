"""What a list of the carrier's proves, and what it does not."""

from __future__ import annotations

import pytest

from bot.rules.fate import Absent, CannotTell, Found, Seen, judge

MINE, OTHER, EMPTIED = "Hi", "Something else", ""


@pytest.mark.parametrize(
    ("bodies", "older_siblings", "verdict"),
    [
        ([], 0, Absent()),
        ([OTHER], 0, Absent()),
        ([MINE], 0, Found("SM0")),
        ([OTHER, MINE, MINE], 0, Found("SM1")),  # the oldest; the younger is somebody's who asks after us
        ([MINE], 1, Absent()),  # it is the older one's: one of two equal texts arrived, and one must still leave
        ([MINE, MINE], 1, Found("SM1")),
        ([EMPTIED], 0, CannotTell()),
        ([EMPTIED, MINE], 0, Found("SM1")),  # ours is there whatever the other was
        ([EMPTIED, MINE], 1, CannotTell()),
    ],
)
def test_verdict(bodies: list[str], older_siblings: int, verdict: object) -> None:
    seen = [Seen(f"SM{n}", body) for n, body in enumerate(bodies)]
    assert judge(seen, MINE, older_siblings) == verdict
