"""How does the line talk? A conversation in the terminal, through the real engine, with no carrier and no database."""

from __future__ import annotations

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
    2, 40, (Option("p1", ("own_room", "kids_ok", "keep_phone")), Option("p2", ("shared_room", "tonight")))
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
        conversation, done = happen(conversation, MessageReceived(text), script)
        for action in done:
            if isinstance(action, Say):
                click.echo(f"< {said(action, script)}")
        kept += [f"> {text}", *transcript(done), f"= {conversation.state}"]
    if save:
        save.write_text("\n".join(kept) + "\n", encoding="utf-8")


def said(say: Say, script: Script) -> str:
    """The words of one text, as the phone would show them."""
    return script.wording.render(say.key, say.language, {"BRAND": BRAND, **say.fields})


def happen(conversation: Conversation, event: Event, script: Script, *, found: OpeningsFound = DEMO_OPENINGS,
           on_shift: bool = True, when: str = "") -> tuple[Conversation, list[Action]]:  # fmt: skip
    """One event and all that follows from it, with the search and the queue answered from what is given."""
    done: list[Action] = []
    coming = [event]
    while coming:
        turn = step(conversation, coming.pop(0), script)
        conversation = turn.conversation
        done += turn.actions
        for action in turn.actions:
            coming += _answered(action, found, on_shift=on_shift, when=when)
    return conversation, done


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


def transcript(done: list[Action]) -> list[str]:
    """The lines of a transcript test: `<` a text by its key, `!` what the shell must carry out."""
    return [line for action in done if (line := _line(action))]


def _line(action: Action) -> str:
    match action:
        case Say(key, language):
            return f"< {key}" + ("" if language == "en" else f" {language}")
        case HandOff(tier, reason):
            return f"! {tier} {reason}"
        case FindOpenings():
            return ""
        case _:
            told = f" {action.tier} {action.reason}" if hasattr(action, "tier") else ""
            return f"! {type(action).__name__}{told}"
