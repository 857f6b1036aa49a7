"""What can an operator type? `flask --app wsgi …`; with `--json` one JSON document on stdout and nothing else."""

from __future__ import annotations

import click
from flask import Flask

from bot.cli.audit import audit
from bot.cli.campaign import campaign
from bot.cli.chat import chat
from bot.cli.conversation import conversation, handoffs
from bot.cli.desk import desk
from bot.cli.directory import directory
from bot.cli.doctor import doctor
from bot.cli.flows import flows
from bot.cli.forget import forget
from bot.cli.keys import keys
from bot.cli.openings import openings
from bot.cli.staff import user

WITHOUT_SETTINGS = (chat, flows)
"""Commands that need neither a database nor a carrier: they work on a fresh clone."""
WITH_SETTINGS = (conversation, handoffs, desk, user, doctor, directory, openings, campaign, forget, keys, audit)


def register(app: Flask) -> None:
    for command in (*WITHOUT_SETTINGS, *WITH_SETTINGS):
        app.cli.add_command(command)


def register_without_settings(app: Flask, why: str) -> None:
    """The line is not set up here: what needs it says so in one line, and the rest works."""
    for command in WITHOUT_SETTINGS:
        app.cli.add_command(command)
    for command in WITH_SETTINGS:
        app.cli.add_command(_refusing(str(command.name), why))


def _refusing(name: str, why: str) -> click.Command:
    def refuse() -> None:
        raise click.ClickException(why)

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, context_settings=anything, add_help_option=False)
