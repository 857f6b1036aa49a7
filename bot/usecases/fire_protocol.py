"""Who must be told now, and whose task is it? A task with a name and a clock, in the transaction of what fired it.

The machine contacts nobody. A trigger that fired already in a conversation does not fire again while its task is open.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

from bot import log
from bot.rules.protocols import OF_FLAGS, ProtocolError, Protocols, jurisdiction_of
from bot.services import Services
from bot.store import audit, handoffs, staff, tasks
from bot.store.db import Tx
from flows.script import Script

KIND = "protocol"
_DATA = Path(__file__).parents[1] / "protocols.toml"


@cache
def protocols() -> Protocols:
    """Read once. The start asks for them: a wrong row must stop it, and never a turn in which somebody is in danger."""
    try:
        return Protocols(tomllib.loads(_DATA.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"protocols.toml: {error}") from None


def fire_protocol(tx: Tx, services: Services, conversation_id: str, trigger: str, answers: Mapping[str, object], *,
                  by: str | None = None) -> str | None:  # fmt: skip
    """The task's id; None when one for this trigger is open already. `by` is the human who set the trigger."""
    if tasks.list_open(tx, kind=KIND, conversation_id=conversation_id, trigger=trigger):
        return None
    row = protocols().lookup(jurisdiction_of(answers.get("area"), _states(services.script)), trigger)
    assigned, backup = named_humans(tx, conversation_id)
    task_id = tasks.open_task(
        tx, kind=KIND, conversation_id=conversation_id, trigger=trigger, script=row.script(),
        due_at=tx.now + timedelta(minutes=row.due_minutes),
        backup_at=tx.now + timedelta(minutes=row.backup_after_minutes), assigned_to=assigned, backup_id=backup,
    )  # fmt: skip
    audit.record(tx, act="protocol_fired", staff_id=by, object_id=task_id, detail=trigger)
    log.event("protocol_fired", kind=trigger)
    return task_id


def on_flags(tx: Tx, services: Services, conversation_id: str, new_flags: Iterable[str],
             answers: Mapping[str, object]) -> None:  # fmt: skip
    """What a turn has just noticed for the first time: called with the flags that are new."""
    for flag in new_flags:
        if flag in OF_FLAGS:
            fire_protocol(tx, services, conversation_id, OF_FLAGS[flag], answers)


def named_humans(tx: Tx, conversation_id: str | None) -> tuple[str | None, str | None]:
    """Who does it and who if they do not: whoever holds the conversation, those on shift, then any lead. Nobody at all
    is only possible while no such account exists; the task is then still late, and still told."""
    standing = handoffs.open_of(tx, conversation_id) if conversation_id else None
    owner = [standing.owner_id] if standing is not None and standing.owner_id else []
    there = [one.staff_id for one in staff.on_shift(tx, tx.now)]
    leads = staff.with_role(tx, "lead") or staff.with_role(tx, "admin")
    order = list(dict.fromkeys([*owner, *there, *leads]))
    return (order[0] if order else None, order[1] if len(order) > 1 else None)


@cache
def _states(script: Script) -> Mapping[str, frozenset[str]]:
    return {letters: frozenset(place.zip3s) for letters, place in script.lexicon.places.letters.items()}
