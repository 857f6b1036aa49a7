"""Are the flows right, what do they look like, who signed them off? `flows check`, `flows diagram`, `flows reviews`."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from bot.rules.lint import lint
from bot.rules.wording import look
from bot.script_files import FLOWS, load_script, sources
from bot.usecases.signed_off import unlike_the_files
from bot.web.context import EXTENSION, services
from flows.conversation import LANGUAGES
from flows.engine import diagram as draw
from flows.replay import differences
from flows.script import Script, ScriptError
from flows.transcript import BadTranscript
from flows.walk import Happening, Outcome, everywhere, walk


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
    unreviewed = sum(not script.wording.is_reviewed(k, language) for k in script.wording.keys for language in LANGUAGES)
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
    for stage in walk(script):
        click.echo(f"\n{stage.state.name}: {stage.state.about}")
        if stage.state.say:
            _show_text(script, stage.state.say, lang)
        for happening in (*stage.answers, *stage.others):
            _show_happening(script, happening, lang)
    click.echo("\nIn every state:")
    for happening in everywhere(script):
        _show_happening(script, happening, lang)


def _show_text(script: Script, key: str, lang: str, margin: str = "  ") -> None:
    text = script.wording.text(key, lang)
    seen = look(text)
    signed = script.wording.is_reviewed(key, lang)
    by = f"signed off by {text.reviewed_by} on {text.reviewed_on}" if signed else "a draft"
    click.echo(f'{margin}{key} "{text.text}" [{seen.units} of 160, level {seen.level:.0f}, {by}]')


def _show_happening(script: Script, happening: Happening, lang: str) -> None:
    for outcome in happening.outcomes:
        name = f"{happening.number} ({happening.value})" if happening.number else happening.event
        click.echo(f"  on {name}{_in_short(outcome)}")
        for key in outcome.row.say:
            _show_text(script, key, lang, "      ")
        for who, keys in outcome.by_shift.items():
            for key in keys:
                click.echo(f"      ({who})")
                _show_text(script, key, lang, "      ")


def _in_short(outcome: Outcome) -> str:
    only = f" if {', '.join(str(guard) for guard in outcome.guards)}" if outcome.guards else ""
    leads = f" -> {' or '.join(outcome.places)}" if outcome.places else ""
    told = f", an advocate is told ({outcome.tier})" if outcome.tier else ""
    return f"{only}{leads}{told}"


@flows.command(help="The state diagram, as Mermaid.")
def diagram() -> None:
    click.echo(draw(load_script()), nl=False)


@flows.command(help="The review marks to paste into the copy files, so that they say what was signed off in /flows/.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def reviews(as_json: bool) -> None:
    if EXTENSION not in current_app.extensions:
        raise click.ClickException("Sign-offs are in the line's database, and the line is not set up here.")
    built = services()
    with built.database.reading() as tx:
        found = unlike_the_files(tx, built)
    if as_json:
        names = ("key", "language", "reviewed_by", "reviewed_on")
        click.echo(json.dumps([{name: getattr(text, name) for name in names} for text in found]))
        return
    for language, texts in groupby(found, lambda text: text.language):
        click.echo(f"# flows/copy/{language}.toml")
        for text in texts:
            click.echo(f"[texts.{text.key}]\nreviewed_by = {json.dumps(text.reviewed_by, ensure_ascii=False)}")
            click.echo(f'reviewed_on = "{text.reviewed_on}"\n')
    if not found:
        click.echo("# The copy files say what the sign-offs say.")
