"""Where does staff send a campaign's text to their own phone? A form that names a phone of theirs, never a number."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.store import pages
from bot.usecases.send_test import send_test
from bot.web.auth import roles, signed_in
from bot.web.campaigns.lists import LOOK
from bot.web.context import services

blueprint = Blueprint("trying", __name__, url_prefix="/campaigns")


def phones(staff_id: str) -> list[tuple[str, str]]:
    """This account's own proven phones, each by its last two digits."""
    with services().database.reading() as tx:
        return [(channel_id, f"your phone ending in {last}") for channel_id, last in pages.proven_phones(tx, staff_id)]


@blueprint.post("/<id:campaign_id>/try")
@roles(*LOOK)
def send(campaign_id: str) -> AnyResponse:
    built = services()
    key, _, language = request.form.get("text", "").partition("-")
    refused = send_test(
        built.database, built, campaign_id=campaign_id, key=key, language=language,
        channel_id=request.form.get("phone", ""), staff_id=signed_in().staff_id,
    )  # fmt: skip
    flash(refused.reason if refused else "Sent to your own phone. It counts as a test, and nobody else got it.")
    return redirect(url_for("campaigns.show", campaign_id=campaign_id))
