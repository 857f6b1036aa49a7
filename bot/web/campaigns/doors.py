"""Which ways in are there besides campaigns, and what is printed for each? A word, a square to scan, the figures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import quote

import phonenumbers
import segno
from flask import Blueprint, Response, abort, render_template, url_for

from bot.rules.funnel import DOORS
from bot.services import Services
from bot.usecases.signed_off import wording_now
from bot.web.auth import roles
from bot.web.campaigns import reports
from bot.web.campaigns.lists import LOOK
from bot.web.campaigns.views import LANGUAGE_NAMES
from bot.web.context import services
from flows.conversation import LANGUAGES

blueprint = Blueprint("doors", __name__, url_prefix="/campaigns/doors")

ABOUT = {
    "poster": "On a wall, in a rest room, at a bus stop. Whoever reads it texts first.",
    "partner": "A partner tells somebody the word. Their own text is their yes: a partner never enters a number.",
    "card": "Small enough to hide. It names nothing but the word and the number.",
    "work": "For work, pay and papers: at consulates, clinics and fields.",
}
SAYS = {
    "en": ("Text", "to", "Free local help by text. Message rates may apply."),
    "es": ("Manda", "al", "Ayuda local gratis por mensaje de texto. Puede costar lo que cobre tu plan."),
}
"""What stands on paper round the word and the number: nothing that tells a stranger what this is."""


@dataclass(frozen=True, slots=True)
class Way:
    """One door in one language."""

    language: str
    language_name: str
    words: tuple[str, ...]
    picture: str
    text: str
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Door:
    name: str
    title: str
    about: str
    ways: tuple[Way, ...]


@blueprint.get("/")
@roles(*LOOK)
def index() -> str:
    """Every door, with what its first answer says, and what came of it."""
    built = services()
    with built.database.reading() as tx:
        wording, figures = wording_now(tx, built), reports.doors(tx)
    doors = [
        Door(name, DOORS.get(name, name), ABOUT.get(name, ""), tuple(
            Way(language, LANGUAGE_NAMES[language], words_of(built, name, language),
                url_for("doors.square", door=name, language=language),
                built.script.wording.render(key, language, {"BRAND": built.settings.brand}),
                wording.is_reviewed(key, language))
            for language in LANGUAGES
        ))
        for name, key in openings(built).items()
    ]  # fmt: skip
    return render_template("campaigns/doors.html", doors=doors, figures=figures, number=_written(built))


@blueprint.get("/<door>/<language>.svg")
@roles(*LOOK)
def square(door: str, language: str) -> Response:
    """The square that opens a phone's own messages, with our number and the word filled in. Nothing is sent by it."""
    built = services()
    number, words = number_of(built), _known(built, door, language)
    if not number:
        abort(404)
    out = io.BytesIO()
    segno.make(f"sms:{number}?body={quote(words[0].upper())}", error="m").save(out, kind="svg", scale=6, border=4,
                                                                              light="#fff")  # fmt: skip
    return Response(out.getvalue(), mimetype="image/svg+xml")


@blueprint.get("/<door>/<language>/print")
@roles(*LOOK)
def paper(door: str, language: str) -> str:
    """One page to print and nothing else on it."""
    built = services()
    words = _known(built, door, language)
    if not number_of(built):
        abort(404)
    return render_template(
        "campaigns/paper.html", word=words[0].upper(), says=SAYS[language], language=language, number=_written(built),
        picture=url_for("doors.square", door=door, language=language),
    )  # fmt: skip


def openings(built: Services) -> dict[str, str]:
    """The doors of the script, each with the text its first answer is."""
    rows = [row for row in built.script.states["idle"].rows if row.on == "door" and row.mark and row.say]
    return {str(row.mark): row.say[0] for row in rows}


def words_of(built: Services, door: str, language: str) -> tuple[str, ...]:
    return tuple(word for word, opens in built.script.doors.items() if opens == (door, language))


def number_of(built: Services) -> str:
    """The number people text: the first of ours. A service that chooses among its own names none."""
    return next(iter(built.settings.twilio_from), "")


def _known(built: Services, door: str, language: str) -> tuple[str, ...]:
    words = words_of(built, door, language)
    if not words:
        abort(404)
    return words


def _written(built: Services) -> str:
    """As people of the region write it."""
    number = number_of(built)
    try:
        parsed = phonenumbers.parse(number, built.settings.default_region)
    except phonenumbers.NumberParseException:
        return number
    national = phonenumbers.region_code_for_number(parsed) == built.settings.default_region
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(parsed, form.NATIONAL if national else form.INTERNATIONAL)
