"""How does an operator erase a person? `forget NUMBER` shows what there is; with `--yes` it is gone."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from bot.usecases import forget as erasing
from bot.usecases.forget import Forgotten
from bot.usecases.receive import dialable
from bot.usecases.refusal import Refused
from bot.web.context import services


@click.command(help="Erase the person with NUMBER. Without --yes it only shows what would go, and what would stay.")
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do it. There is no way back.")
@click.option("--duty-told", is_flag=True,
              help="Whoever must report to the authorities has what the report needs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def forget(number: str, yes: bool, duty_told: bool, as_json: bool) -> None:
    line = services()
    e164 = dialable(number, line.settings.default_region)
    if e164 is None:
        raise click.ClickException("That is not a telephone number.")
    if yes:
        found = erasing.forget(line.database, line, e164, duties_told=duty_told)
        if isinstance(found, Refused):
            raise click.ClickException(f"{found.reason} Then say the same with --duty-told.")
    else:
        found = erasing.look(line.database, e164)
    click.echo(json.dumps({**asdict(found), "done": yes}) if as_json else _in_words(found, done=yes))
    if not yes and found.destroyed:
        raise click.ClickException("Nothing was destroyed. To do it, say the same with --yes.")


def _in_words(found: Forgotten, *, done: bool) -> str:
    lines = []
    if found.destroyed:
        what = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in found.destroyed.items())
        lines.append(f"{'Destroyed' if done else 'Would be destroyed'}: {what}.")
    else:
        lines.append("There is nothing of this number to destroy.")
    if found.open_duties:
        stays = "its task stays" if done else "whoever has its task must know first; the task stays"
        lines.append(f"A report that the law asks for is not made yet: {stays}, with nothing of the person.")
    if found.open_handoff and not done:
        lines.append("A hand-off of theirs is open: an advocate should know first.")
    lines.append(
        "Kept: the suppression key, a keyed hash, so that nobody texts this number."
        if found.suppressed
        else "Kept: nothing. This number is not suppressed, so a later list may hold it again."
    )
    if found.reports_for:
        lines.append(f"The directory still takes counts for {found.reports_for} from this number.")
    if found.emptied:
        lines.append(f"Emptied at the carrier: {found.emptied}.")
    if found.left_at_carrier:
        lines.append("Not yet emptied at the carrier, and tried again by itself: " + " ".join(found.left_at_carrier))
    return "\n".join(lines)
