"""What can an operator type? `flask --app wsgi …`; with `--json` one JSON document on stdout and nothing else."""

from __future__ import annotations

from flask import Flask

from bot.cli.campaign import campaign
from bot.cli.chat import chat
from bot.cli.conversation import conversation, handoffs
from bot.cli.doctor import doctor
from bot.cli.flows import flows
from bot.cli.openings import openings
from bot.cli.staff import user


def register(app: Flask) -> None:
    for command in (conversation, handoffs, chat, flows, user, doctor, openings, campaign):
        app.cli.add_command(command)
