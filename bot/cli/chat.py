"""How does the line talk? A conversation in the terminal, through the real engine, with no carrier and no database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from bot.script_files import load_script
from flows.actions import Action, FindOpenings, HandOff, Say
from flows.conversation import LANGUAGES, Conversation
from flows.engine import step
from flows.events import Event, HandOffOpened, MessageReceived, OpeningsFound, Option
from flows.script import Script

BRAND = "Maple Help Desk"
DEMO_OPENINGS = OpeningsFound(
    2, 40, (Option("a", ("own_room", "kids_ok", "keep_phone")), Option("b", ("shared_room",)))
)
"""What a search finds here: the terminal has no directory."""


@click.command(help="Talk to the line in the terminal. An empty line ends it.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", help="The language the thread begins in.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the chat as a transcript test.")
def chat(lang: str, save: Path | None) -> None:
    script = load_script()
    conversation = Conversation(language=lang)
    kept = [f"# lang {lang}"]
    while text := click.prompt(">", prompt_suffix=" ", default="", show_default=False):
        kept.append(f"> {text}")
        conversation, said = answer(conversation, MessageReceived(text), script)
        for say in said:
            click.echo(
                f"< {say.key}: {script.wording.render(say.key, say.language, {'BRAND': BRAND, **say.fields})}"
            )
            kept.append(f"< {say.key}")
        click.echo(f"= {conversation.state}")
        kept.append(f"= {conversation.state}")
    if save:
        save.write_text("\n".join(kept) + "\n", encoding="utf-8")


def answer(conversation: Conversation, event: Event, script: Script, *, found: OpeningsFound = DEMO_OPENINGS,
           on_shift: bool = True, when: str = "") -> tuple[Conversation, list[Say]]:  # fmt: skip
    """One event and all that follows from it, with the search and the queue answered from what is given."""
    said: list[Say] = []
    coming = [event]
    while coming:
        turn = step(conversation, coming.pop(0), script)
        conversation = replace(turn.conversation)
        for action in turn.actions:
            coming += _answered(action, found, on_shift=on_shift, when=when)
        said += [action for action in turn.actions if isinstance(action, Say)]
    return conversation, said


def _answered(action: Action, found: OpeningsFound, *, on_shift: bool, when: str) -> list[Event]:
    match action:
        case FindOpenings():
            return [found]
        case HandOff(reason=reason) if on_shift:
            return [HandOffOpened(reason, on_shift=True, advocate="Ana", minutes=10)]
        case HandOff(reason=reason):
            return [HandOffOpened(reason, on_shift=False, when=when)]
        case _:
            return []
