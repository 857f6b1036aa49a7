"""Has anybody changed the record of who did what? `audit verify`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from bot.usecases.verify_audit import verify_audit
from bot.web.context import services


@click.group(help="The record of who did what, and who looked.")
def audit() -> None:
    pass


@audit.command(help="Walk the chain; name every line that was changed, deleted or slipped in, and then exit 1.")
@click.option("--head", "noted_head", default="", metavar="N:DIGEST", help="A head noted earlier that must be there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def verify(noted_head: str, as_json: bool) -> None:
    found = verify_audit(services().database, noted_head=noted_head)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        for fault in found.faults:
            click.echo(f"{fault.audit_id} {fault.what}".strip())
        click.echo(f"{found.lines} lines, head {found.head}: keep this head elsewhere, to check against later.")
    if found.faults:
        raise SystemExit(1)
