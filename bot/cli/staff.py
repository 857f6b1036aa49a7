"""How does somebody get an account, and lose it? `user add EMAIL --role ROLE`, `user languages`, `user end EMAIL`."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from bot.store import staff
from bot.store.staff import ROLES
from bot.usecases.accounts import add_staff
from bot.usecases.end_account import end_account
from bot.web.context import services
from flows.conversation import LANGUAGES


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


@user.command(help="Which languages an advocate speaks: campaigns in others wait for somebody who does.")
@click.argument("email")
@click.argument("languages", nargs=-1, required=True, type=click.Choice(LANGUAGES))
@with_appcontext
def languages(email: str, languages: tuple[str, ...]) -> None:
    with services().database.transaction() as tx:
        account = staff.find_by_email(tx, email, lock=True)
        if account is None:
            raise click.ClickException("No account has this address. Nothing was changed.")
        staff.update(tx, account.staff_id, languages=",".join(dict.fromkeys(languages)))
    click.echo(f"Noted: {', '.join(dict.fromkeys(languages))}.")


@user.command(help="End an account: it opens nothing any more, and whoever its owner held is back in the queue.")
@click.argument("email")
@with_appcontext
def end(email: str) -> None:
    line = services()
    with line.database.reading() as tx:
        account = staff.find_by_email(tx, email)
    if account is None:
        raise click.ClickException("No account has this address. Nothing was changed.")
    refused = end_account(line.database, line, staff_id=account.staff_id, by_id=None)
    if refused:
        raise click.ClickException(refused.reason)
    click.echo("Ended. Its log-ins, passkeys and codes open nothing any more.")
