"""What do the pages of figures show? Read models over what the store counts: nothing smaller than five people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.rules import funnel as rules
from bot.rules import harm
from bot.rules.funnel import DOORS, SIGNS, STAGES, Cell, Month, Step
from bot.rules.small_cells import HIDDEN
from bot.services import Services
from bot.store import arrivals, campaigns, outcomes
from bot.store.campaigns import Campaign
from bot.store.db import Tx
from bot.web.campaigns.views import LANGUAGE_NAMES, OPENER_NAMES, not_said

MONTHS = 12
_DOOR_STAGES = ("came", "positive", "handed_off", "enrolled", "housed")


@dataclass(frozen=True, slots=True)
class Rate:
    name: str
    n: float | None
    of: str


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of harm, beside the share at which a campaign stops by itself."""

    name: str
    n: int | None
    share: float | None
    limit: float


@dataclass(frozen=True, slots=True)
class Table:
    """Groups by one thing, and all of them together, as far as they may be shown."""

    title: str
    head: str
    rows: tuple[Cell, ...]
    total: Mapping[str, int | None]
    stages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    steps: tuple[Step, ...]
    rates: tuple[Rate, ...]
    signs: tuple[Sign, ...]
    tables: tuple[Table, ...]
    hours: float | None
    """Of staff, for each person who talks with us."""
    months: tuple[Month, ...] = ()
    stopped: tuple[tuple[str, str], ...] = ()
    """Wordings that are not said any more, and why."""
    tried: int = 0
    """Wordings that are still said side by side."""


def of_campaign(tx: Tx, campaign: Campaign) -> Report:
    groups = outcomes.by_group(tx, [campaign.campaign_id]).get(campaign.campaign_id, {})
    whole = _sum(groups.values())
    found = {"By language": {LANGUAGE_NAMES[one]: n for one, n in outcomes.merged(groups, 0).items()}}
    if len(campaign.keys) > 1:
        named: dict[str, dict[str, int]] = {}
        for key, counts in outcomes.merged(groups, 1).items():
            name = OPENER_NAMES[key or campaign.key]
            named[name] = _sum([named.get(name, {}), counts])
        found["By wording"] = named
    hours = outcomes.hours_held(tx, campaign.campaign_id)
    stopped = tuple((OPENER_NAMES[key], why) for key, why in not_said(tx, campaign.campaign_id).items())
    tried = len(campaign.keys) - len(stopped)
    return _report(whole, found, hours, stopped=stopped, tried=tried if tried > 1 else 0)


def of_all(tx: Tx, services: Services) -> Report:
    """Everything together, by area, language and door, and by state and month."""
    every = {one.campaign_id: one for one in campaigns.every(tx) if one.launched_at}
    found = outcomes.by_group(tx, list(every)) if every else {}
    areas: dict[str, list[Mapping[str, int]]] = defaultdict(list)
    languages: dict[str, list[Mapping[str, int]]] = defaultdict(list)
    for campaign_id, groups in found.items():
        for (language, _), counts in groups.items():
            areas[every[campaign_id].area or "Anywhere"].append(counts)
            languages[LANGUAGE_NAMES[language]].append(counts)
    whole = _sum(counts for groups in found.values() for counts in groups.values())
    now = services.clock.now()
    months = rules.last_months(now.date(), MONTHS)
    since = datetime.fromisoformat(f"{rules.year_before(months[0])}-01").replace(tzinfo=UTC)
    by_month = {(state or "unknown", month): n for (state, month), n in arrivals.engaged_by_month(tx, since).items()}
    tables = {"By area": {name: _sum(counts) for name, counts in areas.items()},
              "By language": {name: _sum(counts) for name, counts in languages.items()}}  # fmt: skip
    year = now - timedelta(days=365)
    engaged = arrivals.engaged_since(tx, year)
    return _report(whole, tables, outcomes.shift_hours(tx, year), engaged=engaged, doors=doors(tx),
                   months=tuple(rules.same_months(by_month, months)))  # fmt: skip


def doors(tx: Tx) -> Table:
    """Who came by which door; campaigns are one of them."""
    found = {DOORS.get(door, door): counts for door, counts in outcomes.by_door(tx).items()}
    return _doors({name: found.get(name, {}) for name in (*DOORS.values(), *found)})


def cells(report: Report) -> list[list[str]]:
    """The same as rows of a CSV file: what is hidden on the page is hidden there."""
    rows = [["table", "group", "figure", "value"]]
    rows += [["all", "", step.key, _n(step.n)] for step in report.steps]
    rows += [["all", "", sign.name, _n(sign.n)] for sign in report.signs]
    rows += [["all", "", f"{rate.name} (in 100)", "" if rate.n is None else f"{rate.n:.1f}"] for rate in report.rates]
    rows += [["all", "", "staff hours per engaged person", "" if report.hours is None else f"{report.hours:.1f}"]]
    for table in report.tables:
        rows += [[table.title, one.name, key, _n(one.counts.get(key))] for one in table.rows for key in table.stages]
    for one in report.months:
        rows += [["substantive contacts", one.state, one.month, _n(one.now)],
                 ["the same month a year before", one.state, one.month, _n(one.before)]]  # fmt: skip
    return rows


def _report(whole: Mapping[str, int], found: Mapping[str, Mapping[str, Mapping[str, int]]], hours: float, *,
            engaged: int | None = None, doors: Table | None = None, months: tuple[Month, ...] = (),
            stopped: tuple[tuple[str, str], ...] = (), tried: int = 0) -> Report:  # fmt: skip
    rows, shown = rules.tables(found, whole)
    names = {key: name for key, (name, _) in STAGES.items()} | dict(SIGNS)
    tables = [
        Table(title, title.removeprefix("By ").capitalize(), tuple(sorted(some, key=lambda one: one.name)), shown,
              names)
        for title, some in rows.items()
    ]  # fmt: skip
    talking = whole.get("positive", 0) if engaged is None else engaged
    rates = rules.rates(shown)
    return Report(
        steps=rules.funnel(shown),
        rates=tuple(Rate(words, rates[name], f"{of} / {by}") for name, (of, by, words) in rules.RATES.items()),
        signs=tuple(_sign(key, shown) for key in SIGNS),
        tables=(*tables, *([doors] if doors else [])),
        hours=hours / talking if talking >= 5 else None,
        months=months,
        stopped=stopped,
        tried=tried,
    )


def _sign(key: str, shown: Mapping[str, int | None]) -> Sign:
    n, sent = shown.get(key), shown.get("sent")
    limit = harm.LIMITS["opt_outs" if key == "opted_out" else key].share
    return Sign(SIGNS[key], n, None if n is None or not sent else 100 * n / sent, 100 * limit)


def _doors(found: Mapping[str, Mapping[str, int]]) -> Table:
    """Doors do not add up to anything that is shown: each small count is hidden by itself."""
    names = {"came": "Wrote", **{key: STAGES[key][0] for key in _DOOR_STAGES[1:]}}
    rows = [Cell(name, rules.safe_counts({key: counts.get(key, 0) for key in names})) for name, counts in found.items()]
    return Table("By door", "Door", tuple(rows), {}, names)


def _sum(many: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = dict.fromkeys((*STAGES, *SIGNS), 0)
    for counts in many:
        for key, n in counts.items():
            found[key] = found.get(key, 0) + n
    return found


def _n(n: int | None) -> str:
    return HIDDEN if n is None else str(n)
