"""Where does a member of staff write to one person who agreed to nothing? One card, one press, one text, one record."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.store import campaigns, first_contacts
from bot.usecases.press_one import Card, Prepared, press_one, show_next, sign_off, withdraw_sign_off
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.campaigns.views import LANGUAGE_NAMES
from bot.web.context import services

blueprint = Blueprint("one_by_one", __name__, url_prefix="/campaigns/one-by-one")

LOOK = ("outreach", "approver", "lead", "admin")
PRESS = ("outreach", "lead")
SIGN = ("admin",)


@blueprint.get("/<id:campaign_id>")
@roles(*LOOK)
def show(campaign_id: str) -> str:
    return _page(campaign_id)


@blueprint.post("/<id:campaign_id>/next")
@roles(*PRESS)
def next_one(campaign_id: str) -> str:
    """The next person's card. Nothing is recorded by looking."""
    built = services()
    found = show_next(built.database, built, campaign_id=campaign_id, staff_id=signed_in().staff_id)
    return _page(campaign_id, card=found if isinstance(found, Card) else None, wrong=_reason(found))


@blueprint.post("/<id:campaign_id>/press")
@roles(*PRESS)
def press(campaign_id: str) -> str:
    """One text for the person on the card. The token stands in the form, never in an address."""
    built = services()
    token = request.form.get("token", "")
    made = press_one(built.database, built, token=token, staff_id=signed_in().staff_id)
    return _page(campaign_id, made=made if isinstance(made, Prepared) else None, wrong=_reason(made))


@blueprint.post("/sign-off")
@roles(*SIGN)
def sign() -> AnyResponse:
    """The organization's own yes, by name and day; or its end."""
    built, staff_id = services(), signed_in().staff_id
    if request.form.get("do") == "withdraw":
        withdraw_sign_off(built.database, staff_id=staff_id)
        flash("Withdrawn. Nobody is written to one by one any more.")
        return redirect(url_for("campaigns.index"))
    refused = sign_off(
        built.database, signed_by=request.form.get("signed_by", ""), signed_on=request.form.get("signed_on", ""),
        way="handset", staff_id=staff_id,
    )  # fmt: skip
    flash(refused.reason if refused else "Signed. Lists brought from now on keep those who lack a basis.")
    return redirect(url_for("campaigns.index"))


def _page(campaign_id: str, card: Card | None = None, made: Prepared | None = None, wrong: str = "") -> str:
    with services().database.reading() as tx:
        campaign = campaigns.get(tx, campaign_id)
        if campaign is None:
            abort(404)
        signed, (total, done) = first_contacts.signed(tx), first_contacts.counts(tx, campaign_id)
    return render_template(
        "campaigns/one_by_one.html", campaign=campaign, card=card, made=made, wrong=wrong, signed=signed, total=total,
        done=done, may_press=signed_in().may(PRESS), language_names=LANGUAGE_NAMES,
    )  # fmt: skip


def _reason(found: object) -> str:
    return found.reason if isinstance(found, Refused) else ""
