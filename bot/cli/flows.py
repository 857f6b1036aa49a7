"""Are the flows right, and what do they look like? `flows check`, `flows diagram`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.rules.lint import lint
from bot.script_files import FLOWS, load_script, sources
from flows.engine import diagram as draw


@click.group(help="Check and draw the flows.")
def flows() -> None:
    pass


@flows.command(help="Lint every flow, text and word list; exit 1 with file, line, key, reason and what to do.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FLOWS,
    help="Another folder of flows.",
)
def check(folder: Path) -> None:
    findings = lint(sources(folder))
    for finding in findings:
        click.echo(str(finding))
    if findings:
        count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        click.echo(f"{count}. Nothing was changed.")
        sys.exit(1)
    script = load_script(folder)
    unreviewed = sum(
        not script.wording.is_reviewed(k, language) for k in script.wording.keys for language in ("en", "es")
    )
    click.echo(
        f"{len(script.states)} states, {len(script.rows)} answers to what can happen, {len(script.wording.keys)} texts "
        f"in two languages: no fault found. {unreviewed} texts are drafts nobody has signed off."
    )


@flows.command(help="The state diagram, as Mermaid.")
def diagram() -> None:
    click.echo(draw(load_script()), nl=False)
