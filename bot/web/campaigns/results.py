"""Where does anybody read what came of texting people? One campaign's page, that of all, and both as CSV."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response, abort, render_template

from bot.store import campaigns
from bot.store.campaigns import Campaign
from bot.web.auth import roles
from bot.web.campaigns import reports
from bot.web.campaigns.lists import LOOK
from bot.web.campaigns.reports import Report
from bot.web.context import services

blueprint = Blueprint("results", __name__, url_prefix="/campaigns")


@blueprint.get("/<id:campaign_id>/results")
@roles(*LOOK)
def show(campaign_id: str) -> str:
    campaign, report = _of(campaign_id)
    return render_template("campaigns/results.html", campaign=campaign, report=report)


@blueprint.get("/<id:campaign_id>/results.csv")
@roles(*LOOK)
def show_csv(campaign_id: str) -> Response:
    return _file(_of(campaign_id)[1], "campaign-results.csv")


@blueprint.get("/figures")
@roles(*LOOK)
def figures() -> str:
    """Everything together, and the same months a year before."""
    return render_template("campaigns/figures.html", report=_of_all())


@blueprint.get("/figures.csv")
@roles(*LOOK)
def figures_csv() -> Response:
    return _file(_of_all(), "outreach-figures.csv")


def _of(campaign_id: str) -> tuple[Campaign, Report]:
    with services().database.reading() as tx:
        campaign = campaigns.get(tx, campaign_id)
        if campaign is None or campaign.state == "importing":
            abort(404)
        return campaign, reports.of_campaign(tx, campaign)


def _of_all() -> Report:
    built = services()
    with built.database.reading() as tx:
        return reports.of_all(tx, built)


def _file(report: Report, name: str) -> Response:
    out = io.StringIO()
    csv.writer(out).writerows(reports.cells(report))
    return Response(out.getvalue(), mimetype="text/csv",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})  # fmt: skip
