"""What is promised, by whom, until when, and was it kept? On the person's page, and on one page of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.phrases import counted, phrase, phrases
from bot.store import promise_board, promises, staff
from bot.usecases import give_word
from bot.usecases.give_word import WITHIN_MINUTES, Word
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import carry
from bot.web.desk.door import DESK, epoch_shown, present
from bot.web.tongue import flash

blueprint = Blueprint("promises", __name__, url_prefix="/desk")
blueprint.after_request(present)

SINCE = timedelta(days=30)
SHOWN = 100
ENDINGS = phrases({"kept": "Kept", "told": "A later time told first", "broken": "Broken", "let_go": "No longer wanted"})
MAKERS = phrases({"text": "Our texts", "colleague": "Colleagues"})


@dataclass(frozen=True, slots=True)
class Line:
    word: carry.Word
    conversation_id: str
    call_sign: str
    owner: str
    mine: bool


@blueprint.app_template_global("promise_times")
def times() -> list[tuple[int, str]]:
    """By when, in words."""
    return [(n, _span(n)) for n in WITHIN_MINUTES]


def _span(minutes: int) -> str:
    if minutes < 60:
        return phrase("%(n)s minutes", n=minutes)
    return counted("%(n)s hour", "%(n)s hours", minutes // 60)


def word_in(form: dict[str, str]) -> Word | None:
    """What the composer's chip says; None when nothing was promised."""
    what, within = form.get("promise", ""), form.get("promise_within", "")
    if not what.strip():
        return None
    return Word(what, int(within) if within.isascii() and within.isdigit() and len(within) < 6 else 0)


@blueprint.get("/promises")
@roles(*DESK)
def every() -> str:
    """What stands and what was missed, the earliest first; mine before the others'."""
    account = signed_in()
    with services().database.reading() as tx:
        standing, n = promise_board.to_do(tx, account.staff_id, SHOWN)
        names = staff.aliases(tx, {one for row in standing for one in (row.owner_id, row.promise.staff_id) if one})
        lines = [
            Line(carry.word_of(tx, one.promise, one.what, names, one.person_id), one.promise.conversation_id,
                 one.call_sign, names.get(one.owner_id or "", ""), one.owner_id == account.staff_id)
            for one in standing
        ]  # fmt: skip
        counted, now = promises.counts(tx, tx.now - SINCE), tx.now
    sums = [(words, [counted.get((maker, ending), 0) for ending in ENDINGS]) for maker, words in MAKERS.items()]
    return render_template("desk/promises.html", now=now, lines=lines, hidden=n - len(lines), sums=sums,
                           endings=list(ENDINGS.values()))  # fmt: skip


@blueprint.post("/conversations/<id:conversation_id>/promises")
@roles(*DESK)
def give(conversation_id: str) -> Response:
    """One that was spoken, or went with an earlier text."""
    word = word_in(request.form) or Word("", 0)
    answer = give_word.give_word(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown(),
        word=word,
    )  # fmt: skip
    return carry.back(conversation_id, answer, phrase("Promised. It stays here until it is done."))


@blueprint.post("/promises/<id:promise_id>")
@roles(*DESK)
def close(promise_id: str) -> Response:
    acts = {"kept": give_word.keep_word, "let_go": give_word.let_go}
    act = acts.get(request.form.get("act", ""))
    with services().database.reading() as tx:
        promise = promises.get(tx, promise_id)
    if act is None:
        abort(400)
    if promise is None:
        abort(404)
    answer = act(services().database, promise_id=promise_id, staff_id=signed_in().staff_id)
    if request.form.get("from") == "list":
        flash(answer.reason if answer else phrase("Noted."))
        return redirect(url_for("promises.every"))
    return carry.back(promise.conversation_id, answer, phrase("Noted."))
