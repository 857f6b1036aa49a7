"""What happens the moment a provider is found to be unsafe? It is matched no more, and every live referral is a task.

One transaction: the row the matcher reads is changed in the commit that opens the tasks, so nobody is sent there after
it and nobody who was is forgotten.
"""

from __future__ import annotations

from datetime import timedelta

from bot import log
from bot.rules.warm_transfer import Deed, State
from bot.store import audit, conversations, directory_vetting, staff, tasks, vetting, warm_transfers
from bot.store.db import Database, Tx
from bot.usecases.fire_protocol import named_humans
from bot.usecases.refusal import Refused

KIND = "referral_of_suspended"
DUE = timedelta(minutes=60)
BACKUP = timedelta(minutes=15)
MAY = ("directory", "lead", "admin")


def suspend_program(database: Database, *, staff_id: str, organization_id: str | None = None,
                    program_id: str | None = None, evidence: str = "") -> int | Refused:  # fmt: skip
    """One program, or with `organization_id` all of them; how many live referrals became tasks."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may suspend a provider.")
        program_ids = directory_vetting.suspend(tx, organization_id=organization_id, program_id=program_id)
        if program_ids is None:
            return Refused("There is no such provider, or it is not approved.")
        vetting.record(
            tx, organization_id=organization_id or directory_vetting.organization_of(tx, program_id or ""),
            program_id=program_id, step="suspension", outcome="suspended", by=staff_id, evidence=evidence or None,
        )  # fmt: skip
        audit.record(
            tx, act="provider_suspended", staff_id=staff_id, object_id=(organization_id or program_id or "")[:40]
        )
        opened = _tasks_for_referrals(tx, program_ids)
    log.event("provider_suspended", count=opened)
    return opened


def _tasks_for_referrals(tx: Tx, program_ids: list[str]) -> int:
    """Places asked for or held, warm transfers under way, which end here, and offers that were chosen in a conversation
    that is still going."""
    opened: set[tuple[str, str]] = set()
    for hold_id, program_id, conversation_id in directory_vetting.live_holds(tx, program_ids):
        _open(tx, conversation_id, program_id, hold_id)
        opened.add((conversation_id, program_id))
    for transfer in warm_transfers.open_with(tx, program_ids):
        warm_transfers.move(tx, transfer, to=str(State.WITHDRAWN), deed=str(Deed.WITHDRAW), staff_id=None, due_at=None)
        if (transfer.conversation_id, transfer.program_id) not in opened:
            _open(tx, transfer.conversation_id, transfer.program_id, None)
        opened.add((transfer.conversation_id, transfer.program_id))
    for conversation_id, program_id, label in directory_vetting.open_offers(tx, program_ids):
        stored = conversations.load(tx, conversation_id)
        chosen = stored.conversation.answers.get("choice") if stored is not None else None
        if chosen in (label, "BOTH") and (conversation_id, program_id) not in opened:
            _open(tx, conversation_id, program_id, None)
            opened.add((conversation_id, program_id))
    return len(opened)


def _open(tx: Tx, conversation_id: str, program_id: str, hold_id: str | None) -> None:
    assigned, backup = named_humans(tx, conversation_id)
    tasks.open_task(
        tx, kind=KIND, conversation_id=conversation_id, program_id=program_id, hold_id=hold_id, due_at=tx.now + DUE,
        backup_at=tx.now + BACKUP, assigned_to=assigned, backup_id=backup,
    )  # fmt: skip
