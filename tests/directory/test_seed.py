"""Is the demo whole, only a demo, and never where it must not be?"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from bot.rules.criteria import traits_of
from bot.store import candidates, directory, staff
from bot.store.db import Database
from bot.usecases import accounts
from bot.usecases.find_openings import search
from bot.usecases.seed import LOGINS, Seeded, seed

COPY = tomllib.loads((Path(__file__).parents[2] / "flows" / "copy" / "en.toml").read_text(encoding="utf-8"))


def test_an_empty_database_gets_a_directory_log_ins_and_advocates_on_shift(database: Database) -> None:
    seeded = seed(database, demo=True)
    assert seeded.programs >= 24
    assert {login.role for login in seeded.logins} == set(staff.ROLES) - {"auditor"}
    for login in seeded.logins:
        assert accounts.check_password(database, login.email, login.password)
    with database.reading() as tx:
        assert {s.alias for s in staff.on_shift(tx, tx.now + timedelta(hours=23))} == {"Ana", "Luis"}
        assert len(candidates.every(tx)) >= seeded.programs
    assert {ranked.candidate.need for ranked in search(database, {})} == {
        "bed", "advocacy", "health", "legal", "basics", "other",
    }  # fmt: skip


def test_a_second_start_adds_nothing_but_fresh_counts(database: Database) -> None:
    seed(database, demo=True)
    assert seed(database, demo=True) == Seeded(programs=0, logins=LOGINS)
    with database.reading() as tx:
        assert tx.conn.execute(select(func.count()).select_from(staff.staff)).scalar() == len(LOGINS)


def test_a_start_that_was_cut_short_goes_on(database: Database) -> None:
    accounts.add_staff(database, email=LOGINS[0].email, alias="Ana", roles=["advocate"])
    assert seed(database, demo=True).programs >= 24


def test_nothing_is_put_where_anyone_real_may_be(database: Database) -> None:
    assert seed(database, demo=False) == Seeded()
    accounts.add_staff(database, email="someone@example.org", alias="Someone", roles=["admin"])
    assert seed(database, demo=True) == Seeded()
    with database.reading() as tx:
        assert candidates.every(tx) == []


def test_providers_are_fictional_and_their_texts_fit(sqlite_database: Database) -> None:
    seed(sqlite_database, demo=True)
    with sqlite_database.reading() as tx:
        found = candidates.every(tx)
        about = directory.about(tx, [opening.program_id for opening in found])
        for opening in found:
            assert len(about[opening.program_id][0]) <= 8, "{PROG} is measured with eight"
            assert set(opening.traits) <= set(COPY["traits"])
            for number, language in directory.reporters_of(tx, opening.program_id):
                assert number[-7:-2] == "55501", "555-01xx belongs to nobody"
                assert language in ("en", "es")


def test_a_trait_says_no_more_than_was_stated() -> None:
    assert traits_of({}) == ()
    assert "pets_ok" not in traits_of({"pets": "ask"})
    assert "kids_ok" not in traits_of({"kids": False})
