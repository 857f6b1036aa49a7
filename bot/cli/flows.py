"""Are the flows right, and what do they look like? `flows check`, `flows diagram`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.rules.lint import lint
from bot.rules.wording import look
from bot.script_files import FLOWS, load_script, sources
from flows.conversation import LANGUAGES
from flows.engine import diagram as draw
from flows.replay import differences
from flows.script import Script, ScriptError
from flows.transcript import BadTranscript
from flows.walk import ALONE, ON_SHIFT, UNPLANNED, Way, in_every_state, walk


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
        not script.wording.is_reviewed(k, language) for k in script.wording.keys for language in LANGUAGES
    )
    click.echo(
        f"{len(script.states)} states, {len(script.rows)} answers to what can happen, {len(script.wording.keys)} texts "
        f"in two languages: no fault found. {unreviewed} texts are drafts nobody has signed off."
    )


@flows.command(help="Play stored transcripts, and show what would have been said differently.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FLOWS,
    help="A changed folder of flows; without it, the flows as they are.",
)
def replay(paths: tuple[Path, ...], against: Path) -> None:
    try:
        then, now = load_script(), load_script(against)
    except ScriptError as error:
        raise click.ClickException(f"{error}. `flows check` says all that is wrong.") from error
    files = [file for path in paths for file in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])]
    changed = 0
    for file in files:
        try:
            found = differences(file.read_text(encoding="utf-8"), then, now)
        except (BadTranscript, UnicodeDecodeError) as error:
            raise click.ClickException(f"{file}: {error}") from error
        changed += bool(found)
        for one in found:
            click.echo(f"{file}:{one.line}: {one.event}")
            for was in one.was or ("nothing",):
                click.echo(f"    was    {was}")
            for would in one.would or ("nothing",):
                click.echo(f"    would  {would}")
    click.echo(f"{len(files)} transcripts played, {changed} would go differently.")


@flows.command("read", help="The whole script in the order in which a person meets it, for people who review it.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", help="The language of the texts.")
def read_script(lang: str) -> None:
    script = load_script()
    for step in walk(script):
        click.echo(f"\n{step.state}: {step.about}")
        if step.say:
            _show_text(script, step.say, lang)
        for way in step.ways:
            _show_way(script, way, lang)
    click.echo("\nIn every state:")
    for way in in_every_state(script):
        _show_way(script, way, lang)


def _show_text(script: Script, key: str, lang: str, margin: str = "  ") -> None:
    text = script.wording.text(key, lang)
    seen, signed = look(text), script.wording.review(key, lang)
    by = f"signed off by {signed.by} on {signed.on}" if signed else "a draft"
    click.echo(f'{margin}{key} "{text.text}" [{seen.units} of 160, level {seen.level:.0f}, {by}]')


def _show_way(script: Script, way: Way, lang: str) -> None:
    only = f" if {', '.join(way.conditions)}" if way.conditions else ""
    told = f", an advocate is told ({way.tier})" if way.tier else ""
    leads = f" -> {' or '.join(way.to)}" if way.to else ""
    click.echo(f"  on {way.event}{only}{leads}{told}")
    for key in way.says:
        _show_text(script, key, lang, "      ")
    for who, keys in way.by_shift.items():
        for key in keys:
            click.echo(f"      ({SHIFTS[who]})")
            _show_text(script, key, lang, "      ")


SHIFTS = {ON_SHIFT: "somebody is on", ALONE: "nobody is on", UNPLANNED: "nobody is on, and no shift is planned"}


@flows.command(help="The state diagram, as Mermaid.")
def diagram() -> None:
    click.echo(draw(load_script()), nl=False)
