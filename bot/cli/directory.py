"""How does an operator bring a directory in and out? `directory import`, `export`, `key`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import with_appcontext

from bot.rules.visibility import Audience
from bot.store.api_keys import SCOPES
from bot.usecases.export_directory import export_directory
from bot.usecases.import_directory import import_directory
from bot.usecases.make_key import make_key
from bot.usecases.refusal import Refused
from bot.web.context import services


@click.group(help="Providers, programs, and their exchange as HSDS.")
def directory() -> None:
    pass


@directory.command("import", help="Take an HSDS 3.x file (JSON, zip or folder of CSV) or our own CSV.")
@click.argument("path", metavar="PATH", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def import_file(path: Path, as_json: bool) -> None:
    report = import_directory(services().database, path, progress=_told)
    if isinstance(report, Refused):
        raise click.ClickException(report.reason)
    if as_json:
        click.echo(json.dumps(asdict(report)))
        return
    click.echo(f"{report.imported} imported, {report.updated} updated, {len(report.quarantined)} quarantined.")
    for one in report.quarantined:
        click.echo(f"{one['table']:<24} {one['id']:<38} {one['reason']}")
    if report.imported:
        click.echo("What is new is private and not matched until two people have approved it.")


@directory.command(help="Write the directory as HSDS 3.1: to a folder, or to a .zip or .json file.")
@click.option("--as", "audience", type=click.Choice([one.value for one in Audience]), required=True, help="For whom.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@with_appcontext
def export(audience: str, path: Path) -> None:
    done = export_directory(services().database, path, Audience(audience))
    if isinstance(done, Refused):
        raise click.ClickException(done.reason)
    click.echo(f"{done.programs} programs written to {path}.")


@directory.command(help="Make a key for an organization's machines. It is shown once.")
@click.argument("organization", metavar="ORG")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, default=("read",), show_default=True)
@click.option("--revoke", is_flag=True, help="Instead, end every key of this organization.")
@with_appcontext
def key(organization: str, scopes: tuple[str, ...], revoke: bool) -> None:
    done = make_key(services().database, organization, scopes, revoke=revoke)
    if isinstance(done, Refused):
        raise click.ClickException(done.reason)
    click.echo(done if not revoke else "Every key of this organization has ended.")


def _told(done: int, total: int) -> None:
    """Progress on stderr: stdout stays one document."""
    click.echo(f"{done} of {total}", err=True)
