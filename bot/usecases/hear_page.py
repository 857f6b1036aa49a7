"""Who answered a call? Their channel is proven by it. A call about somebody who waits is answered, not claimed: the
ladder goes on until a human has the person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from bot.store import audit, canaries, pages
from bot.store.db import Database, Tx
from bot.usecases.refusal import Refused

_CODE = re.compile(r"\s*[2-9]{4}\s*")


def is_answer(body: str) -> bool:
    """Could this text be the answer to a call: its code and nothing else?"""
    return _CODE.fullmatch(body) is not None


def hear(database: Database, *, staff_id: str, code: str) -> Refused | None:
    """Answered on the desk. None means it counts; the same answer again changes nothing."""
    with database.transaction() as tx:
        page = pages.find_by_code(tx, code.strip(), staff_id=staff_id)
        if page is None:
            return Refused("No call to you has this code.")
        _heard(tx, page)
    return None


def hear_text(tx: Tx, channel_ids: Sequence[str], body: str) -> bool:
    """Answered by a text from their own phone. True if it was the answer to a call."""
    page = pages.find_by_code(tx, body.strip(), channel_ids=channel_ids)
    if page is None:
        return False
    _heard(tx, page)
    return True


def _heard(tx: Tx, page: Row[Any]) -> None:
    if page.state == "heard":
        return
    pages.hear(tx, page.page_id)
    canary = canaries.under_way(tx)
    if canary is not None and canary.handoff_id is not None and canary.handoff_id == page.handoff_id:
        canaries.write(tx, canary.canary_id, heard_at=tx.now)
    audit.record(tx, act="call_heard", staff_id=page.staff_id, object_id=page.page_id, detail=page.why)
