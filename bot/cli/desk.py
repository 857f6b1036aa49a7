"""Who is on, on call or away, who can be reached, and is the whole way alive? `desk …`, for an operator."""

from __future__ import annotations

import json
from datetime import datetime

import click
from flask.cli import with_appcontext

from bot.rules.presence import Presence
from bot.store import canaries, pages, presence, rota, staff
from bot.store.db import Tx
from bot.usecases import canary as the_canary
from bot.usecases import offer, prove_channel
from bot.usecases.prove_channel import TYPED
from bot.usecases.refusal import Refused
from bot.usecases.send_pages import secret
from bot.web.context import services

_LINES = {"first": 1, "second": 2, "director": 3}
_MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M%z"])


@click.group(help="The desk: shifts, on-call, leave, ways to be called, and the nightly canary.")
def desk() -> None:
    pass


@desk.command(help="Send the canary now: a text comes in, on-call is called, a human answers.")
@with_appcontext
def canary() -> None:
    line = services()
    the_canary.begin(line.database, line)
    click.echo("On its way. `desk status` says how far it has come; on-call is being called.")


@desk.command(help="Who is on shift and present, when each was last heard, and the last canary.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def status(as_json: bool) -> None:
    line = services()
    with line.database.reading() as tx:
        team = presence.team(tx)
        names = staff.aliases(tx, [one.staff_id for one in team])
        there = {names[one.staff_id]: offer.present(one, line, tx) for one in team}
        last = canaries.latest(tx)
        calls = {line_name: len(rota.on_call(tx, n)) for line_name, n in _LINES.items()}
    trail = last._asdict() if last else {}
    steps = {name: trail[name].isoformat() for name in trail if name.endswith("_at") and trail[name]}
    if as_json:
        click.echo(json.dumps({"on_shift": there, "on_call": calls, "canary": steps}))
        return
    for name, how in there.items():
        click.echo(f"{name:<10} {'here' if how is Presence.HERE else how.value}")
    for name, n in calls.items():
        click.echo(f"on call, {name}: {n or 'nobody'}")
    click.echo(f"canary: {', '.join(f'{name[:-3]} {at}' for name, at in steps.items()) or 'never sent'}")


@desk.command(help="One more way to call EMAIL's owner: sms, email or webhook. It rings at once.")
@click.argument("email")
@click.argument("kind", type=click.Choice(TYPED))
@click.argument("address")
@with_appcontext
def channel(email: str, kind: str, address: str) -> None:
    line = services()
    with line.database.reading() as tx:
        staff_id = _account(tx, email)
    made = prove_channel.add(line.database, staff_id=staff_id, kind=kind, address=address,
                             region=line.settings.default_region)  # fmt: skip
    if isinstance(made, Refused):
        raise click.ClickException(made.reason)
    click.echo("Kept. It is called now, and counts once they answer.")
    if kind == "webhook":
        with line.database.reading() as tx:
            click.echo(f"Its calls are signed with {secret(tx, made)}")


@desk.command(help="Plan a shift of EMAIL's owner; a day may have several. Times like 2026-12-01T08:00-0600.")
@click.argument("email")
@click.argument("starts_at", type=_MOMENT)
@click.argument("ends_at", type=_MOMENT)
@with_appcontext
def shift(email: str, starts_at: datetime, ends_at: datetime) -> None:
    with services().database.transaction() as tx:
        staff.plan_shift(tx, _account(tx, email), *_span(starts_at, ends_at))
    click.echo("Planned.")


@desk.command("on-call", help="Put EMAIL's owner on call: first, second or director.")
@click.argument("email")
@click.argument("line_name", type=click.Choice(list(_LINES)))
@click.argument("starts_at", type=_MOMENT)
@click.argument("ends_at", type=_MOMENT)
@with_appcontext
def on_call(email: str, line_name: str, starts_at: datetime, ends_at: datetime) -> None:
    with services().database.transaction() as tx:
        staff_id = _account(tx, email)
        rota.put_on_call(tx, staff_id, _LINES[line_name], *_span(starts_at, ends_at))
        reachable = any(one.kind != "desk" for one in pages.channels_of(tx, [staff_id]))
    click.echo("Planned." if reachable else "Planned; but nothing reaches them yet: add a way with `desk channel`.")


@desk.command(help="Leave of EMAIL's owner; with `everybody` for the address, a holiday: planned shifts do not count.")
@click.argument("email")
@click.argument("starts_at", type=_MOMENT)
@click.argument("ends_at", type=_MOMENT)
@with_appcontext
def away(email: str, starts_at: datetime, ends_at: datetime) -> None:
    with services().database.transaction() as tx:
        staff_id = None if email == "everybody" else _account(tx, email)
        rota.add_absence(tx, staff_id, *_span(starts_at, ends_at))
    click.echo("Kept.")


def _account(tx: Tx, email: str) -> str:
    account = staff.find_by_email(tx, email)
    if account is None or not account.active:
        raise click.ClickException("No open account has this address. Nothing was changed.")
    return account.staff_id


def _span(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    if ends_at <= starts_at:
        raise click.ClickException("It ends before it begins. Nothing was changed.")
    return starts_at, ends_at
