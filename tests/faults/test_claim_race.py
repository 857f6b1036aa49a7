"""F1: twenty-four hands press at once for two hundred people. Nobody is taken twice, nobody is lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.services import Services
from bot.store import conversations, handoffs, staff
from bot.store.db import Database
from bot.usecases.claim import Claimed, claim
from tests.web.line import services_on, someone_waits

Take = Callable[[Database, Services, str], "str | None"]
Claims = Callable[[Database, str, str, threading.Barrier], bool]


def _people(database: Database, n: int) -> list[str]:
    with database.transaction() as tx:
        return [someone_waits(tx, f"+1210555{i:04}")[1] for i in range(1000, 1000 + n)]


def _team(database: Database, n: int) -> list[str]:
    with database.transaction() as tx:
        return [staff.add(tx, email=f"a{i}@example.org", alias="Ana", roles=("advocate",)) for i in range(n)]


def _press(database: Database, line: Services, team: list[str], take: Take) -> list[str]:
    """Everybody presses until nobody is left; who was granted, by each press that said so."""
    granted: list[str] = []
    gate = threading.Barrier(len(team))

    def press(who: str) -> None:
        gate.wait(20)
        while (got := take(database, line, who)) is not None:
            granted.append(got)

    hands = [threading.Thread(target=press, args=(who,)) for who in team]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(60)
    return granted


def _take_next(database: Database, line: Services, who: str) -> str | None:
    answer = claim(database, line, handoff_id=None, staff_id=who)
    return answer.handoff_id if isinstance(answer, Claimed) else None


def _by_name(database: Database, line: Services, who: str) -> str | None:
    """The queue as a page shows it, and the first of it pressed."""
    while True:
        with database.reading() as tx:
            queue = handoffs.waiting(tx)
        if not queue:
            return None
        answer = claim(database, line, handoff_id=queue[0].handoff_id, staff_id=who)
        if isinstance(answer, Claimed):
            return answer.handoff_id


@pytest.fixture
def line(database: Database) -> Services:
    return services_on(database)


@pytest.mark.parametrize("take", [_take_next, _by_name], ids=["take next", "by name"])
def test_nobody_is_taken_twice_and_nobody_is_lost(database, line, take) -> None:
    on_postgres = database.engine.dialect.name == "postgresql"
    people, hands = (200, 24) if on_postgres and take is _take_next else (40, 6)
    ids = _people(database, people)
    team = _team(database, hands)
    line = line if take is _by_name else _without_caps(line)
    granted = _press(database, line, team, take)
    assert Counter(granted) == Counter(ids)
    with database.reading() as tx:
        rows = tx.conn.execute(select(handoffs.handoffs.c.climb, handoffs.handoffs.c.state)).all()
        epochs = tx.conn.execute(select(conversations.conversations.c.epoch)).scalars().all()
    assert {tuple(row) for row in rows} == {(1, "owned")}
    assert set(epochs) == {1}


def _without_caps(line: Services) -> Services:
    """Two hundred people are more than twenty-four advocates may hold: here only the race is tried."""
    return replace(line, ladder=replace(line.ladder, hard_cap=500))


def _read_then_write(database: Database, handoff_id: str, who: str, together: threading.Barrier) -> bool:
    """What everybody gets wrong at least once."""
    with database.reading() as tx:
        found = handoffs.get(tx, handoff_id)
    together.wait(20)
    if found is None or found.owner_id is not None:
        return False
    with database.transaction() as tx:
        row = handoffs.handoffs.update().where(handoffs.handoffs.c.handoff_id == handoff_id)
        tx.conn.execute(row.values(state="owned", owner_id=who, claimed_at=tx.now))
    return True


def _row_count_unread(database: Database, handoff_id: str, who: str, together: threading.Barrier) -> bool:
    """A conditional update whose answer nobody reads."""
    together.wait(20)
    with database.transaction() as tx:
        handoffs.claim(tx, handoff_id, who, tx.now)
    return True


def _as_it_is(database: Database, handoff_id: str, who: str, together: threading.Barrier) -> bool:
    together.wait(20)
    with database.transaction() as tx:
        return handoffs.claim(tx, handoff_id, who, tx.now)


@pytest.mark.parametrize(("claims", "granted_to"), [(_as_it_is, 1), (_read_then_write, 6), (_row_count_unread, 6)])
def test_of_six_who_read_the_same_queue_one_is_granted_and_wrong_claims_are_caught(
    database: Database, claims: Claims, granted_to: int
) -> None:
    (handoff_id,) = _people(database, 1)
    together, granted = threading.Barrier(6), []
    hands = [
        threading.Thread(target=lambda who=who: granted.append(claims(database, handoff_id, who, together)))
        for who in _team(database, 6)
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(30)
    assert sum(granted) == granted_to


def _writers_of_owners(sources: Mapping[str, str]) -> set[str]:
    return {name for name, text in sources.items() if "handoffs.update()" in text and "owner_id" in text}


def test_only_one_file_writes_an_owner() -> None:
    root = Path(__file__).parents[2] / "bot"
    sources = {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*.py")}
    assert _writers_of_owners(sources) == {"store/handoffs.py"}
    planted = {"usecases/x.py": "tx.conn.execute(handoffs.update().values(owner_id=me))"}
    assert _writers_of_owners(sources | planted) == {"store/handoffs.py", "usecases/x.py"}
