"""What is open that fits: for the person of a conversation, or for whatever an advocate puts in? By the
line's own matcher.

What is put in travels in the body of a form: neither a place nor an answer may stand in an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.continuum import SPECIALISATIONS
from bot.rules.facets import FACET_OF, MAY_FIT
from bot.rules.freshness import Freshness
from bot.rules.matching import NearMiss, Ranked
from bot.rules.phrases import phrase, phrases
from bot.store import directory, directory_criteria, holds
from bot.usecases import confirm_match, find_openings, hold
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import views, words
from bot.web.tongue import flash, say
from flows.understanding import Expecting, read

blueprint = Blueprint("search", __name__, url_prefix="/desk")

DESK = ("advocate", "lead")
SHOWN = 25
_AREA = Expecting(name="area", slot="area", parser="area")
NEEDS = phrases({"bed": "bed", "advocacy": "advocacy", "health": "health", "legal": "legal", "basics": "basics",
                 "other": "other"})  # fmt: skip
AGES = (
    ("", phrase("Any age")),
    ("under18", phrase("Under 18")),
    ("18-24", phrase("18 to 24")),
    ("25up", phrase("25 or older")),
)
PLACES = (
    ("", phrase("Any kind of place")),
    ("women", phrase("For women")),
    ("men", phrase("For men")),
    ("trans", phrase("Trans welcome")),
)
COMES = (
    ("kids", phrase("Children")),
    ("pregnant", phrase("Pregnant")),
    ("pet", phrase("A pet")),
    ("adult", phrase("Another adult")),
)
MUSTS = (("phone", phrase("Keep the phone")), ("no_religion", phrase("No religion")),
         ("lgbtq", phrase("LGBTQ friendly")),
         ("wheelchair", phrase("No steps")), ("meds", phrase("Own medicine")),
         ("come_and_go", phrase("Come and go")))  # fmt: skip
STATES = {Freshness.FRESH: (phrase("may be told"), "good"), Freshness.AGING: (phrase("ask first"), "warn"),
          Freshness.STALE: (phrase("old: ask"), "plain"),
          Freshness.UNKNOWN: (phrase("not known: ask"), "plain")}  # fmt: skip


PREFERS = tuple((tag, words.plain(tag)) for tag in SPECIALISATIONS)


@dataclass(frozen=True, slots=True)
class Fact:
    """One facet of a place: its verdict, and how old what the program said of it is."""

    name: str
    verdict: str
    age: str


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
    facts: tuple[Fact, ...]
    known_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """One place that a single thing keeps out which is no law: it may be asked about."""

    code_name: str
    kind: str
    region: str
    facet: str
    age: str


@dataclass(frozen=True, slots=True)
class Looked:
    found: tuple[Found, ...] = ()
    missed: tuple[Missed, ...] = ()


@blueprint.route("/openings", methods=["GET", "POST"])
@roles(*DESK)
def openings() -> str | tuple[str, int]:
    """A search of its own: what is left out excludes nothing."""
    form = request.form
    chosen = {"need": form.getlist("need"), "age": form.get("age", ""), "places": form.get("places", ""),
              "household": form.getlist("household"), "musts": form.getlist("musts"),
              "prefers": form.getlist("prefers")}  # fmt: skip
    if request.method == "GET":
        return _page(chosen=chosen, area="")
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
            problem = say(
                "That is not one place we know for certain. Use three ZIP digits, a city with its state, or far."
            )
            return _page(chosen=chosen, area=area, problem=problem), 409
        answers["area"] = reading.answers["area"]
    return _page(chosen=chosen, area=area, looked=_looked(answers))


@blueprint.get("/conversations/<id:conversation_id>/openings")
@roles(*DESK)
def for_person(conversation_id: str) -> str:
    """What fits what this person has said."""
    shown = _talk(conversation_id)
    return render_template(
        "desk/openings_for.html", talk=shown, looked=_looked(shown.conversation.answers), states=STATES,
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
        return phrase("One place is asked. You see on the conversation what it answers.")
    return phrase("%(n)s places are asked at once. The first yes holds, and the others are let go.", n=asked)


def _talk(conversation_id: str) -> views.Talk:
    with services().database.reading() as tx:
        shown = views.talk(tx, services(), signed_in(), conversation_id)
    if shown is None:
        abort(404)
    return shown


def _looked(answers: Mapping[str, object]) -> Looked:
    database = services().database
    searched = find_openings.look_around(database, answers)
    ranked, missed = searched.matches[:SHOWN], searched.near_misses
    ids = {one.candidate.program_id for one in (*ranked, *missed)}
    with database.reading() as tx:
        about, facts = directory.about(tx, ids), directory_criteria.last_verified(tx, ids)
        now = tx.now
    return Looked(
        tuple(_in_words(one, *about[one.candidate.program_id], facts, now) for one in ranked),
        tuple(_missed(one, *about[one.candidate.program_id], now) for one in missed),
    )


def _in_words(ranked: Ranked, code_name: str, kind: str, region: str, facts: Mapping[tuple[str, str], datetime],
              now: datetime) -> Found:  # fmt: skip
    c = ranked.candidate
    doubts = tuple(words.plain(facet.name).lower() for facet in ranked.facets if facet.verdict is MAY_FIT)
    asked = [(facet, facts.get((c.program_id, FACET_OF.get(facet.name, "")))) for facet in ranked.facets]
    shown = tuple(
        Fact(words.plain(facet.name).lower(), words.plain(facet.verdict.value).lower(),
             phrase("asked %(ago)s ago", ago=words.ago(at, now)) if at else "")
        for facet, at in asked
    )  # fmt: skip
    known = tuple(words.plain(tag).lower() for tag in sorted(c.known_for))
    return Found(code_name, _kind(kind), region, ranked, _age(c.observed_at, now), doubts, shown, known)


def _missed(miss: NearMiss, code_name: str, kind: str, region: str, now: datetime) -> Missed:
    facet = words.plain(miss.facet).lower()
    return Missed(code_name, _kind(kind), region, facet, _age(miss.candidate.observed_at, now))


def _kind(kind: str) -> str:
    return words.KINDS.get(kind, words.plain(kind).lower())


def _age(at: datetime | None, now: datetime) -> str:
    return phrase("never counted") if at is None else phrase("counted %(ago)s ago", ago=words.ago(at, now))


def _page(*, chosen: dict[str, object], area: str, looked: Looked | None = None, problem: str = "") -> str:
    return render_template(
        "desk/openings.html", chosen=chosen, area=area, looked=looked, problem=problem, needs=tuple(NEEDS),
        need_words=NEEDS, ages=AGES,
        places=PLACES, comes=COMES, musts=MUSTS, prefers=PREFERS, states=STATES, words=words,
    )  # fmt: skip
