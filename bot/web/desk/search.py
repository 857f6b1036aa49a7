"""What is open that fits: for the person of a conversation, or for whatever an advocate puts in? By the
line's own matcher.

What is put in travels in the body of a form: neither a place nor an answer may stand in an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.freshness import Freshness
from bot.rules.matching import MAY_FIT, Ranked
from bot.store import directory, holds
from bot.usecases import confirm_match, find_openings, hold
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import views, words
from flows.understanding import Expecting, read

blueprint = Blueprint("search", __name__, url_prefix="/desk")

DESK = ("advocate", "lead")
SHOWN = 25
_AREA = Expecting(name="area", slot="area", parser="area")
NEEDS = ("bed", "advocacy", "health", "legal", "basics", "other")
AGES = (("", "Any age"), ("under18", "Under 18"), ("18-24", "18 to 24"), ("25up", "25 or older"))
PLACES = (("", "Any kind of place"), ("women", "For women"), ("men", "For men"), ("trans", "Trans welcome"))
COMES = (("kids", "Children"), ("pregnant", "Pregnant"), ("pet", "A pet"), ("adult", "Another adult"))
MUSTS = (("phone", "Keep the phone"), ("no_religion", "No religion"), ("lgbtq", "LGBTQ friendly"),
         ("wheelchair", "No steps"), ("meds", "Own medicine"), ("come_and_go", "Come and go"))  # fmt: skip
STATES = {Freshness.FRESH: ("may be told", "good"), Freshness.AGING: ("ask first", "warn"),
          Freshness.STALE: ("old: ask", "plain"), Freshness.UNKNOWN: ("not known: ask", "plain")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One place that fits or may fit, in words."""

    code_name: str
    kind: str
    region: str
    ranked: Ranked
    age: str
    doubts: tuple[str, ...]
    """What must be asked: the facets that may fit."""


@blueprint.route("/openings", methods=["GET", "POST"])
@roles(*DESK)
def openings() -> str | tuple[str, int]:
    """A search of its own: what is left out excludes nothing."""
    form = request.form
    chosen = {"need": form.getlist("need"), "age": form.get("age", ""), "places": form.get("places", ""),
              "household": form.getlist("household"), "musts": form.getlist("musts")}  # fmt: skip
    if request.method == "GET":
        return _page(chosen=chosen, area="", found=None)
    area = form.get("area", "").strip()[:100]
    answers: dict[str, object] = {slot: value for slot, value in chosen.items() if value}
    if chosen["places"]:
        answers["places"] = [chosen["places"]]
    if chosen["household"]:
        answers["household"] = {who: None if who == "kids" else True for who in chosen["household"]}
    if area:
        lexicon = services().script.lexicon
        reading = read(area, expecting=_AREA, language="en", lexicon=lexicon, safe_now=True)
        if "area" not in reading.answers:
            problem = "That is not one place we know for certain. Use three ZIP digits, a city with its state, or far."
            return _page(chosen=chosen, area=area, found=None, problem=problem), 409
        answers["area"] = reading.answers["area"]
    return _page(chosen=chosen, area=area, found=_found(answers))


@blueprint.get("/conversations/<id:conversation_id>/openings")
@roles(*DESK)
def for_person(conversation_id: str) -> str:
    """What fits what this person has said."""
    shown = _talk(conversation_id)
    return render_template(
        "desk/openings_for.html", talk=shown, found=_found(shown.conversation.answers), states=STATES,
        at_once=confirm_match.AT_ONCE, hours=hold.HOURS,
    )  # fmt: skip


@blueprint.post("/conversations/<id:conversation_id>/openings/ask")
@roles(*DESK)
def ask_best(conversation_id: str) -> Response:
    """Ask the best few at once: the first yes holds, the others are let go."""
    shown = _talk(conversation_id)
    if not shown.mine:
        flash("Take this conversation first: whoever asks also tells them the way.")
    else:
        built = services()
        asked = confirm_match.confirm_match(
            built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id,
            hours={str(n): n for n in hold.HOURS}.get(request.form.get("hours", ""), hold.HOURS[1]),
        )  # fmt: skip
        flash(asked.reason if isinstance(asked, Refused) else _told(len(asked)))
    return redirect(url_for("search.for_person", conversation_id=conversation_id))


@blueprint.post("/conversations/<id:conversation_id>/holds/<id:hold_id>/longer")
@roles(*DESK)
def longer(conversation_id: str, hold_id: str) -> Response:
    """Keep a held place longer, once, after agreeing it with the provider."""
    shown = _talk(conversation_id)
    with services().database.reading() as tx:
        theirs = hold_id in {one.hold_id for one in holds.of_conversation(tx, conversation_id, "held")}
    if not shown.mine or not theirs:
        flash("Take this conversation first." if not shown.mine else "This place is not held any more.")
    else:
        built = services()
        refused = hold.extend(built.database, built, hold_id=hold_id, staff_id=signed_in().staff_id)
        flash(refused.reason if refused else "It is held four hours longer, and the provider reads it back.")
    return redirect(url_for("search.for_person", conversation_id=conversation_id))


def _told(asked: int) -> str:
    if asked == 1:
        return "One place is asked. You see on the conversation what it answers."
    return f"{asked} places are asked at once. The first yes holds, and the others are let go."


def _talk(conversation_id: str) -> views.Talk:
    with services().database.reading() as tx:
        shown = views.talk(tx, services(), signed_in(), conversation_id)
    if shown is None:
        abort(404)
    return shown


def _found(answers: dict[str, object]) -> list[Found]:
    database = services().database
    ranked = find_openings.search(database, answers)[:SHOWN]
    with database.reading() as tx:
        about = directory.about(tx, [one.candidate.program_id for one in ranked])
        now = tx.now
    return [_in_words(one, *about[one.candidate.program_id], now) for one in ranked]


def _in_words(ranked: Ranked, code_name: str, kind: str, region: str, now: object) -> Found:
    at = ranked.candidate.observed_at
    age = "never counted" if at is None else f"counted {words.ago(at, now)} ago"  # type: ignore[arg-type]
    doubts = tuple(words.plain(facet.name).lower() for facet in ranked.facets if facet.verdict is MAY_FIT)
    return Found(code_name, words.KINDS.get(kind, words.plain(kind).lower()), region, ranked, age, doubts)


def _page(*, chosen: dict[str, object], area: str, found: Sequence[Found] | None, problem: str = "") -> str:
    return render_template(
        "desk/openings.html", chosen=chosen, area=area, found=found, problem=problem, needs=NEEDS, ages=AGES,
        places=PLACES, comes=COMES, musts=MUSTS, states=STATES, words=words,
    )  # fmt: skip
