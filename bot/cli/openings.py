"""What is open, for whom, and how is a count put in or a place asked for? `openings match`, `report`, `hold`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click
from flask.cli import with_appcontext

from bot.rules.matching import Ranked
from bot.services import Services
from bot.store import directory, handoffs, staff
from bot.usecases.find_openings import search
from bot.usecases.hold import HOURS, ask
from bot.usecases.provider_link import LASTS_DAYS, give, take_back
from bot.usecases.refusal import Refused
from bot.usecases.report_opening import record_count
from bot.usecases.unmet_needs import unmet_needs
from bot.web.context import services
from flows.understanding import Expecting, read

_AREA = Expecting(name="area", slot="area", parser="area")
_HOUSEHOLD = ("alone", "kids", "pregnant", "pet", "adult")


@click.group(help="Search what is open; put a count in; ask for a place.")
def openings() -> None:
    pass


@openings.command("match", help="What fits or may fit, best first. What is left out excludes nothing.")
@click.option("--need", multiple=True, type=click.Choice(["bed", "advocacy", "health", "legal", "basics", "other"]))
@click.option("--area", default="", help="Three ZIP digits, a city, or far.")
@click.option("--age-band", type=click.Choice(["under18", "18-24", "25up"]))
@click.option("--household", multiple=True, metavar="|".join(_HOUSEHOLD), help="Who comes; kids=2 gives a number.")
@click.option("--place", multiple=True, type=click.Choice(["women", "men", "trans", "any"]))
@click.option(
    "--must",
    multiple=True,
    type=click.Choice(["phone", "no_religion", "lgbtq", "wheelchair", "meds", "come_and_go", "language"]),
)
@click.option("--urgency", type=click.Choice(["now", "tonight", "week", "looking"]))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def match_openings(as_json: bool, area: str, household: tuple[str, ...], **chosen: Any) -> None:
    line = services()
    answers = {slot: value for slot, value in _simple(chosen).items() if value}
    if area:
        answers["area"] = _area(line, area)
    if household:
        answers["household"] = _household(household)
    found = [_row(ranked) for ranked in search(line.database, answers)]
    if as_json:
        click.echo(json.dumps(found))
        return
    for row in found:
        age = "never counted" if row["age_minutes"] is None else f"{row['age_minutes']} min old"
        click.echo(f"{row['program']:<24} {row['verdict']:<8} {row['p_open']:.2f}  {age}")
    if not found:
        click.echo("Nothing fits.")


@openings.command("report", help="Append one count to PROGRAM (an id or a code name), as heard by telephone.")
@click.argument("program")
@click.argument("count", type=click.IntRange(min=0))
@click.option("--unit", help="bed, room, family_unit …; needed where a program has several.")
@click.option("--at", help="When it was true, ISO 8601; a time without a zone is UTC.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def report_opening(program: str, count: int, unit: str | None, at: str | None, as_json: bool) -> None:
    recorded = record_count(services().database, program=program, available=count, unit=unit, at=_time(at))
    if isinstance(recorded, Refused):
        raise click.ClickException(recorded.reason)
    if as_json:
        observed_at = recorded.observed_at.isoformat()
        click.echo(json.dumps({"program": recorded.program_id, "available": count, "observed_at": observed_at}))
        return
    click.echo(f"{recorded.program_id} has {recorded.available} open, as of {recorded.observed_at:%Y-%m-%d %H:%M} UTC.")


@openings.command("hold", help="Ask PROGRAM by text to hold a place for the person of a hand-off.")
@click.argument("program")
@click.option("--handoff", "handoff_id", required=True, help="The hand-off's id, as `handoffs --json` shows it.")
@click.option("--by", required=True, metavar="EMAIL", help="The advocate who asks, and who will tell the way.")
@click.option("--unit", help="Needed where a program has several.")
@click.option("--hours", type=click.Choice(HOURS), default=HOURS[1], show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def hold_place(program: str, handoff_id: str, by: str, unit: str | None, hours: int, as_json: bool) -> None:
    line = services()
    with line.database.reading() as tx:
        handoff, advocate = handoffs.get(tx, handoff_id), staff.find_by_email(tx, by)
        program_id = directory.program_id_of(tx, program)
        units = directory.stocks_of(tx, program_id) if program_id else []
    stocks = [stock for stock in units if unit in (None, stock.unit)]
    if handoff is None or advocate is None or len(stocks) != 1:
        raise click.ClickException("There is no such hand-off, account or program, or its --unit must be said.")
    asked = ask(line.database, line, conversation_id=handoff.conversation_id, stock_id=stocks[0].stock_id,
                staff_id=advocate.staff_id, hours=hours)  # fmt: skip
    if isinstance(asked, Refused):
        raise click.ClickException(asked.reason)
    click.echo(json.dumps(asdict(asked)) if as_json else f"Asked; the provider knows it as {asked.short_id}.")


@openings.command("link", help="A link by which PROGRAM keeps its own counts, without an account. Shown once.")
@click.argument("program")
@click.option("--days", default=LASTS_DAYS, show_default=True, help="How long it is good.")
@click.option("--lang", type=click.Choice(["en", "es"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def give_link(program: str, days: int, lang: str, as_json: bool) -> None:
    line = services()
    given = give(line.database, program=program, days=days, language=lang)
    if isinstance(given, Refused):
        raise click.ClickException(given.reason)
    url = f"{line.settings.public_url}/o/{given.token}"
    if as_json:
        click.echo(json.dumps({"url": url, "expires_at": given.expires_at.isoformat()}))
        return
    click.echo(f"{url}\nGood until {given.expires_at:%Y-%m-%d}. Whoever has it can change this program's counts.")


@openings.command("unlink", help="Take back every link to PROGRAM's counts, at once.")
@click.argument("program")
@with_appcontext
def take_back_links(program: str) -> None:
    taken = take_back(services().database, program=program)
    if isinstance(taken, Refused):
        raise click.ClickException(taken.reason)
    click.echo(f"{taken} taken back.")


@openings.command("unmet", help="Needs nobody could meet, by area, reason and who asked; small numbers are hidden.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def show_unmet(days: int, as_json: bool) -> None:
    shown = unmet_needs(services().database, days=days)
    if as_json:
        click.echo(json.dumps(shown))
        return
    for need, parts in shown.items():
        for by, cells in parts["by"].items():
            told = ", ".join(f"{name or 'anywhere'} {'under 11' if n is None else n}" for name, n in cells)
            click.echo(f"{need:<10} {by:<7} {told}")
    if not shown:
        click.echo("Nothing was asked for in vain.")


def _simple(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Options by the slots they fill."""
    return {
        "need": list(chosen["need"]),
        "age": chosen["age_band"],
        "places": list(chosen["place"]),
        "musts": list(chosen["must"]),
        "urgency": chosen["urgency"],
    }


def _area(line: Services, area: str) -> object:
    """Read as a person's own answer would be; what cannot be told apart is refused, not guessed."""
    reading = read(area, expecting=_AREA, language="en", lexicon=line.script.lexicon, safe_now=True)
    if "area" not in reading.answers:
        raise click.BadParameter("no such area: use three ZIP digits, a city, or far", param_hint="--area")
    return reading.answers["area"]


def _household(parts: tuple[str, ...]) -> dict[str, object]:
    """kids, kids=2, pet …"""
    household: dict[str, object] = {}
    for part in parts:
        who, _, number = part.partition("=")
        if who not in _HOUSEHOLD or (number and not (who == "kids" and number.isdecimal())):
            raise click.BadParameter("use " + ", ".join(_HOUSEHOLD) + " or kids=2", param_hint="--household")
        household[who] = (int(number) if number else None) if who == "kids" else True
    return household


def _time(at: str | None) -> datetime | None:
    if at is None:
        return None
    try:
        read_at = datetime.fromisoformat(at)
    except ValueError:
        raise click.BadParameter("not an ISO 8601 time", param_hint="--at") from None
    return read_at if read_at.tzinfo else read_at.replace(tzinfo=UTC)


def _row(ranked: Ranked) -> dict[str, Any]:
    return {
        "program": ranked.candidate.program_id,
        "verdict": ranked.verdict.value,
        "p_open": round(ranked.p_open, 3),
        "age_minutes": ranked.age_minutes,
        "facets": [{"name": facet.name, "verdict": facet.verdict.value} for facet in ranked.facets],
    }
