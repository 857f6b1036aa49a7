"""What a search remembers of the directory is never what it was: not after an edit, nor a count, nor a deed undone."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.rules.facets import Candidate
from bot.store import candidates, directory, openings
from bot.store.db import Database, Tx
from tests.directory.test_search_exactness import everything, fill

PROGRAMS = 30


class Undone(Exception):
    """What takes a transaction back."""


def told(tx: Tx) -> list[object]:
    return sorted(map(_plain, candidates.every(tx)))


def so(tx: Tx) -> list[object]:
    return sorted(map(_plain, everything(tx)))


def _plain(c: Candidate) -> tuple[object, ...]:
    """All but whom it is known for, which a search is given from elsewhere."""
    return c.stock_id, c.available, str(c.observed_at), str(c.life), sorted(c.zip3s), str(sorted(c.facets.items()))


def an_edit(tx: Tx, dice: random.Random) -> None:
    program_id = f"p{dice.randrange(PROGRAMS)}"
    values = dice.choice([{"facets": {"trans": dice.random() < 0.5}}, {"status": dice.choice(["active", "paused"])},
                          {"zip3": [str(dice.randrange(100, 999))]}, {"kind": "apartment"}])  # fmt: skip
    tx.conn.execute(directory.programs.update().where(directory.programs.c.program_id == program_id).values(values))


def an_exception(tx: Tx, dice: random.Random) -> None:
    stock_id = f"p{dice.randrange(PROGRAMS)}-bed"
    mine = directory.stocks.c.stock_id == stock_id
    tx.conn.execute(directory.stocks.update().where(mine).values(facets={"pets": dice.random() < 0.5}))


def a_count(tx: Tx, dice: random.Random) -> None:
    openings.observe(tx, stock_id=f"p{dice.randrange(PROGRAMS)}-bed", available=dice.randrange(9), via="sms")


def a_silence(tx: Tx, dice: random.Random) -> None:
    openings.fall_silent(tx, f"p{dice.randrange(PROGRAMS)}")


def a_verdict(tx: Tx, dice: random.Random) -> None:
    values = {"vetting": dice.choice(["approved", "suspended"])}
    tx.conn.execute(directory.organizations.update().values(values))


DEEDS: tuple[Callable[[Tx, random.Random], None], ...] = (an_edit, an_exception, a_count, a_silence, a_verdict)


@pytest.mark.parametrize("seed", range(6))
def test_a_search_is_told_what_stands_at_that_moment(database: Database, seed: int) -> None:
    """Edits and counts, several in one transaction, some taken back in part or whole; looked at from within each and
    from beside it, so that everybody's memory is written by everybody."""
    dice = random.Random(seed)
    with database.transaction() as tx:
        fill(tx, dice, many=PROGRAMS)
    for _ in range(25):
        with suppress(Undone), database.transaction() as tx:
            for _ in range(dice.randrange(1, 4)):
                with suppress(Undone), tx.conn.begin_nested():
                    dice.choice(DEEDS)(tx, dice)
                    assert told(tx) == so(tx)
                    if dice.random() < 0.3:
                        raise Undone
                assert told(tx) == so(tx)
            if dice.random() < 0.3:
                raise Undone
        with database.reading() as tx:
            assert told(tx) == so(tx)


def test_what_an_open_transaction_writes_is_nobody_elses(postgres_database: Database) -> None:
    with postgres_database.transaction() as tx:
        fill(tx, random.Random(1), many=3)
    with suppress(Undone), postgres_database.transaction() as mine:
        mine.conn.execute(directory.programs.update().values(facets={"phone": True}))
        assert told(mine) == so(mine)
        with postgres_database.reading() as other:
            assert told(other) == so(other) != told(mine)
        mine.conn.execute(directory.programs.update().values(facets={"phone": False}))
        assert told(mine) == so(mine)
        raise Undone
    with postgres_database.reading() as tx:
        assert told(tx) == so(tx)


@pytest.mark.parametrize(("mark", "mine", "before"), [
    ("750", "751", True), ("751", "751", False), ("752", "751", False), ("4294967000", "5", True),
    ("5", "4294967000", False),
])  # fmt: skip
def test_transactions_are_numbered_in_a_circle(mark: str, mine: str, before: bool) -> None:
    assert candidates._before(mark, mine) is before
