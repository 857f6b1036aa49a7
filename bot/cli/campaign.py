"""How does an operator run a campaign from the command line? `campaign import`, `approve`, `launch`, `pause`, `status`.

The command line is one more door to the same use cases: a second person still approves, so name who acts with `--by`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from bot.rules.governor import Pace
from bot.rules.hours import DEFAULT_WINDOW
from bot.rules.may_send import LAWFUL_BASES
from bot.rules.recipients import PROVENANCES
from bot.store import campaigns, outcomes, staff
from bot.store.campaigns import KEYS, NEEDS, Campaign
from bot.usecases.approve_campaign import OPERATOR, approve_campaign
from bot.usecases.campaign_pace import pace as pace_of
from bot.usecases.import_recipients import import_whole
from bot.usecases.launch_campaign import launch_campaign, pause_campaign
from bot.usecases.refusal import Refused
from bot.usecases.stage_list import Wanted, stage_list
from bot.web.context import services

_KINDS = ("duplicates", "suppressed", "cooldown", "landline", "no_basis")

by_option = click.option("--by", metavar="EMAIL", help="The account that acts; the machine's operator if left out.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.group(help="Lists, approval, pacing.")
def campaign() -> None:
    pass


@campaign.command("import", help="Check a CSV list and make a draft campaign of its good rows.")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="For staff only.")
@click.option("--opener", "keys", type=click.Choice(KEYS), multiple=True, default=("O1",),
              help="Which first text; several are tried side by side.")  # fmt: skip
@click.option("--need", "needs", type=click.Choice(NEEDS), multiple=True, default=("bed",),
              help="What the people may ask for; openings of each are waited for.")  # fmt: skip
@click.option("--follow-up", is_flag=True, help="One gentle text after two weeks, to who answered and fell silent.")
@click.option("--sender", default="Ana", help="The staff first name in the text, at most 8 letters.")
@click.option("--area", default="", help="A region of the directory; anywhere if left out.")
@click.option("--from", "start", type=int, default=DEFAULT_WINDOW[0], help="Local hour before which nothing is sent.")
@click.option("--to", "end", type=int, default=DEFAULT_WINDOW[1], help="Local hour after which nothing is sent.")
@click.option("--provenance", type=click.Choice(list(PROVENANCES)), default="own", help="Where the list comes from.")
@click.option("--basis", type=click.Choice(sorted(LAWFUL_BASES)), help="Of rows that name none.")
@by_option
@json_option
@with_appcontext
def import_list(path: Path, name: str, keys: tuple[str, ...], needs: tuple[str, ...], follow_up: bool, sender: str,
                area: str, start: int, end: int, provenance: str, basis: str | None, by: str | None,
                as_json: bool) -> None:  # fmt: skip
    built = services()
    wanted = Wanted(name, keys[0], sender, area, (start, end), provenance, basis or "", also=keys[1:], needs=needs,
                    follow_up=follow_up)  # fmt: skip
    with path.open("rb") as file:
        staged = stage_list(built.database, built, file=file, wanted=wanted, author_id=_staff_id(by))
    made = staged if isinstance(staged, Refused) else import_whole(built.database, built, staged)
    if isinstance(made, Refused):
        raise click.ClickException(made.reason)
    if as_json:
        click.echo(json.dumps({**made.report, "campaign_id": made.campaign_id}))
        return
    _print_report(made.report)
    click.echo(f"Campaign {made.campaign_id} waits for a second person: campaign approve {made.campaign_id} --by EMAIL")


@campaign.command(help="Let a campaign go out. Never by the one who made it.")
@click.argument("campaign_id", metavar="ID")
@by_option
@with_appcontext
def approve(campaign_id: str, by: str | None) -> None:
    built = services()
    refused = approve_campaign(built.database, built, campaign_id=campaign_id, staff_id=_staff_id(by))
    if refused is not None:
        hint = " Name them with --by." if by is None else ""
        raise click.ClickException(refused.reason + hint)
    click.echo("Approved.")


@campaign.command(help="Start an approved campaign, or resume a paused one.")
@click.argument("campaign_id", metavar="ID")
@by_option
@with_appcontext
def launch(campaign_id: str, by: str | None) -> None:
    built = services()
    answer = launch_campaign(built.database, built, campaign_id=campaign_id, staff_id=_staff_id(by))
    if isinstance(answer, Refused):
        raise click.ClickException(answer.reason)
    click.echo(f"Running. {answer.pace.sentence}")


@campaign.command(help="Nothing more leaves until somebody launches it again.")
@click.argument("campaign_id", metavar="ID")
@by_option
@with_appcontext
def pause(campaign_id: str, by: str | None) -> None:
    refused = pause_campaign(services().database, campaign_id=campaign_id, staff_id=_staff_id(by))
    if refused is not None:
        raise click.ClickException(refused.reason)
    click.echo("Paused.")


@campaign.command(help="Where a campaign stands, and why it goes as fast as it goes.")
@click.argument("campaign_id", metavar="ID")
@json_option
@with_appcontext
def status(campaign_id: str, as_json: bool) -> None:
    built = services()
    with built.database.reading() as tx:
        found = campaigns.get(tx, campaign_id)
        if found is None:
            raise click.ClickException("There is no such campaign.")
        pace = pace_of(tx, built, found)
        counts, refused = outcomes.counts(tx, campaign_id), outcomes.refusals(tx, campaign_id)
    if as_json:
        click.echo(json.dumps(_status(found, counts, refused, pace)))
        return
    click.echo(f"{found.state}. {pace.sentence}")
    if pace.more:
        click.echo(f"What would raise it: {pace.more}")
    for name, n in counts.items():
        click.echo(f"{name:<10} {n}")


def _status(found: Campaign, counts: Mapping[str, int], refused: Mapping[str, int], pace: Pace) -> dict[str, Any]:
    return {
        "id": found.campaign_id,
        "state": found.state,
        "key": found.key,
        "keys": list(found.keys),
        "needs": list(found.needs),
        "recipients": {name: counts[name] for name in ("waiting", "released", "refused")},
        "texts": {name: counts[name] for name in ("queued", "sent", "delivered", "unknown", "failed")},
        "answered": counts["answered"],
        "opted_out": counts["opted_out"],
        "refused": dict(refused),
        "pace": {"now": pace.n, "per_hour": pace.per_hour, "code": pace.code, "sentence": pace.sentence,
                 "would_raise_it": pace.more},
    }  # fmt: skip


def _print_report(report: Mapping[str, Any]) -> None:
    click.echo(f"{report['accepted']} of {report['rows']} rows can be texted.")
    for kind in _KINDS:
        if report[kind]:
            click.echo(f"{kind:<10} {report[kind]}")
    for one in report["invalid"]:
        click.echo(f"row {one['row']}: {one['reason']}")


def _staff_id(email: str | None) -> str:
    if email is None:
        return OPERATOR
    with services().database.reading() as tx:
        account = staff.find_by_email(tx, email)
    if account is None or not account.active:
        raise click.ClickException("There is no such account.")
    return account.staff_id
