"""Where is a program that hides nothing? The database refuses a place of a confidential one; this is the way in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, select

from bot.store.db import Tx, new_id
from bot.store.directory import programs
from bot.store.directory_records import locations, service_at_locations


def add(tx: Tx, *, program_id: str, listing: Mapping[str, Any], source: str) -> None:
    """One address. Raises IntegrityError for a confidential program: there is no such row to refer to."""
    location_id, address_id = new_id(), new_id()
    place = {
        "location_type": "physical",
        "addresses": [{"country": "US", "address_type": "physical", **listing, "id": address_id}],
    }
    row = {"location_id": location_id, "organization_id": None, "listing": place, "source": source}
    tx.conn.execute(locations.insert(), row)
    link = {
        "service_at_location_id": new_id(), "program_id": program_id, "confidential": False,
        "location_id": location_id, "listing": {},
    }  # fmt: skip
    tx.conn.execute(service_at_locations.insert(), link)


def drop(tx: Tx, program_ids: Collection[str]) -> None:
    """Where these programs were said to be is forgotten, and every location nothing points at any more."""
    sal = service_at_locations.c
    ids = list(tx.conn.execute(select(sal.location_id).where(sal.program_id.in_(list(program_ids)))).scalars())
    tx.conn.execute(delete(service_at_locations).where(sal.program_id.in_(list(program_ids))))
    if ids:
        still = set(tx.conn.execute(select(sal.location_id).where(sal.location_id.in_(ids))).scalars())
        tx.conn.execute(delete(locations).where(locations.c.location_id.in_(set(ids) - still)))


def hide(tx: Tx, program_id: str) -> None:
    """From now on it is confidential, and nothing here knows where it is."""
    drop(tx, [program_id])
    tx.conn.execute(programs.update().where(programs.c.program_id == program_id).values(confidential=True))
