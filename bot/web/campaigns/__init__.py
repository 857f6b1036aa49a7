"""Where does outreach work? Lists, their reports, wording, a second person's approval, launch, pause, and progress."""

from __future__ import annotations

import io
import re
from typing import BinaryIO, cast

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.hours import DEFAULT_WINDOW
from bot.rules.may_send import LAWFUL_BASES
from bot.rules.recipients import PROVENANCES
from bot.rules.segments import price_of
from bot.store import campaigns, first_contacts
from bot.store.campaigns import KEYS, Campaign
from bot.usecases.approve_campaign import APPROVERS, approve_campaign, change_campaign
from bot.usecases.launch_campaign import Launched, launch_campaign, pause_campaign, stop_all
from bot.usecases.refusal import Refused
from bot.usecases.stage_list import stage_list
from bot.web.auth import roles, signed_in
from bot.web.campaigns import lists, one_by_one, trying, views
from bot.web.campaigns.lists import LOOK, MAKE
from bot.web.campaigns.views import Form
from bot.web.context import services
from bot.web.unchanged import etag, unless_same

blueprint = Blueprint("campaigns", __name__, url_prefix="/campaigns")

_ID = re.compile(r"[0-9a-f]{32}")
_FIELDS = ("name", "sender", "area", "window_from", "window_to", "pasted", "provenance", "basis", "separator",
           "look_first", "follow_up")  # fmt: skip


@blueprint.get("/")
@roles(*LOOK)
def index() -> str:
    """All campaigns, newest first, each with why it goes as fast as it goes."""
    built = services()
    with built.database.reading() as tx:
        rows, stopped, reading = views.rows(tx, built), campaigns.stopped(tx), views.being_read(tx)
        signed = first_contacts.signed(tx)
    account = signed_in()
    may = {"make": account.may(MAKE), "allow": account.may(APPROVERS), "sign": account.may(one_by_one.SIGN)}
    return render_template("campaigns/index.html", rows=rows, stopped=stopped, may=may, states=views.STATES,
                           reading=reading, signed=signed)  # fmt: skip


@blueprint.get("/new")
@roles(*MAKE)
def new() -> str:
    return _form(Form(sender=signed_in().alias))


@blueprint.post("/new")
@roles(*MAKE)
def create() -> AnyResponse | str | tuple[str, int]:
    """Take the list in, or say what is wrong and keep what was typed. A short list is read at once."""
    form = _filled()
    if request.form.get("do") == "preview":
        return _form(form)
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        file = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, upload.stream)))
    elif form.pasted:
        file = io.BytesIO(form.pasted.encode())
    else:
        return _form(form, wrong="Choose a file, or paste the list."), 400
    built = services()
    made = stage_list(built.database, built, file=file, wanted=form.wanted(), author_id=signed_in().staff_id)
    if isinstance(made, Refused):
        return _form(form, wrong=made.reason), 400
    lists.read_short(made)
    return redirect(url_for("campaigns.show", campaign_id=made))


@blueprint.post("/preview")
@roles(*MAKE)
def preview() -> str:
    """The openers with this name and area: nothing is kept, and nothing of it is in an address."""
    form = _filled()
    return render_template("campaigns/_previews.html", **_words(form))


def _filled() -> Form:
    several = {"keys": tuple(request.form.getlist("key")), "needs": tuple(request.form.getlist("needs"))}
    return Form(**{name: request.form.get(name, "") for name in _FIELDS}, **several)


def _form(form: Form, wrong: str = "") -> str:
    with services().database.reading() as tx:
        areas = views.areas(tx)
    return render_template("campaigns/new.html", form=form, areas=areas, hours=_hours(), wrong=wrong, **_words(form))


def _hours() -> list[tuple[int, str]]:
    return [(hour, f"{hour}:00") for hour in range(DEFAULT_WINDOW[0], DEFAULT_WINDOW[1] + 1)]


def _words(form: Form) -> dict[str, object]:
    """The openers as they would be read, and what stands against sending them."""
    built, wanted = services(), form.wanted()
    return {
        "openers": views.all_previews(built, wanted),
        "problem": views.problem_with_name(built, wanted),
        "provenances": list(PROVENANCES.items()),
        "bases": [(one, one) for one in sorted(LAWFUL_BASES)],
        "separators": [("tab" if one == "\t" else one, words) for one, words in views.SEPARATORS.items()],
        "needs": list(views.NEED_NAMES.items()),
        "drafts_allowed": built.settings.allow_unreviewed_texts,
    }


@blueprint.get("/<campaign_id>")
@roles(*LOOK)
def show(campaign_id: str) -> str:
    """One campaign: its report, its words, who stands for it, and how it goes."""
    built, account = services(), signed_in()
    campaign = _campaign(campaign_id)
    if campaign.state == "importing":
        return lists.page_of(campaign)
    with built.database.reading() as tx:
        shown = views.shown(tx, campaign)
    fragment = _progress(campaign)
    return render_template(
        "campaigns/show.html",
        shown=shown,
        campaign=campaign,
        texts=views.texts(built, campaign, shown.languages),
        phones=trying.phones(account.staff_id),
        whole_cost=price_of(int(campaign.report.get("accepted", 0)), built.settings.segment_price),
        fragment=fragment,
        etag=etag(fragment),
        kinds=views.KINDS,
        openers=[(key, views.OPENER_NAMES[key]) for key in KEYS],
        needs=list(views.NEED_NAMES.items()),
        hours=_hours(),
        may_approve=account.may(APPROVERS) and account.staff_id != campaign.author_id,
        is_author=account.staff_id == campaign.author_id,
        may_launch=account.may(MAKE),
    )


@blueprint.get("/<campaign_id>/live")
@roles(*LOOK)
def live(campaign_id: str) -> Response:
    """The part of the page that changes: 304 while it has not."""
    return unless_same(_progress(_campaign(campaign_id)))


@blueprint.get("/<campaign_id>/rejected.csv")
@roles(*LOOK)
def rejected(campaign_id: str) -> Response:
    """Rows, columns and reasons of what was left out."""
    return lists.rejected(_campaign(campaign_id).campaign_id)


@blueprint.post("/<campaign_id>/approve")
@roles(*APPROVERS)
def approve(campaign_id: str) -> AnyResponse:
    built = services()
    staff_id = signed_in().staff_id
    refused = approve_campaign(built.database, built, campaign_id=_known(campaign_id), staff_id=staff_id)
    return _back(campaign_id, refused.reason if refused else "Approved. It can be launched now.")


@blueprint.post("/<campaign_id>/change")
@roles(*MAKE)
def change(campaign_id: str) -> AnyResponse:
    """Other words or hours: a draft again, for somebody else to approve."""
    built, wanted = services(), _filled().wanted()
    refused = change_campaign(
        built.database, built, campaign_id=_known(campaign_id), keys=[key for key in wanted.keys if key],
        sender=wanted.sender, window=wanted.window, staff_id=signed_in().staff_id, needs=wanted.needs,
        follow_up=wanted.follow_up,
    )  # fmt: skip
    return _back(campaign_id, refused.reason if refused else "Changed. It must be approved anew, by somebody else.")


@blueprint.post("/<campaign_id>/launch")
@roles(*MAKE)
def launch(campaign_id: str) -> AnyResponse:
    """Start, or go on after a pause."""
    built = services()
    answer = launch_campaign(built.database, built, campaign_id=_known(campaign_id), staff_id=signed_in().staff_id)
    match answer:
        case Launched(pace):
            return _back(campaign_id, f"It is running. {pace.sentence}")
        case Refused(reason):
            return _back(campaign_id, reason)


@blueprint.post("/<campaign_id>/pause")
@roles(*LOOK)
def pause(campaign_id: str) -> AnyResponse:
    refused = pause_campaign(services().database, campaign_id=_known(campaign_id), staff_id=signed_in().staff_id)
    return _back(campaign_id, refused.reason if refused else "Paused. Nothing more leaves until someone resumes it.")


@blueprint.post("/stop")
@roles(*LOOK)
def stop() -> AnyResponse:
    """The kill switch: anyone here may throw it."""
    stop_all(services().database, on=True, staff_id=signed_in().staff_id)
    flash("All campaigns are stopped.")
    return redirect(url_for("campaigns.index"))


@blueprint.post("/allow")
@roles(*APPROVERS)
def allow() -> AnyResponse:
    """Take the kill switch off: for those who may approve."""
    stop_all(services().database, on=False, staff_id=signed_in().staff_id)
    flash("Campaigns may go on. Those that were paused stay paused.")
    return redirect(url_for("campaigns.index"))


def _known(campaign_id: str) -> str:
    if not _ID.fullmatch(campaign_id):
        abort(404)
    return campaign_id


def _campaign(campaign_id: str) -> Campaign:
    with services().database.reading() as tx:
        campaign = campaigns.get(tx, _known(campaign_id))
    if campaign is None:
        abort(404)
    return campaign


def _progress(campaign: Campaign) -> str:
    built = services()
    with built.database.reading() as tx:
        progress = views.progress(tx, built, campaign)
    return render_template("campaigns/_progress.html", progress=progress, states=views.STATES)


def _back(campaign_id: str, message: str) -> AnyResponse:
    flash(message)
    return redirect(url_for("campaigns.show", campaign_id=campaign_id))
