"""Does a search of a whole directory lose nobody? Beside a brute-force matcher that reads every row there is."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.rules.criteria import merged
from bot.rules.facets import Candidate
from bot.rules.freshness import Life, age_of, prior
from bot.store import directory, directory_criteria, openings
from bot.store.db import Database, Tx
from bot.usecases.find_openings import find, look_around, search
from bot.usecases.seed import add_demo_directory
from tests.rules import spec_matching as spec

PROGRAMS = 900
"""More for one need in one place than a search ever used to look at."""
ZIPS = ("782", "787", "770", "100", "")
NEEDS = ("bed", "bed", "bed", "legal")
FACETS: dict[str, tuple[Any, ...]] = {
    "age": ({"min": 18}, {"min": 0}, {"min": 13, "max": 17}, {"max": 24}),
    "gender": ("any", ["women"], ["men"]), "trans": (True, False, "ask"),
    "kids": (True, False, {"max": 2}, {"max_age": 12}), "pets": (True, False, "ask"), "adults": (True, False),
    "phone": (True, False), "faith": ("none", "required"), "leave_freely": (True, False), "from_away": (True, False),
    "languages": (["en"], ["en", "es"]), "barriers": ([], ["id"]), "intake_within_h": (2, 96), "soft": (["pets"], []),
}  # fmt: skip


def person(dice: random.Random) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "need": dice.choice([["bed"], ["legal"], ["bed", "legal"], "skipped"]),
        "area": dice.choice([{"zip3": "782"}, {"zip3": "100", "far": True}, {"far": True}, "skipped",
                             {"place": "x", "zip3s": ["787", "770"]}]),
        "age": dice.choice(["under18", "18-24", "25up", "unknown"]),
        "household": dice.choice([{"alone": True}, {"kids": 3, "kid_ages": [2, 5, 15]}, {"kids": None}, {"pet": True},
                                  {"adult": True, "pregnant": True}]),
        "places": dice.choice([["women"], ["men"], ["trans"], ["any"], ["women", "men"], ["elsewhere"]]),
        "musts": dice.choice([[], ["phone", "come_and_go"], ["no_religion"], ["lgbtq"]]),
        "urgency": dice.choice(["tonight", "week", "looking"]), "prefers": dice.choice([[], ["native"]]),
    }  # fmt: skip
    return {slot: value for slot, value in answers.items() if dice.random() < 0.7}


def fill(tx: Tx, dice: random.Random, *, many: int = PROGRAMS) -> None:
    directory.add_organization(tx, organization_id="o", name="O", vetting="approved")
    directory.add_organization(tx, organization_id="gone", name="Gone", vetting="suspended")
    programs, stocks, states = [], [], []
    for n in range(many):
        zips = dice.choice(ZIPS)
        programs.append({
            "program_id": f"p{n}", "organization_id": "gone" if dice.random() < 0.03 else "o", "code_name": f"P{n}",
            "need": dice.choice(NEEDS), "kind": dice.choice(["night_shelter", "emergency_house", "outpatient"]),
            "status": dice.choice(["active"] * 9 + ["paused"]), "region": "x", "zip3": [zips] if zips else [],
            "facets": {name: dice.choice(values) for name, values in FACETS.items() if dice.random() < 0.6},
            "traits": [], "confidential": True, "vetting": dice.choice(["approved"] * 9 + ["applied"]),
        })  # fmt: skip
        for unit in ("bed", "women_bed")[: dice.randrange(1, 3)]:
            stock_id = f"p{n}-{unit}"
            own = {"pets": True} if dice.random() < 0.1 else {}
            stocks.append({"stock_id": stock_id, "program_id": f"p{n}", "unit": unit, "maximum": 5, "facets": own})
            if dice.random() < 0.8:
                at = tx.now - timedelta(hours=dice.expovariate(1 / 30))
                states.append({
                    "stock_id": stock_id, "available": dice.randrange(3), "waitlist": False, "observed_at": at,
                    "received_at": at, "silent_at": tx.now if dice.random() < 0.1 else None, "yes_h": 40.0,
                    "full_h": 20.0, "yes_floor": 0.1, "full_top": 0.5, "usual": 0.4, "belief": {},
                })  # fmt: skip
    tx.conn.execute(directory.programs.insert(), programs)
    tx.conn.execute(directory.stocks.insert(), stocks)
    tx.conn.execute(openings.stock_states.insert(), states)
    for n in range(0, many, 7):
        directory_criteria.specialise(tx, program_id=f"p{n}", tag="native", verified_by="x" if n % 2 else None)


def everything(tx: Tx) -> list[Candidate]:
    """Every stock that may be matched, row by row, without a search's statement."""
    organizations, programs, stocks, states = (
        {row[0]: row for row in tx.conn.execute(select(table))}
        for table in (directory.organizations, directory.programs, directory.stocks, openings.stock_states)
    )
    known = directory_criteria.known_for(tx, ["native"])
    found = []
    for stock in stocks.values():
        p, t = programs[stock.program_id], states.get(stock.stock_id)
        if (p.status, p.vetting, organizations[p.organization_id].vetting) != ("active", "approved", "approved"):
            continue
        at = None if t is None or t.silent_at or age_of(t.observed_at, tx.now) is None else t.observed_at
        life = prior(p.kind) if t is None else Life(t.yes_h, t.full_h, t.yes_floor, t.full_top, t.usual)
        found.append(Candidate(
            p.program_id, stock.stock_id, p.need, life, frozenset(p.zip3), merged(p.facets, stock.facets, stock.unit),
            (), t.available if t else 0, at, known.get(p.program_id, frozenset()),
        ))  # fmt: skip
    return found


def test_a_search_finds_what_a_look_at_every_row_finds(database: Database) -> None:
    dice = random.Random(11)
    with database.transaction() as tx:
        fill(tx, dice)
    for _ in range(20):
        answers = person(dice)
        with database.reading() as tx:
            expected = spec.listed(everything(tx), answers, tx.now)
        found = search(database, answers)
        assert [(r.candidate.program_id, r.candidate.stock_id, r.unsure) for r in found] == expected, answers
        with database.reading() as tx:
            assert find(tx, answers).count == sum(one.may_be_told for one in found), answers


def test_the_one_place_that_fits_is_found_behind_a_thousand_that_do_not(sqlite_database: Database) -> None:
    """E36: whoever is hardest to place is looked for to the end, far away and with nothing said of where."""
    hard = {"need": ["bed"], "age": "25up", "household": {"kids": 4, "kid_ages": [2, 5, 9, 15]}, "places": ["men"]}
    with sqlite_database.transaction() as tx:
        directory.add_organization(tx, organization_id="o", name="O", vetting="approved")
        for n in range(1_000):
            facets = {"age": {"min": 18}, "gender": "any" if n == 999 else ["women"], "kids": True}
            directory.add_program(tx, program_id=f"p{n}", organization_id="o", code_name=f"P{n}", need="bed",
                                  kind="emergency_house", region="x", zip3=["770"], facets=facets, traits=[],
                                  confidential=True, vetting="approved")  # fmt: skip
            directory.add_stock(tx, stock_id=f"s{n}", program_id=f"p{n}", unit="room", maximum=3)
        tx.conn.execute(openings.stock_states.insert(), [
            {"stock_id": f"s{n}", "available": 0 if n == 999 else 1, "waitlist": False, "belief": {},
             "observed_at": tx.now - timedelta(days=9 if n == 999 else 0), "received_at": tx.now, "yes_h": 66.0,
             "full_h": 66.0, "yes_floor": 0.0, "full_top": 0.48, "usual": 0.48} for n in range(1_000)
        ])  # fmt: skip
    for area in ({"far": True, "zip3": "782"}, {"far": True}, "skipped"):
        assert [r.candidate.program_id for r in search(sqlite_database, {**hard, "area": area})] == ["p999"]


@pytest.mark.parametrize(("answers", "kept_out"), [
    ({"need": ["bed"], "area": {"zip3": "782"}, "age": "25up", "places": ["women"], "household": {"pet": True}}, "pet"),
    ({"need": ["bed"], "area": {"zip3": "900"}, "age": "25up"}, None),
])  # fmt: skip
def test_an_advocate_sees_what_one_thing_keeps_out_and_nobody_else_does(
    sqlite_database: Database, answers: dict[str, Any], kept_out: str | None
) -> None:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    looked = look_around(sqlite_database, answers)
    assert looked.matches == search(sqlite_database, answers)
    assert {miss.facet for miss in looked.near_misses} == ({kept_out} if kept_out else set())
