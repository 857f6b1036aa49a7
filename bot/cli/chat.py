"""How does the line talk? A conversation in the terminal, through the real engine, with no carrier and no database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from bot.script_files import load_script
from flows.actions import Say
from flows.conversation import LANGUAGES, Conversation
from flows.events import MessageReceived
from flows.transcript import World, said


@click.command(help="Talk to the line in the terminal. An empty line, or the end of what is typed, ends it.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", help="The language the thread begins in.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the chat as a transcript test.")
def chat(lang: str, save: Path | None) -> None:
    world = World(load_script(), Conversation(language=lang))
    kept = [f"# lang {lang}"]
    for text in _typed():
        kept += [f"> {text}", *world.happen(MessageReceived(text))]
        for action in world.done:
            if isinstance(action, Say):
                click.echo(f"< {said(action, world.script)}")
    if save:
        save.write_text("\n".join(kept) + "\n", encoding="utf-8")


def _typed() -> Iterator[str]:
    """Line after line until an empty one, the end of the input, or Ctrl-C: what was said so far is kept either way."""
    while True:
        try:
            text = click.prompt(">", prompt_suffix=" ", default="", show_default=False)
        except click.Abort:
            click.echo()
            return
        if not text:
            return
        yield text
