"""How does somebody get an account? `user add EMAIL --role ROLE`."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from bot.store.staff import ROLES
from bot.usecases.accounts import add_staff
from bot.web.context import services


@click.group(help="Staff accounts.")
def user() -> None:
    pass


@user.command(help="Make an account and print its one-time set-up link.")
@click.argument("email")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be given more than once."
)
@click.option("--alias", default=None, help="The first name people are told, 8 letters at most.")
@with_appcontext
def add(email: str, roles: tuple[str, ...], alias: str | None) -> None:
    line = services()
    name = alias or email.partition("@")[0][:8].capitalize()
    try:
        token = add_staff(line.database, email=email, alias=name, roles=roles)
    except ValueError as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{line.settings.public_url}/desk/setup/{token}")
