"""How does a conversation stand, and who waits? `conversation show NUMBER`, `handoffs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from bot.usecases.export_conversation import export_conversation
from bot.usecases.receive import dialable
from bot.usecases.show_conversation import show_conversation, show_handoffs
from bot.web.context import services


@click.group(help="Look at one conversation.")
def conversation() -> None:
    pass


@conversation.command("show", help="Everything that stands in the rows about NUMBER's latest conversation.")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def show(number: str, as_json: bool) -> None:
    line = services()
    e164 = dialable(number, line.settings.default_region)
    found = None if e164 is None else show_conversation(line.database, e164)
    if found is None:
        raise click.ClickException("Nobody with that number is known.")
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else _in_words(found))


@conversation.command(
    "export",
    help="NUMBER's latest conversation as a transcript for `flows replay`: every word that the understanding "
    "does not need is masked.",
)
@click.argument("number")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@with_appcontext
def export(number: str, save: Path | None) -> None:
    line = services()
    e164 = dialable(number, line.settings.default_region)
    written = None if e164 is None else export_conversation(line.database, line.script, e164)
    if written is None:
        raise click.ClickException("Nobody with that number is known.")
    if save:
        save.write_text(written, encoding="utf-8")
        click.echo(f"Written to {save}. Read it before you share it: what a person meant can tell who they are.")
    else:
        click.echo(written, nl=False)


@click.command(help="Open hand-offs, most urgent first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def handoffs(as_json: bool) -> None:
    found = show_handoffs(services().database)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        click.echo(f"{row['tier']}  {row['call_sign']:<24} {row['reason']:<14} {row['state']:<8} "
                   f"{row['owner'] or '-':<9} since {row['opened_at'][:16]}")  # fmt: skip
    if not found:
        click.echo("Nobody waits.")


def _in_words(found: dict[str, Any]) -> str:
    lines = [
        f"{name:<14} {found[name]}"
        for name in (
            "number_masked",
            "language",
            "consent",
            "suppressed",
            "state",
            "held_by",
            "answers",
            "flags",
            "handoff",
        )
    ]
    lines += [f"{'>' if m['direction'] == 'in' else '<'} {m['body']}  [{m['status']}]" for m in found["messages"]]
    return "\n".join(lines)
