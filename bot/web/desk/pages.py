"""How is the page of one conversation put together, live and whole, and what does a refused deed show?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict

from flask import Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.may_send import LIVE
from bot.rules.phrases import phrases
from bot.store import versions
from bot.usecases import hold
from bot.usecases.refusal import Refused
from bot.web.auth import signed_in
from bot.web.context import services
from bot.web.desk import act_words, carry, glance, queue, sheet, standing, suggested, views, words
from bot.web.desk.door import known
from bot.web.tongue import flash
from bot.web.unchanged import Drawn, unless_so, until

UNSENT = phrases({
    "": "Your text was not sent.",
    "finish": "Your text was not sent. Send it, or empty the box; then finish. Nothing was changed.",
    "put them back": "Your text was not sent. Send it, or empty the box; then put them back. Nothing was changed.",
})  # fmt: skip
"""By the deed that would leave it behind."""
Answer = AnyResponse | tuple[str, int]
"""Where a deed leads: on, or back to the page with the reason."""


class AtOnce(TypedDict):
    """What must be seen at once, and what stands beside it."""

    glance: glance.Glance
    queue: queue.Queue
    suggested: suggested.Suggested | None


def talk(conversation_id: str) -> views.Talk:
    with services().database.reading() as tx:
        shown = views.talk(tx, services(), signed_in(), known(conversation_id))
    if shown is None:
        abort(404)
    return shown


def live(conversation_id: str) -> Response:
    """What an open page asks for again and again. `shown` in its address is what the page was shown with."""
    with services().database.reading() as tx:
        number = versions.of_conversation(tx, known(conversation_id), signed_in().staff_id)

    def draw() -> Drawn:
        shown = talk(conversation_id)
        stale = request.args.get("shown") not in (None, mark(shown))
        return _live(shown, _seen_at_once(shown), stale=stale)

    return unless_so(tx.now, number, draw)


def _live(shown: views.Talk, at_once: AtOnce, *, stale: bool = False) -> Drawn:
    """The thread, and everything that finds its own way to where it stands: what must be seen at once, the queue, the
    answers of the places."""
    known_words = {"words": words, "act_words": act_words}
    parts = render_template("desk/_live.html", talk=shown, **known_words, **at_once)
    fragment = _changing(shown, at_once, stale=stale) + parts
    return Drawn(fragment, shown.number, until(shown.now, _moments(shown, at_once["glance"], at_once["queue"])))


def _moments(shown: views.Talk, seen: glance.Glance, mine: queue.Queue) -> Iterator[datetime | None]:
    """When the clock alone changes what is shown: a promise is late, a good time to text is over, an offer or a hold
    has run out."""
    yield seen.promised_at
    yield shown.last_inbound_at + LIVE if shown.last_inbound_at else None
    yield from (duty.due_at for duty in seen.duties)
    yield from (one.expires_at for one in mine.offered)
    yield from (place.hold.expires_at for place in shown.places if place.hold is not None)


def _changing(shown: views.Talk, at_once: AtOnce, *, stale: bool = False) -> str:
    """What stands in the middle of the page: what an open page must be told of, and the thread."""
    told = render_template("desk/_changed.html", talk=shown, act_words=act_words, stale=stale, **at_once)
    return told + render_template("desk/_thread.html", talk=shown, words=words)


def mark(shown: views.Talk) -> str:
    """Who has the person, and how: when it differs, the buttons on an open page are of before."""
    return f"{shown.epoch}-{shown.handoff.state}"


def page(shown: views.Talk, *, draft: str | None = None, **more: object) -> str:
    """`draft` is what was typed in the box and came back; without one, the draft that is kept. `more`: problems, and
    what was typed elsewhere."""
    at_once = _seen_at_once(shown)
    with services().database.reading() as tx:
        stands = standing.of(tx, services(), signed_in(), shown, at_once["queue"].offered)
        pen = sheet.pen(tx, services(), signed_in(), shown, typed=draft)
        carried = carry.read(tx, services(), shown)
    return render_template(
        "desk/conversation.html", talk=shown, words=words, act_words=act_words, fragment=_changing(shown, at_once),
        pen=pen, etag=_live(shown, at_once).etag, hours=hold.HOURS, standing=stands, mark=mark(shown),
        carried=carried, **at_once, **more,
    )  # fmt: skip


def _seen_at_once(shown: views.Talk) -> AtOnce:
    with services().database.reading() as tx:
        return {
            "glance": glance.of(tx, services(), shown),
            "queue": queue.of(tx, signed_in(), shown.conversation_id),
            "suggested": suggested.of(tx, signed_in(), shown),
        }


def unsent(shown: views.Talk, deed: str) -> str:
    """The problem, if a text stands in the box that nobody sent and this deed would leave it behind."""
    text = request.form.get("text", "")
    typed = shown.mine and text.strip() and text.split() != shown.first_draft.split()
    return UNSENT[deed] if typed else ""


def answer(conversation_id: str, refused: Refused | None, done: str) -> Answer:
    """After a deed: the page again, with the reason and 409 if it was refused. What was typed meanwhile stays."""
    text = request.form.get("text")
    if refused is not None:
        return page(talk(conversation_id), draft=text, problem=refused.reason), 409
    flash(done)
    shown = talk(conversation_id)
    if unsent(shown, ""):
        return page(shown, draft=text), 200
    return back_to(conversation_id)


def back_to(conversation_id: str) -> AnyResponse:
    """At its top: what was done is said there, beside what must be seen at once; the thread opens at its end anyway."""
    return redirect(url_for("desk.conversation", conversation_id=conversation_id))
