"""How does an advocate write to one person? Draft, send, send later, take back: each answers a browser with or without
JavaScript, and none of them ever loses a word.

With JavaScript the composer alone is answered (`_composer.html`, `_advice.html`); without it the whole page, with the
thread beside the words that were not sent.
"""

from __future__ import annotations

import re
from dataclasses import replace

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.phrases import phrase
from bot.rules.writing import UNDO
from bot.store.db import new_id
from bot.usecases.composing import Anyway, Asks, Queued
from bot.usecases.keep_draft import Elsewhere, Kept, Typed, keep_draft
from bot.usecases.refusal import Refused
from bot.usecases.reply import reply
from bot.usecases.schedule import schedule
from bot.usecases.take_back import take_back
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import DESK, epoch_shown, present, sheet, suggested, views, words
from bot.web.desk.promises import word_in
from bot.web.desk.sheet import Sent

blueprint = Blueprint("composing", __name__, url_prefix="/desk")
blueprint.after_request(present)

Answer = Response | str | tuple[str, int]

_ID = re.compile(r"[0-9a-f]{32}")


@blueprint.post("/conversations/<id:conversation_id>/reply")
@roles(*DESK)
def send(conversation_id: str) -> Answer:
    """Now, or at their next safe hour. What does not go comes back with the reason, and is kept."""
    built, form = services(), request.form
    sheet_sent = {
        "conversation_id": conversation_id, "staff_id": signed_in().staff_id, "epoch": epoch_shown(),
        "text": form.get("text", ""), "draft_id": _id_in("draft_id"),
        "anyway": Anyway(form.get("why", ""), form.get("seen", "")) if "seen" in form else None,
    }  # fmt: skip
    word = word_in(form)
    if "later" in form and word is not None:
        return _not_sent(
            conversation_id, phrase("What you promise runs from now: send this text now, or promise it then.")
        )
    if "later" in form:
        answer = schedule(built.database, built, **sheet_sent)
    else:
        answer = reply(built.database, built, wait=UNDO, word=word, **sheet_sent)
    match answer:
        case Queued():
            said = (
                phrase("It waits for their hour.")
                if "later" in form
                else phrase("Sent. You can undo it for three seconds.")
            )
            return _done(conversation_id, said)
        case Asks(reason, may_go):
            return _not_sent(conversation_id, reason, asks=may_go)
        case Refused(reason):
            return _not_sent(conversation_id, reason)


@blueprint.post("/conversations/<id:conversation_id>/draft")
@roles(*DESK)
def keep(conversation_id: str) -> Answer:
    """What is being typed; with `say`, the ready words of that key are put behind it."""
    shown = _talk(conversation_id)
    typed = _typed(conversation_id)
    if key := request.form.get("say", ""):
        ready = _suggested(shown) if key == suggested.KEY else _ready(shown, key)
        typed = replace(typed, text=f"{typed.text.rstrip()} {ready}".strip())
    kept = keep_draft(services().database, typed)
    if "HX-Request" in request.headers:
        return _advice(shown, typed, kept)
    if isinstance(kept, Kept) and not (kept.lost and typed.text.strip()):
        return redirect(url_for("desk.conversation", conversation_id=conversation_id) + "#f-text")
    problem = kept.reason if isinstance(kept, Refused) else kept.lost if isinstance(kept, Kept) else ""
    return _page(shown, problem, typed, kept if isinstance(kept, Elsewhere) else None), 409


@blueprint.post("/conversations/<id:conversation_id>/texts/<id:message_id>/back")
@roles(*DESK)
def undo(conversation_id: str, message_id: str) -> Answer:
    """Take back what has not left: sent a moment ago, or waiting for its hour."""
    _talk(conversation_id)
    built = services()
    refused = take_back(built.database, built, conversation_id=conversation_id, message_id=message_id,
                        staff_id=signed_in().staff_id)  # fmt: skip
    if refused is None:
        return _done(conversation_id, phrase("Taken back. It was not sent, and is in the box again."))
    shown = _talk(conversation_id)
    return _page(shown, refused.reason), 409


def _ready(shown: views.Talk, key: str) -> str:
    return next((one.text for one in shown.canned if one.key == key), "")


def _suggested(shown: views.Talk) -> str:
    with services().database.reading() as tx:
        found = suggested.of(tx, signed_in(), shown)
    return found.words if found is not None else ""


def _done(conversation_id: str, said: str) -> Answer:
    if "HX-Request" in request.headers:
        return _page(_talk(conversation_id), said=said)
    return redirect(url_for("desk.conversation", conversation_id=conversation_id) + "#composing")


def _not_sent(conversation_id: str, reason: str, *, asks: str | None = None) -> tuple[str, int]:
    """The page again, with the words as they were typed: kept by then, under an id that can still be sent."""
    typed = _typed(conversation_id)
    kept = keep_draft(services().database, typed)
    if isinstance(kept, Refused):
        typed = replace(typed, draft_id=new_id())
        kept = keep_draft(services().database, typed)
    elsewhere = kept if isinstance(kept, Elsewhere) else None
    return _page(_talk(conversation_id), reason, typed, elsewhere, asks=asks), 409


def _page(shown: views.Talk, problem: str = "", typed: Typed | None = None, elsewhere: Elsewhere | None = None,
          *, asks: str | None = None, said: str = "") -> str:  # fmt: skip
    sent = Sent(typed.text, typed.draft_id, typed.page_id, typed.since) if typed else None
    with services().database.reading() as tx:
        pen = sheet.pen(tx, services(), signed_in(), shown, sent=sent, asks=asks, later="later" in request.form,
                        elsewhere=elsewhere)  # fmt: skip
    name = "desk/_composer.html" if "HX-Request" in request.headers else "desk/writing.html"
    promised = "" if said else request.form.get("promise", "")
    return render_template(name, talk=shown, words=words, pen=pen, pen_problem=problem, said=said, promised=promised)


def _advice(shown: views.Talk, typed: Typed, kept: Kept | Elsewhere | Refused) -> tuple[str, int]:
    with services().database.reading() as tx:
        advice = sheet.advice(tx, services(), shown, typed.text)
    problem = kept.reason if isinstance(kept, Refused) else kept.lost if isinstance(kept, Kept) else ""
    elsewhere = kept if isinstance(kept, Elsewhere) else None
    page = render_template("desk/_advice.html", talk=shown, advice=advice, elsewhere=elsewhere, lost=problem)
    return page, 409 if problem or elsewhere else 200


def _typed(conversation_id: str) -> Typed:
    """What the form holds. `over` names the page whose words are to be written over, on a press that says so."""
    form = request.form
    return Typed(
        conversation_id, signed_in().staff_id, epoch_shown(), _id_in("draft_id") or new_id(),
        _id_in("page_id") or new_id(), _id_in("over") or _id_in("since"), form.get("text", ""),
    )  # fmt: skip


def _id_in(name: str) -> str:
    found = request.form.get(name, "")
    return found if _ID.fullmatch(found) else ""


def _talk(conversation_id: str) -> views.Talk:
    with services().database.reading() as tx:
        shown = views.talk(tx, services(), signed_in(), conversation_id)
    if shown is None:
        abort(404)
    return shown
