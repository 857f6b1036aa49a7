"""What is wrong with this installation? `doctor`: a line each."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from bot.ports import Nudges
from bot.usecases.examine import Finding, examine
from bot.web.context import services


@click.command(help="Check settings, database, queue, clock, carrier credentials and texts.")
@with_appcontext
def doctor() -> None:
    line = services()
    findings = [*examine(line), _queue(line.nudges)]
    for finding in findings:
        click.echo(f"{'ok ' if finding.good else 'BAD'}  {finding.part:<10} {finding.words}")
    sys.exit(0 if all(finding.good for finding in findings) else 1)


def _queue(nudges: Nudges) -> Finding:
    if nudges.ready():
        return Finding("queue", True, "answers")
    return Finding("queue", False, "Redis does not answer: texts go out late until it does; check REDIS_URL")
