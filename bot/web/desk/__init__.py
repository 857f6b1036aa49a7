"""Where do advocates work? The board of who waits, and the conversation with one person at a time."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.store import audit
from bot.usecases import be_present, do_not_text, hear_page, hold, note, shift
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import boards, delivery, holder, pages, parking, protocols, reveals, taking, transfers, views, wrap_up
from bot.web.desk.door import DESK, blueprint, epoch_shown, known, present
from bot.web.desk.pages import Answer
from bot.web.tongue import flash

__all__ = ["DESK", "blueprint", "delivery", "epoch_shown", "holder", "parking", "present", "protocols", "reveals",
           "taking", "transfers", "wrap_up"]  # fmt: skip


@blueprint.get("/")
@roles(*DESK)
def board() -> str:
    """Who waits, most urgent first, and whom I hold."""
    return boards.page()


@blueprint.get("/board")
@roles(*DESK)
def board_live() -> Response:
    """The part of the board that changes: 304 while it has not."""
    return boards.live()


@blueprint.post("/conversations/<conversation_id>/seen")
@roles(*DESK)
def seen(conversation_id: str) -> tuple[str, int]:
    """The page rendered the thread up to this text, in front of its owner: what clears the "unseen" alarm."""
    seq = request.form.get("seq", "")
    be_present.saw(services().database, staff_id=signed_in().staff_id, conversation_id=known(conversation_id),
                   seq=int(seq) if re.fullmatch(r"[0-9]{1,9}", seq) else 0)  # fmt: skip
    return "", 204


@blueprint.post("/heard")
@roles(*DESK)
def heard() -> AnyResponse:
    """An alert was heard: its code proves the channel."""
    refused = hear_page.hear(services().database, staff_id=signed_in().staff_id, code=request.form.get("code", ""))
    flash(refused.reason if refused else "Heard. You can be reached this way.")
    return redirect(url_for("desk.board"))


@blueprint.post("/shift/on")
@roles(*DESK)
def shift_on() -> AnyResponse:
    hours = request.form.get("hours", "")
    if not hours.isascii() or not hours.isdigit() or int(hours) not in boards.SHIFT_HOURS:
        abort(400)
    built = services()
    until = built.clock.now() + timedelta(hours=int(hours))
    refused = shift.go_on(built.database, staff_id=signed_in().staff_id, until=until)
    flash(refused.reason if refused else "You are on shift. Thank you for being here. Each way to call you rings now.")
    return redirect(url_for("desk.board" if refused else "team.reach"))


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
    shown = pages.talk(conversation_id)
    with services().database.transaction() as tx:
        audit.record(tx, act="conversation_viewed", staff_id=signed_in().staff_id, object_id=conversation_id)
    rendered = shown.handoff.inbound_seq
    be_present.saw(services().database, staff_id=signed_in().staff_id, conversation_id=conversation_id, seq=rendered)
    key = request.args.get("say", "")
    asked = next((canned.text for canned in shown.canned if canned.key == key), None)
    return pages.page(shown, draft=asked)


@blueprint.get("/conversations/<conversation_id>/live")
@roles(*DESK)
def conversation_live(conversation_id: str) -> Response:
    """The thread and who holds it: 304 while nothing is new."""
    return pages.live(conversation_id)


@blueprint.post("/conversations/<conversation_id>/note")
@roles(*DESK)
def add_note(conversation_id: str) -> Answer:
    staff_id, text = signed_in().staff_id, request.form.get("note", "")
    pages.talk(conversation_id)
    refused = note.note(services().database, conversation_id=conversation_id, staff_id=staff_id, text=text)
    if refused:
        return pages.page(pages.talk(conversation_id), note_draft=text, note_problem=refused.reason), 409
    flash("Your note is kept. Only the team sees it.")
    return pages.back_to(conversation_id)


@blueprint.post("/conversations/<conversation_id>/hold")
@roles(*DESK)
def ask_for_hold(conversation_id: str) -> Answer:
    """Ask one of the places they were offered to hold a place for them."""
    answer = _ask(pages.talk(conversation_id), request.form.get("stock_id", ""), request.form.get("hours", ""))
    if isinstance(answer, Refused):
        return pages.page(pages.talk(conversation_id), hold_problem=answer.reason), 409
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


@blueprint.post("/conversations/<conversation_id>/stop")
@roles(*DESK)
def stop(conversation_id: str) -> AnyResponse:
    """Do not text this number any more: in force before this answer is sent."""
    pages.talk(conversation_id)
    staff_id = signed_in().staff_id
    refused = do_not_text.do_not_text(services().database, conversation_id=conversation_id, staff_id=staff_id)
    flash(refused.reason if refused else "No text will go to this number any more.")
    return pages.back_to(conversation_id)
