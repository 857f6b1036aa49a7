"""What did a program say on the telephone? Directory staff put it in, and it is an observation like a text's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.store import directory, openings, staff
from bot.store.db import Database, Tx
from bot.store.directory import Stock
from bot.usecases.refusal import Refused

MAY = ("directory", "lead", "admin")
UNDO_WITHIN = timedelta(hours=24)
_VIA = "call"


def hear_count(database: Database, *, program_id: str, staff_id: str, act: str,
               counts: Mapping[str, int] | None = None) -> Refused | None:  # fmt: skip
    """`act` is count (with `counts` by stock), same, full, wait or undo (of this person's own last). A paused program
    stays paused: who opens it again says so."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may put in a count.")
        stocks = directory.stocks_of(tx, program_id, lock=True)
        if not stocks:
            return Refused("There is nothing to count there.")
        if act == "undo":
            mine, since = [stock.stock_id for stock in stocks], tx.now - UNDO_WITHIN
            undone = openings.undo_last(tx, mine, since=since, via=_VIA, by_id=staff_id)
            return None if undone else Refused("There is nothing of yours of the last day to take back.")
        said = _said(tx, stocks, act, counts or {})
        if isinstance(said, Refused):
            return said
        for stock_id, available in said.items():
            openings.observe(tx, stock_id=stock_id, available=available, via=_VIA, waitlist=act == "wait",
                             by_id=staff_id)  # fmt: skip
    return None


def _said(tx: Tx, stocks: list[Stock], act: str, counts: Mapping[str, int]) -> Mapping[str, int] | Refused:
    match act:
        case "count":
            most = {stock.stock_id: stock.maximum for stock in stocks}
            if not counts or not set(counts) <= set(most):
                return Refused("That place is not one of this program's. Nothing was changed.")
            if any(not 0 <= n <= most[stock_id] for stock_id, n in counts.items()):
                return Refused("That is more than there are. Nothing was changed.")
            return counts
        case "same":
            known = {stock.stock_id: openings.state(tx, stock.stock_id) for stock in stocks}
            said = {stock_id: state.available for stock_id, state in known.items() if state is not None}
            return said or Refused("There is no count yet. Put in a number first.")
        case "full" | "wait":
            return {stock.stock_id: 0 for stock in stocks}
    return Refused("That button is not known. Nothing was changed.")
