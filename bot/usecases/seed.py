"""What does a demo line start with? A fictional directory and demo staff; never anything on a real carrier.

A person must never be told of a place that does not exist, so outside a demo nothing is done, and into a database
that holds anything of anyone's nothing is put.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.rules.criteria import traits_of
from bot.rules.vetting import REVERIFY_AFTER
from bot.store import directory, directory_criteria, directory_places, openings, people, staff
from bot.store.db import Database, Tx
from bot.usecases import accounts

SHIFT = timedelta(hours=24)
SEED = "seed"
"""Who verified what a demo says of its fictional programs."""
_DATA = Path(__file__).parents[1] / "seed" / "demo.toml"


@dataclass(frozen=True, slots=True)
class Login:
    role: str
    email: str
    password: str
    alias: str


LOGINS = (
    Login("advocate", "ana@quietline.example", "ana-simulated-only", "Ana"),
    Login("advocate", "luis@quietline.example", "luis-simulated-only", "Luis"),
    Login("lead", "marta@quietline.example", "marta-simulated-only", "Marta"),
    Login("outreach", "omar@quietline.example", "omar-simulated-only", "Omar"),
    Login("approver", "petra@quietline.example", "petra-simulated-only", "Petra"),
    Login("directory", "dina@quietline.example", "dina-simulated-only", "Dina"),
    Login("reviewer", "vera@quietline.example", "vera-simulated-only", "Vera"),
    Login("admin", "rosa@quietline.example", "rosa-simulated-only", "Rosa"),
)
"""The passwords are public: they are set in simulation only."""

_ON_SHIFT = ("ana@quietline.example", "luis@quietline.example")


@dataclass(frozen=True, slots=True)
class Seeded:
    """`programs` is how many were added now. `logins` is empty when this database is not a demo."""

    programs: int = 0
    logins: tuple[Login, ...] = ()


def seed(database: Database, *, demo: bool) -> Seeded:
    """Fill an empty database; make an older demo work again; leave every other one alone. `demo` is settings.demo: no
    text can leave this machine."""
    if not demo:
        return Seeded()
    with database.reading() as tx:
        standing, empty = _is_demo(tx), _is_empty(tx)
    if standing:
        refresh_demo(database)
        return Seeded(logins=LOGINS)
    if not empty:
        return Seeded()
    for login in LOGINS:  # staff first: if this is cut short the directory is still empty, and the next start goes on
        accounts.add_staff(database, email=login.email, alias=login.alias, roles=[login.role])
        accounts.set_password(database, email=login.email, password=login.password)
    with database.transaction() as tx:
        add_demo_directory(tx)
        _go_on_shift(tx)
    return Seeded(programs=len(_demo()["programs"]), logins=LOGINS)


def refresh_demo(database: Database) -> None:
    """Count every demo opening again, as it was at the start, and put the demo advocates on shift for a day."""
    with database.transaction() as tx:
        _count_again(tx)
        _go_on_shift(tx)


@cache
def _demo() -> dict[str, Any]:
    return tomllib.loads(_DATA.read_text(encoding="utf-8"))


def _is_demo(tx: Tx) -> bool:
    """All of the demo's programs were put there together, so one of them stands for all."""
    return directory.program_id_of(tx, _program_id(_demo()["programs"][0])) is not None


def _is_empty(tx: Tx) -> bool:
    """Nothing of anyone's: no program, no person, no staff but what an interrupted start may have left."""
    ours = sum(staff.find_by_email(tx, login.email) is not None for login in LOGINS)
    tables = (directory.organizations, people.people, staff.staff)
    counts = [tx.conn.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
    return counts == [0, 0, ours]


def _program_id(program: Mapping[str, Any]) -> str:
    return "demo-" + program["code"].lower()


def _stock_id(program: Mapping[str, Any], unit: str) -> str:
    return f"{_program_id(program)}-{unit}"


def add_demo_directory(tx: Tx) -> None:
    """The fictional organizations, programs and reporters, with fresh counts."""
    demo = _demo()
    reverify_at = tx.now + REVERIFY_AFTER
    for key, name in demo["organizations"].items():
        directory.add_organization(
            tx, organization_id=f"demo-of-{key}", name=name, vetting="approved", source="seed", visibility="public",
            jurisdictions=["US"], verified_at=tx.now, reverify_at=reverify_at,
        )  # fmt: skip
    for program in demo["programs"]:
        area, program_id = demo["areas"][program["area"]], _program_id(program)
        facets = {"timezone": area["timezone"], **program["facets"]}
        directory.add_program(
            tx, program_id=program_id, organization_id=f"demo-of-{program['organization']}", code_name=program["code"],
            need=program["need"], kind=program["kind"], region=area["region"], zip3=area["zip3"], facets=facets,
            traits=list(traits_of(facets)), confidential=program["need"] == "bed", vetting="approved", source="seed",
            visibility=program.get("visibility", "public"), intake=program.get("intake", {}), verified_at=tx.now,
            reverify_at=reverify_at, updated_at=tx.now,
        )  # fmt: skip
        for facet, value in facets.items():
            directory_criteria.state(tx, program_id=program_id, facet=facet, value=value, hardness="hard",
                                     basis="policy", source="seed", verified_by=SEED)  # fmt: skip
        for tag in program.get("specialisations", ()):
            directory_criteria.specialise(tx, program_id=program_id, tag=tag, verified_by=SEED)
        if "place" in program:
            directory_places.add(tx, program_id=program_id, listing=program["place"], source="seed")
        for unit, maximum, _, _ in program["stocks"]:
            stock_id = _stock_id(program, unit)
            directory.add_stock(tx, stock_id=stock_id, program_id=program_id, unit=unit, maximum=maximum)
        number, language = program["reporter"]
        directory.add_reporter(tx, number=number, program_id=program_id, language=language)
    _count_again(tx)


def _count_again(tx: Tx) -> None:
    for program in _demo()["programs"]:
        for unit, _, available, minutes in program["stocks"]:
            observed_at = tx.now - timedelta(minutes=minutes)
            openings.observe(
                tx, stock_id=_stock_id(program, unit), available=available, via="seed", observed_at=observed_at
            )


def _go_on_shift(tx: Tx) -> None:
    for email in _ON_SHIFT:
        account = staff.find_by_email(tx, email)
        if account is not None:
            staff.begin_shift(tx, account.staff_id, tx.now + SHIFT)
