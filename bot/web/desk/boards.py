"""How is the board put together: who waits, who was offered to me, whom I hold, who raised a hand?"""

from __future__ import annotations

from flask import Response, render_template

from bot.store import versions
from bot.store.db import Tx
from bot.store.staff import Staff
from bot.web.auth import signed_in
from bot.web.context import services
from bot.web.desk import act_words, queue, views, words
from bot.web.unchanged import Drawn, unless_so, until

SHIFT_HOURS = (2, 4, 8, 12)


def live() -> Response:
    """What changes on it, for a page that is open."""
    account = signed_in()
    with services().database.reading() as tx:
        number = versions.of_board(tx, account.staff_id, views.WAITING_SHOWN)
        return unless_so(tx.now, number, lambda: _drawn(tx, account, number)[1])


def page(problem: str = "") -> str:
    account = signed_in()
    with services().database.reading() as tx:
        number = versions.of_board(tx, account.staff_id, views.WAITING_SHOWN)
        board, drawn = _drawn(tx, account, number)
    return render_template(
        "desk/board.html", board=board, fragment=drawn.fragment, etag=drawn.etag, hours=SHIFT_HOURS,
        problem=problem,
    )  # fmt: skip


def _drawn(tx: Tx, account: Staff, number: str) -> tuple[views.Board, Drawn]:
    mine = queue.of(tx, account)
    board, hands = views.board(tx, account, mine), queue.raised_hands(tx, account)
    fragment = render_template(
        "desk/_board.html", board=board, queue=mine, hands=hands, words=words, act_words=act_words
    )  # fmt: skip
    moments = [board.shift_ends_at, *(row.promised_at for row in board.waiting), *(o.expires_at for o in mine.offered)]
    return board, Drawn(fragment, number, until(tx.now, moments))
