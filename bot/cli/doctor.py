"""What is wrong with this installation, and what puts it right? `doctor`: a line each."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from bot.ports import Nudges
from bot.usecases.examine import examine
from bot.usecases.finding import Finding
from bot.web.context import services


@click.command(help="Check settings, database, queue, clock, carrier credentials and texts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def doctor(as_json: bool) -> None:
    line = services()
    findings = [*examine(line), _queue(line.nudges)]
    good = all(finding.good for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": good, "findings": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.good else 'BAD'}  {finding.part:<10} {finding.words}")
    sys.exit(0 if good else 1)


def _queue(nudges: Nudges) -> Finding:
    if nudges.ready():
        return Finding("queue", True, "answers")
    return Finding("queue", False, "Redis does not answer: texts go out late until it does; check REDIS_URL")
