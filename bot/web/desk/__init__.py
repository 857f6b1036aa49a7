"""Where do advocates work? The board of who waits, and the conversation with one person at a time."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.store import audit
from bot.usecases import be_present, do_not_text, finish, hear_page, hold, note, shift
from bot.usecases.claim import Claimed, claim
from bot.usecases.refusal import Refused
from bot.web.auth import current_staff, is_poll, roles, signed_in
from bot.web.context import services
from bot.web.desk import sheet, views, words

blueprint = Blueprint("desk", __name__, url_prefix="/desk")

DESK = ("advocate", "lead")
SHIFT_HOURS = (2, 4, 8, 12)

_ID = re.compile(r"[0-9a-f]{32}")


@blueprint.get("/")
@roles(*DESK)
def board() -> str:
    """Who waits, most urgent first, and whom I hold."""
    shown = _board()
    fragment = _board_fragment(shown)
    return render_template("desk/board.html", board=shown, fragment=fragment, etag=_etag(fragment), hours=SHIFT_HOURS)


@blueprint.get("/board")
@roles(*DESK)
def board_live() -> Response:
    """The part of the board that changes: 304 while it has not."""
    return _unless_same(_board_fragment(_board()))


def _board() -> views.Board:
    with services().database.reading() as tx:
        return views.board(tx, signed_in())


def _board_fragment(shown: views.Board) -> str:
    return render_template("desk/_board.html", board=shown, words=words)


@blueprint.post("/take")
@roles(*DESK)
def take_next() -> AnyResponse:
    """The most urgent one who waits."""
    return _claim(None)


@blueprint.post("/handoffs/<handoff_id>/claim")
@roles(*DESK)
def take(handoff_id: str) -> AnyResponse:
    """This one, and no other."""
    return _claim(_known(handoff_id))


@blueprint.after_request
def present(response: Response) -> Response:
    """A poll says that their page is open, anything else that they are there."""
    account = current_staff()
    if account is not None and response.status_code < 400:
        told = be_present.polled if is_poll() else be_present.typed
        told(services().database, staff_id=account.staff_id)
    return response


@blueprint.post("/conversations/<conversation_id>/seen")
@roles(*DESK)
def seen(conversation_id: str) -> tuple[str, int]:
    """The page rendered the thread up to this text, in front of its owner: what clears the "unseen" alarm."""
    seq = request.form.get("seq", "")
    be_present.saw(services().database, staff_id=signed_in().staff_id, conversation_id=_known(conversation_id),
                   seq=int(seq) if re.fullmatch(r"[0-9]{1,9}", seq) else 0)  # fmt: skip
    return "", 204


@blueprint.post("/heard")
@roles(*DESK)
def heard() -> AnyResponse:
    """An alert was heard: its code proves the channel."""
    refused = hear_page.hear(services().database, staff_id=signed_in().staff_id, code=request.form.get("code", ""))
    flash(refused.reason if refused else "Heard. You can be reached this way.")
    return redirect(url_for("desk.board"))


def _claim(handoff_id: str | None) -> AnyResponse:
    built = services()
    answer = claim(built.database, built, handoff_id=handoff_id, staff_id=signed_in().staff_id)
    if isinstance(answer, Claimed):
        return redirect(url_for("desk.conversation", conversation_id=answer.conversation_id))
    flash(answer.reason)
    return redirect(url_for("desk.board"))


@blueprint.post("/shift/on")
@roles(*DESK)
def shift_on() -> AnyResponse:
    hours = request.form.get("hours", "")
    if not hours.isascii() or not hours.isdigit() or int(hours) not in SHIFT_HOURS:
        abort(400)
    built = services()
    until = built.clock.now() + timedelta(hours=int(hours))
    refused = shift.go_on(built.database, staff_id=signed_in().staff_id, until=until)
    flash(refused.reason if refused else "You are on shift. Thank you for being here.")
    return redirect(url_for("desk.board"))


@blueprint.post("/shift/off")
@roles(*DESK)
def shift_off() -> AnyResponse:
    refused = shift.go_off(services().database, staff_id=signed_in().staff_id)
    flash(refused.reason if refused else "You are off shift. Rest well.")
    return redirect(url_for("desk.board"))


@blueprint.get("/conversations/<conversation_id>")
@roles(*DESK)
def conversation(conversation_id: str) -> str:
    """One person: what they said, want and were told, and the thread. Looking is on the record."""
    shown = _talk(conversation_id)
    with services().database.transaction() as tx:
        audit.record(tx, act="conversation_viewed", staff_id=signed_in().staff_id, object_id=conversation_id)
    rendered = shown.handoff.inbound_seq
    be_present.saw(services().database, staff_id=signed_in().staff_id, conversation_id=conversation_id, seq=rendered)
    return _page(shown)


@blueprint.get("/conversations/<conversation_id>/live")
@roles(*DESK)
def conversation_live(conversation_id: str) -> Response:
    """The thread and who holds it: 304 while nothing is new."""
    return _unless_same(_live_fragment(_talk(conversation_id)))


@blueprint.post("/conversations/<conversation_id>/note")
@roles(*DESK)
def add_note(conversation_id: str) -> AnyResponse | tuple[str, int]:
    staff_id, text = signed_in().staff_id, request.form.get("note", "")
    _talk(conversation_id)
    refused = note.note(services().database, conversation_id=conversation_id, staff_id=staff_id, text=text)
    if refused:
        return _page(_talk(conversation_id), note_draft=text, note_problem=refused.reason), 409
    flash("Your note is kept. Only the team sees it.")
    return _back_to(conversation_id)


@blueprint.post("/conversations/<conversation_id>/hold")
@roles(*DESK)
def ask_for_hold(conversation_id: str) -> AnyResponse | tuple[str, int]:
    """Ask one of the places they were offered to hold a place for them."""
    answer = _ask(_talk(conversation_id), request.form.get("stock_id", ""), request.form.get("hours", ""))
    if isinstance(answer, Refused):
        return _page(_talk(conversation_id), hold_problem=answer.reason), 409
    flash("The place is asked. You see here what it answers.")
    return redirect(url_for("desk.conversation", conversation_id=conversation_id) + "#offers")


def _ask(shown: views.Talk, stock_id: str, hours: str) -> hold.Asked | Refused:
    if not shown.mine:
        return Refused("Take this conversation first: whoever asks also tells them the way.")
    if stock_id not in {unit for place in shown.places for unit, _ in place.units}:
        return Refused("This place was not offered to them.")
    built = services()
    return hold.ask(
        built.database, built, conversation_id=shown.conversation_id, stock_id=stock_id, staff_id=signed_in().staff_id,
        hours={str(n): n for n in hold.HOURS}.get(hours, 0),
    )  # fmt: skip


@blueprint.post("/conversations/<conversation_id>/finish")
@roles(*DESK)
def wrap_up(conversation_id: str) -> AnyResponse | tuple[str, int]:
    """Finish with an outcome, or hand back to the bot; but not over a text that was typed and never sent."""
    built = services()
    outcome = "returned" if "returned" in request.form else request.form.get("outcome", "")
    text = request.form.get("text", "")
    shown = _talk(conversation_id)
    if shown.mine and text.strip() and text.split() != shown.first_draft.split():
        problem = "Your text was not sent. Send it, or empty the box; then finish. Nothing was closed."
        return _page(shown, draft=text, problem=problem, outcome=outcome), 409
    refused = finish.finish(
        built.database, built, conversation_id=_known(conversation_id), staff_id=signed_in().staff_id,
        outcome=outcome, feedback=request.form.get("feedback") == "1",
        epoch=epoch_shown() if "epoch" in request.form else None,
    )  # fmt: skip
    if refused:
        return _page(_talk(conversation_id), draft=text, problem=refused.reason), 409
    flash("Handed back to the bot." if outcome == "returned" else "Finished. Take a breath before the next one.")
    return redirect(url_for("desk.board"))


@blueprint.post("/conversations/<conversation_id>/stop")
@roles(*DESK)
def stop(conversation_id: str) -> AnyResponse:
    """Do not text this number any more: in force before this answer is sent."""
    _talk(conversation_id)
    staff_id = signed_in().staff_id
    refused = do_not_text.do_not_text(services().database, conversation_id=conversation_id, staff_id=staff_id)
    flash(refused.reason if refused else "No text will go to this number any more.")
    return _back_to(conversation_id)


def epoch_shown() -> int:
    """The one the page was shown with; a page that names none was shown under no owner."""
    epoch = request.form.get("epoch", "")
    return int(epoch) if re.fullmatch(r"[0-9]{1,9}", epoch) else -1


def _known(wanted_id: str) -> str:
    """An id that could be one of ours; anything else is not found."""
    if not _ID.fullmatch(wanted_id):
        abort(404)
    return wanted_id


def _talk(conversation_id: str) -> views.Talk:
    with services().database.reading() as tx:
        shown = views.talk(tx, services(), signed_in(), _known(conversation_id))
    if shown is None:
        abort(404)
    return shown


def _thread_fragment(shown: views.Talk) -> str:
    return render_template("desk/_thread.html", talk=shown, words=words)


def _live_fragment(shown: views.Talk) -> str:
    """The thread, and the answers of the places, which find their own way to where they stand."""
    return _thread_fragment(shown) + render_template("desk/_holds.html", talk=shown, words=words)


def _page(shown: views.Talk, *, draft: str | None = None, **more: str) -> str:
    """`draft` is what was typed in the box and came back; without one, the draft that is kept. `more`: problems, and
    what was typed elsewhere."""
    with services().database.reading() as tx:
        pen = sheet.pen(tx, services(), signed_in(), shown, typed=draft)
    return render_template(
        "desk/conversation.html", talk=shown, words=words, fragment=_thread_fragment(shown), pen=pen,
        etag=_etag(_live_fragment(shown)), hours=hold.HOURS, **more,
    )  # fmt: skip


def _back_to(conversation_id: str) -> AnyResponse:
    return redirect(url_for("desk.conversation", conversation_id=conversation_id) + "#latest")


def _etag(fragment: str) -> str:
    response = make_response(fragment)
    response.add_etag(weak=True)
    return response.headers["ETag"]


def _unless_same(fragment: str) -> Response:
    response = make_response(fragment)
    response.add_etag(weak=True)
    return response.make_conditional(request)
