"""How does a provider see and change its own counts? One page behind a link: no log-in, no script needed.

The token in the path is the authority, so these forms carry no other proof. Nothing on the page, and nothing in its
address, tells of a person, a number or the program's real name.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.freshness import Freshness
from bot.usecases import provider_link
from bot.usecases.provider_link import Record
from bot.usecases.refusal import Refused
from bot.web.context import services

blueprint = Blueprint("openings", __name__, url_prefix="/o")

ONE_TAP = 9
"""Up to so many places have a button each; beyond it a number is typed."""
_FEW = 11
"""Small programs are not told a share on fewer answers (`domain.md` 3.11)."""
_ZONE = "America/Chicago"


@blueprint.get("/<token>")
def show(token: str) -> str:
    return _page(token, _record(token))


@blueprint.post("/<token>")
def put(token: str) -> Response | tuple[str, int]:
    """One tap: a count, or one word for all of them."""
    _record(token)
    form = request.form
    counts = {stock: int(n) for stock, n in form.items() if n.isascii() and n.isdigit() and len(n) < 5}
    return _after(token, provider_link.put(services().database, token, form.get("act", "count"), counts))


@blueprint.post("/<token>/hours")
def hours(token: str) -> Response | tuple[str, int]:
    """When they would like to be asked."""
    _record(token)
    first, end = (request.form.get(name, "") for name in ("first", "end"))
    if not (first.isascii() and first.isdigit() and end.isascii() and end.isdigit()):
        abort(400)
    return _after(token, provider_link.choose_hours(services().database, token, int(first[:3]), int(end[:3])))


def _after(token: str, refused: Refused | None) -> Response | tuple[str, int]:
    if refused is not None:
        return _page(token, _record(token), problem=refused.reason), 409
    return redirect(url_for("openings.show", token=token, kept=1))


def _record(token: str) -> Record:
    g.bare = True  # no account, no rooms: whoever holds a link sees this page and no way to another
    record = provider_link.see(services().database, token[:64])
    if record is None:
        abort(404)
    return record


def _page(token: str, record: Record, problem: str = "") -> str:
    words = WORDS[record.link.language]
    zone = ZoneInfo(record.link.timezone or _ZONE)
    return render_template(
        "openings/show.html", token=token, record=record, words=words, problem=problem,
        kept="kept" in request.args, one_tap=ONE_TAP, few=_FEW, ago=lambda at: _ago(at, record.now, words),
        local=lambda at: f"{at.astimezone(zone):%-m/%-d %H:%M}",
        states=_STATES, zone=zone.key,
    )  # fmt: skip


def _ago(at: datetime, now: datetime, words: dict[str, Any]) -> str:
    minutes = max(0, (now - at) // timedelta(minutes=1))
    if minutes < 60:
        return words["minutes"].format(minutes)
    return words["hours"].format(minutes // 60) if minutes < 48 * 60 else words["days"].format(minutes // 1440)


_STATES = {Freshness.FRESH: "good", Freshness.AGING: "warn", Freshness.STALE: "bad", Freshness.UNKNOWN: "plain"}

WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "title": "What is open at {}",
        "lead": "One tap is enough. Please leave out names: this page keeps numbers alone.",
        "kept": "Thank you. It is kept.",
        "open": "{} open of {}", "never": "Not counted yet", "waitlist": "waiting list",
        "asked": "How many are open now?", "save": "Save", "number": "Number open",
        "all": "All of it at once", "same": "Same as before", "full": "Full", "wait": "Full, with a waiting list",
        "off": "Pause: send no one", "on": "Open again", "undo": "Undo my last tap",
        "paused": "You are paused: nobody is sent to you. Any count, or the button below, turns it on again.",
        "fresh": "told as it stands", "aging": "we ask you first", "stale": "too old to tell", "unknown": "not known",
        "chance": "chance that there is room now: {} %",
        "record": "Your record", "proved": "{} of {} counts were still true when the next one came.",
        "few": "After some more counts you will see here how often they were still true.",
        "history": "What was said before", "when": "When", "what": "Open", "how": "How", "undone": "taken back",
        "by": {"sms": "text", "web": "this page", "api": "your system", "call": "telephone",
               "hold": "answer to a request", "seed": "at the start"},
        "ask_hours": "When may we ask you by text?", "from": "From", "to": "until",
        "ask_note": "At most once a day, and not when you have counted already. Times are in {}.",
        "minutes": "{} min ago", "hours": "{} h ago", "days": "{} days ago", "expires": "This link is good until {}.",
        "units": {"bed": "beds", "women_bed": "beds for women", "men_bed": "beds for men", "room": "rooms",
                  "family_unit": "family units", "slot": "slots", "hotel_night": "hotel nights",
                  "appointment": "appointments"},
    },
    "es": {
        "title": "Lo que hay libre en {}",
        "lead": "Basta un toque. Por favor, sin nombres: esta página solo guarda números.",
        "kept": "Gracias. Queda guardado.",
        "open": "{} libres de {}", "never": "Aún sin contar", "waitlist": "lista de espera",
        "asked": "¿Cuántos hay libres ahora?", "save": "Guardar", "number": "Número libre",
        "all": "Todo a la vez", "same": "Igual que antes", "full": "Lleno", "wait": "Lleno, con lista de espera",
        "off": "Pausar: no mandar a nadie", "on": "Abrir de nuevo", "undo": "Deshacer mi último toque",
        "paused": "Está en pausa: no se manda a nadie. Cualquier número, o el botón de abajo, lo abre de nuevo.",
        "fresh": "se dice tal cual", "aging": "le preguntamos antes", "stale": "muy viejo para decirlo",
        "unknown": "no se sabe",
        "chance": "probabilidad de que haya lugar ahora: {} %",
        "record": "Su historial", "proved": "{} de {} números seguían siendo ciertos al llegar el siguiente.",
        "few": "Con algunos números más, aquí verá cuántas veces seguían siendo ciertos.",
        "history": "Lo dicho antes", "when": "Cuándo", "what": "Libres", "how": "Cómo", "undone": "deshecho",
        "by": {"sms": "mensaje", "web": "esta página", "api": "su sistema", "call": "teléfono",
               "hold": "respuesta a una petición", "seed": "al inicio"},
        "ask_hours": "¿Cuándo podemos preguntarle por mensaje?", "from": "De", "to": "a",
        "ask_note": "Una vez al día como mucho, y no si ya contó. Horas en {}.",
        "minutes": "hace {} min", "hours": "hace {} h", "days": "hace {} días",
        "expires": "Este enlace sirve hasta {}.",
        "units": {"bed": "camas", "women_bed": "camas para mujeres", "men_bed": "camas para hombres", "room": "cuartos",
                  "family_unit": "unidades familiares", "slot": "cupos", "hotel_night": "noches de hotel",
                  "appointment": "citas"},
    },
}  # fmt: skip
"""What stands on the page. Staff of a program read it, not a person: so it is not among the texts of flows/copy."""
