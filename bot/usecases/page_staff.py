"""Who is called, by which of their channels, in which order? Rows, written with the change that calls for them.

One call is one colleague: their first channel at once, the next when the one before failed or was not heard in time.
What is sent is no proof; only an answer is (`hear_page`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from bot.services import Services
from bot.store import pages, rota, staff
from bot.store.db import Tx

ALPHABET = "23456789"
"""No letter and nothing that is misread at three in the morning."""
CODE_LENGTH = 4


def call(tx: Tx, services: Services, staff_ids: Iterable[str], *, why: str, tier: str, occasion: str,
         handoff_id: str | None = None) -> set[str]:  # fmt: skip
    """Calls each of them, once for this occasion; returns who is called beyond the desk's own page, or was."""
    wanted = list(dict.fromkeys(staff_ids))
    between = timedelta(seconds=services.ladder.next_channel_s)
    rows, turn, beyond_the_desk = [], dict.fromkeys(wanted, 0), set()
    channels = pages.channels_of(tx, wanted)
    made = pages.calls_made(tx, {f"{occasion}:{one.staff_id}" for one in channels})
    for channel in channels:
        call_key = f"{occasion}:{channel.staff_id}"
        if call_key in made:
            beyond_the_desk.add(channel.staff_id)
            continue
        rows.append({
            "handoff_id": handoff_id, "staff_id": channel.staff_id, "channel_id": channel.channel_id, "why": why,
            "tier": tier, "call_key": call_key, "code": code(), "due_at": tx.now + turn[channel.staff_id] * between,
        })  # fmt: skip
        turn[channel.staff_id] += 1
        if channel.kind != "desk":
            beyond_the_desk.add(channel.staff_id)
    pages.add(tx, rows)
    return beyond_the_desk


def reach(tx: Tx, act: str, owner_id: str | None = None) -> list[str]:
    """Whom an act of the ladder means, now. Never nobody while anybody could be meant: a lead stands in for an empty
    line, an admin for a missing lead."""
    match act:
        case "owner":
            return [owner_id] if owner_id else []
        case "ring" | "offer_all":
            return [one.staff_id for one in staff.on_shift(tx, tx.now) if one.staff_id != owner_id]
        case "lead":
            return leads(tx)
        case "on_call":
            return rota.on_call(tx, 1) or rota.on_call(tx, 2) or leads(tx)
        case "second":
            return rota.on_call(tx, 2) or rota.on_call(tx, 3) or leads(tx)
        case "director":
            return rota.on_call(tx, 3) or [*staff.with_role(tx, "lead"), *staff.with_role(tx, "admin")]
    return []


def leads(tx: Tx) -> list[str]:
    """Those on shift; else every lead; else the admins."""
    every = staff.with_role(tx, "lead")
    there = {one.staff_id for one in staff.on_shift(tx, tx.now)}
    return [one for one in every if one in there] or every or staff.with_role(tx, "admin")


def code() -> str:
    """What a call is answered with."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
