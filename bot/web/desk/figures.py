"""How did a month go? Each figure as a small chart, the same as a table, and all of them as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, abort, render_template, request

from bot.rules import figures as rules
from bot.rules.figures import Spread, length, percent
from bot.rules.phrases import phrase, phrases
from bot.rules.small_cells import LEAST, Breakdown
from bot.store import audit
from bot.usecases.count_figures import STOPPED, WENT_ON, Figures, Need, count_figures
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk.room import COUNTS, as_csv, blueprint

HIDDEN, TOO_FEW, NOBODY, NOT_YET = phrase("hidden"), phrase("too few"), "–", phrase("not yet")
TIERS = phrases({"P0": "Now", "P1": "Soon", "P2": "Waiting", "P3": "When quiet"})
ENDINGS = phrases({"kept": "Kept: a human wrote in time", "told": "A later time was told first", "broken": "Broken",
           "let_go": "Nothing more was wanted", "standing": "Still standing"})  # fmt: skip
QUESTIONS = phrases({"Q1": "How soon", "Q2": "What would help", "Q3": "Where", "Q4": "Who would come", "Q5": "Age",
             "Q6": "Kind of place", "Q7": "Must have", "C1": "Is it safe to text", "C2": "What this is",
             "C3": "Shall we go on"})  # fmt: skip
OPENERS = ("C1", "C2", "C3")
"""What is asked before the first question: texts that cost people too."""
PLACES = phrases({"held": "Held", "arrived": "Moved in", "declined": "Said no", "expired": "Ran out",
                  "withdrawn": "Taken back",
          "no_show": "Did not come", "asked": "Not answered yet"})  # fmt: skip
NEEDS = phrases({"bed": "A place to stay", "advocacy": "Someone to talk to", "health": "A doctor",
                 "legal": "Legal help",
         "basics": "Food, cash or a ride", "other": "Something else"})  # fmt: skip
BY = phrases({"area": "By area", "reason": "By reason", "who": "By what was asked for"})
CELLS = phrases({"no_program": "nobody offers it there", "does_not_fit": "not for who asked", "full": "full",
         "not_sure": "had to be asked first", "men": "for men", "women": "for women", "trans": "trans welcome",
         "family": "with children", "under18": "under 18", "other": "anyone", "": "anywhere"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `bars` are (words, number or None when hidden, how many of a hundred the longest is)."""

    key: str
    title: str
    about: str
    heads: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    bars: tuple[tuple[str, str, int | None], ...]

    @property
    def is_empty(self) -> bool:
        return not self.rows


@blueprint.get("/figures")
@roles(*COUNTS)
def figures() -> str:
    """One month, and the choice of another."""
    months, month = _month()
    shown = _figures(month)
    return render_template("desk/figures.html", figures=tuple(_all(shown)), months=months, month=month, hidden=HIDDEN,
                           smallest=LEAST)  # fmt: skip


@blueprint.get("/figures.csv")
@roles(*COUNTS)
def figures_file() -> Response:
    """The same numbers with the same ones hidden; that they were taken along is on the record."""
    _, month = _month()
    rows: list[tuple[object, ...]] = [("month", "figure", "row", "column", "value")]
    for one in _all(_figures(month)):
        rows += [(month, one.title, row[0], head, cell) for row in one.rows
                 for head, cell in zip(one.heads[1:], row[1:], strict=True)]  # fmt: skip
    with services().database.transaction() as tx:
        audit.record(tx, act="figures_taken", staff_id=signed_in().staff_id, detail=month)
    return as_csv(f"figures-{month}.csv", rows)


def _month() -> tuple[list[str], str]:
    built = services()
    months = rules.months(built.clock.now().astimezone(built.settings.desk_zone).date())
    month = request.args.get("month") or months[0]
    if month not in months:
        abort(404)
    return months, month


def _figures(month: str) -> Figures:
    built = services()
    asks = (built.script.states[question.name].say for question in built.script.questions)
    questions = [*OPENERS, *(key for key in asks if key)]
    return count_figures(built.database, month=month, zone=built.settings.desk_zone, questions=questions)


def _all(of: Figures) -> Iterator[Figure]:
    yield _human(of)
    about = phrase("What texts promised that month, and what became of it.")
    yield _breakdown("promises", phrase("Promises"), about, of.promises, ENDINGS, phrase("Promises"))
    yield _questions(of)
    about = phrase("What became of the places that were asked to hold one.")
    yield _breakdown("places", phrase("Places asked for"), about, of.places, PLACES, phrase("Places"))
    yield _spreads(of)
    for need in of.needs:
        yield from _need(need)


def _human(of: Figures) -> Figure:
    heads = phrases(("How urgent", "People", "Taken: half in", "Taken: nine of ten in", "Written to: half in",
                     "Written to: nine of ten in"))  # fmt: skip
    rows, bars = [], []
    for one in of.human:
        none = NOBODY if one.n == 0 else TOO_FEW
        rows.append((TIERS[one.tier], _n(one.n), *_times(one.taken, none), *_times(one.wrote, none)))
        bars.append((TIERS[one.tier], *_half(one.wrote, none)))
    about = phrase(
        "Of everybody who was put in the queue, from that moment. The chart: half of them were written to within."
    )
    return Figure("human", phrase("Time to the first human"), about, heads, tuple(rows), _bars(bars))


def _questions(of: Figures) -> Figure:
    heads = phrases(("Question", "Asked", "Wrote on", "Stopped there", "Stopped, of a hundred"))
    rows, bars = [], []
    for key, cells in of.questions:
        stopped = cells.of(STOPPED)
        share = percent(stopped, cells.total)
        words = HIDDEN if share is None else f"{share} %"
        rows.append((QUESTIONS.get(key, key), _n(cells.total), _n(cells.of(WENT_ON)), _n(stopped), words))
        bars.append((QUESTIONS.get(key, key), None if share is None else float(share), words))
    about = phrase("Asked at least a day ago. Stopping is an answer too: nobody is pressed.")
    return Figure("questions", phrase("Where people stop"), about, heads, tuple(rows), _bars(bars, longest=100.0))


def _spreads(of: Figures) -> Figure:
    heads = phrases(("From what to what", "Half within", "Nine of ten within"))
    named = ((phrase("First text to a place that said yes"), of.confirmed),
             (phrase("A place asked to moving in"), of.intake))
    rows = tuple((name, *_times(one)) for name, one in named)
    bars = [(name, *_half(one)) for name, one in named]
    about = phrase("Of the places asked for that month: those that said yes, and those somebody moved into.")
    return Figure("way", phrase("The way to a place"), about, heads, rows, _bars(bars))


def _need(need: Need) -> Iterator[Figure]:
    name = NEEDS.get(need.need) or need.need.replace("_", " ").capitalize()
    title = phrase("Not found: %(name)s", name=name)
    if not need.by:
        yield Figure(f"need-{need.need}", title, phrase("Too few to be shown."), (), (), ())
    for by, cells in need.by.items():
        shown = Breakdown(tuple((CELLS.get(cell, cell) if by != "area" or not cell else f"ZIP {cell}", n)
                                for cell, n in cells.cells), need.total)  # fmt: skip
        yield _breakdown(f"need-{need.need}-{by}", title, phrase("%(by)s. A number under 11 is hidden.", by=BY[by]),
                         shown, {}, phrase("Searches"))  # fmt: skip


def _breakdown(key: str, title: str, about: str, cells: Breakdown, names: dict[str, str], what: str) -> Figure:
    rows = [(names.get(name, name), _n(n), _share(n, cells.total)) for name, n in cells.cells]
    rows.append((phrase("All"), _n(cells.total), _share(cells.total, cells.total)))
    bars = [(names.get(name, name), None if n is None else float(n), _n(n)) for name, n in cells.cells]
    return Figure(key, title, about, (phrase("Which"), what, phrase("Of a hundred")), tuple(rows), _bars(bars))


def _n(n: int | None) -> str:
    return HIDDEN if n is None else str(n)


def _share(part: int | None, whole: int | None) -> str:
    share = percent(part, whole)
    return "" if share is None else f"{share} %"


def _times(one: Spread | None, none: str = TOO_FEW) -> tuple[str, str]:
    return (none, none) if one is None else (_length(one.median), _length(one.slow))


def _length(span: timedelta | None) -> str:
    return NOT_YET if span is None else length(span)


def _half(one: Spread | None, none: str = TOO_FEW) -> tuple[float | None, str]:
    """For a chart: how long it took half of them."""
    if one is None or one.median is None:
        return None, none if one is None else NOT_YET
    return one.median.total_seconds(), length(one.median)


def _bars(cells: list[tuple[str, float | None, str]], longest: float = 0.0) -> tuple[tuple[str, str, int | None], ...]:
    most = max([longest, *(n for _, n, _ in cells if n is not None)], default=0.0)
    return tuple((name, words, None if n is None else round(100 * n / most) if most else 0) for name, n, words in cells)
