"""Can I be reached now? Every way of calling an advocate, rung and answered; and the ring that any open page hears."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.phrases import phrase, phrases
from bot.store import pages, rota_board
from bot.store import reach as kept
from bot.usecases import hear_page, prove_channel, subscribe_push
from bot.usecases.refusal import Refused
from bot.web.auth import anyone, roles, signed_in
from bot.web.context import services
from bot.web.desk.room import CALLED, blueprint
from bot.web.sessions import device_of, device_words
from bot.web.tongue import flash, say
from bot.web.unchanged import unless_same

RINGS_FOR = timedelta(minutes=10)
"""A call nobody answered so long rings on no page any more: the ladder has called others."""
KINDS = phrases({"desk": "This page", "sms": "Text", "email": "Mail", "webhook": "Webhook", "push": "Browser"})
BRINGS_CODE = ("sms", "email", "webhook")
"""Whoever was called by one of these has read its code; the others are heard, and pressed."""
WHY = phrases({"proof": "A trial: does it reach you?", "waits": "Somebody waits",
               "silent": "Somebody you hold waits for you",
       "second_chair": "A colleague asks for you", "clock": "The clock has stopped", "canary": "The nightly trial",
       "promise": "A promise of yours is due"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """One channel, as its owner sees it: never its whole address."""

    channel_id: str
    kind: str
    name: str
    proved_at: datetime | None
    failed_at: datetime | None
    call: Any
    """The one made last, if there was one."""
    proven: bool
    """Heard in this shift; without one, ever."""

    @property
    def waits(self) -> bool:
        """It was tried and not answered."""
        return self.call is not None and self.call.why == "proof" and self.call.state in ("due", "sending", "sent")


@blueprint.get("/reach")
@roles(*CALLED)
def reach() -> str:
    """Every way to call me, when it rang and when I heard it."""
    return _page()


@blueprint.get("/ring")
@roles(*CALLED)
def ring() -> Response:
    """What any open page of an advocate asks for: am I called? Nothing of anyone, only that."""
    with services().database.reading() as tx:
        calls = kept.ringing(tx, signed_in().staff_id, tx.now - RINGS_FOR)
    only_trial = all(one.why == "proof" for one in calls)
    return unless_same(render_template("desk/_ring.html", calls=calls, only_trial=only_trial))


@blueprint.get("/bell.js")
@anyone
def bell() -> Response:
    """The service worker, from an address under which it may speak for the desk."""
    return current_app.send_static_file("bell.js")


@blueprint.get("/desk.webmanifest")
@anyone
def manifest() -> Response:
    """What a phone needs to put the desk on its home screen: from there an iPhone may be called. The brand, and no
    more."""
    brand = services().settings.brand
    icon = {"src": url_for("static", filename="icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    said = {"name": brand, "short_name": brand, "start_url": "/desk/", "scope": "/desk/", "display": "standalone"}
    return Response(json.dumps({**said, "icons": [icon]}), mimetype="application/manifest+json")


@blueprint.post("/reach/heard")
@roles(*CALLED)
def heard_call() -> AnyResponse | tuple[str, int]:
    """Its code, typed or carried by the button: the channel is proven."""
    code = request.form.get("code", "").strip()[:10]
    refused = hear_page.hear(services().database, staff_id=signed_in().staff_id, code=code)
    if refused:
        return _page(problem=refused.reason), 409
    return _back(phrase("Heard. You can be reached this way."))


@blueprint.post("/reach/ring")
@roles(*CALLED)
def ring_all_again() -> AnyResponse | tuple[str, int]:
    return _rung(prove_channel.ring_again(services().database, staff_id=signed_in().staff_id))


@blueprint.post("/reach/<id:channel_id>/ring")
@roles(*CALLED)
def ring_one_again(channel_id: str) -> AnyResponse | tuple[str, int]:
    me = signed_in().staff_id
    return _rung(prove_channel.ring_again(services().database, staff_id=me, channel_id=channel_id))


def _rung(refused: Refused | None) -> AnyResponse | tuple[str, int]:
    if refused:
        return _page(problem=refused.reason), 409
    return _back(phrase("It rings now."))


@blueprint.post("/reach/add")
@roles(*CALLED)
def add_way() -> AnyResponse | tuple[str, int]:
    """One more way to be called: kept sealed, rung at once."""
    built, me = services(), signed_in()
    kind, address = request.form.get("kind", ""), request.form.get("address", "")[:300]
    if kind not in prove_channel.TYPED or "\x00" in address:
        return _page(problem=phrase("Choose how you want to be called.")), 409
    made = prove_channel.add(built.database, staff_id=me.staff_id, kind=kind, address=address,
                             region=built.settings.default_region)  # fmt: skip
    if isinstance(made, Refused):
        return _page(problem=made.reason, kind=kind, address=address), 409
    return _back(phrase("Kept. It rings now, and counts once you have answered."))


@blueprint.post("/reach/push")
@roles(*CALLED)
def add_push() -> Response | tuple[str, int]:
    """What this device's browser subscribed to. It is told where to go next."""
    built, me = services(), signed_in()
    made = subscribe_push.subscribe(
        built.database, built, staff_id=me.staff_id, sent=request.get_json(silent=True),
        device=device_of(request.user_agent.string),
    )  # fmt: skip
    if isinstance(made, Refused):
        return say(made.reason), 409
    flash("This device is called from now on. It rings now: press here when it showed.")
    return Response(json.dumps({"go": url_for("team.reach")}), mimetype="application/json")


@blueprint.post("/reach/<id:channel_id>/drop")
@roles(*CALLED)
def drop_way(channel_id: str) -> AnyResponse | tuple[str, int]:
    refused = prove_channel.drop(services().database, staff_id=signed_in().staff_id, channel_id=channel_id)
    if refused:
        return _page(problem=refused.reason), 409
    return _back(phrase("You are not called this way any more."))


def _back(words: str) -> AnyResponse:
    flash(words)
    return redirect(url_for("team.reach"))


def _page(**more: str) -> str:
    built, me = services(), signed_in()
    with built.database.reading() as tx:
        shift_from = rota_board.running_since(tx, me.staff_id)
        channels = pages.channels_of(tx, [me.staff_id])
        addresses, calls = kept.addresses_of(tx, me.staff_id), kept.last_calls(tx, me.staff_id)
        real = [one for one in kept.ringing(tx, me.staff_id, tx.now - RINGS_FOR) if one.why != "proof"]
    ways = [
        Way(one.channel_id, one.kind, _name(one.kind, addresses[one.channel_id], one.name), one.proved_at,
            one.failed_at, calls.get(one.channel_id),
            one.proved_at is not None and (shift_from is None or one.proved_at >= shift_from))
        for one in sorted(channels, key=lambda one: one.place)
    ]  # fmt: skip
    return render_template(
        "desk/reach.html", ways=ways, real=real, on_shift=shift_from is not None, kinds=KINDS, why=WHY,
        codes=BRINGS_CODE, push_key=built.push_key, **more,
    )  # fmt: skip


def _name(kind: str, address: str, device: str | None) -> str:
    """Enough to know it by, and no more: somebody may look over a shoulder."""
    match kind:
        case "sms":
            return phrase("to the number that ends in %(end)s", end=address[-2:])
        case "email":
            name, _, host = address.partition("@")
            return phrase("to %(where)s", where=f"{name[:1]}…@{host}")
        case "webhook":
            return phrase("to %(where)s", where=urlsplit(address).hostname)
        case "push":
            return device_words(device or "") or phrase("A device")
    return phrase("on whatever page of the desk is open")
