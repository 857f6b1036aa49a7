"""How is an old encryption key retired? `keys rotate`, after the new key was put first in FIELD_KEYS."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from bot.usecases.rotate_keys import Rotated, rotate_keys
from bot.web.context import services


@click.group(help="The keys that seal what people told us.")
def keys() -> None:
    pass


@keys.command(help="Seal everything with the newest key. May be stopped at any moment and run again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def rotate(as_json: bool) -> None:
    done: list[Rotated] = []
    for one in rotate_keys(services().database):
        done.append(one)
        if not as_json:
            click.echo(f"{one.column:<22} {one.resealed:>7} sealed anew  {one.unreadable:>5} unreadable")
    if as_json:
        click.echo(json.dumps([asdict(one) for one in done]))
    if unreadable := sum(one.unreadable for one in done):
        raise click.ClickException(f"{unreadable} values open with no key in FIELD_KEYS: keep every older key.")
    if not as_json:
        click.echo("Done. Once every process has been restarted with the new key, run this again; an older key can go")
        click.echo("when nothing was left to seal anew.")
