"""How is the board put together: who waits, who was offered to me, whom I hold, who raised a hand?"""

from __future__ import annotations

from flask import render_template

from bot.web.auth import signed_in
from bot.web.context import services
from bot.web.desk import act_words, queue, views, words
from bot.web.unchanged import etag

SHIFT_HOURS = (2, 4, 8, 12)


def fragment() -> str:
    """What changes on it."""
    account = signed_in()
    with services().database.reading() as tx:
        return _fragment(views.board(tx, account), queue.of(tx, account), queue.raised_hands(tx, account))


def page(problem: str = "") -> str:
    account = signed_in()
    with services().database.reading() as tx:
        board, mine = views.board(tx, account), queue.of(tx, account)
        changing = _fragment(board, mine, queue.raised_hands(tx, account))
    return render_template(
        "desk/board.html", board=board, fragment=changing, etag=etag(changing), hours=SHIFT_HOURS,
        problem=problem,
    )  # fmt: skip


def _fragment(board: views.Board, mine: queue.Queue, hands: tuple[queue.Hand, ...]) -> str:
    return render_template(
        "desk/_board.html", board=board, queue=mine, hands=hands, words=words, act_words=act_words
    )  # fmt: skip
