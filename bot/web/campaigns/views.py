"""What do the campaign pages show? Read models: counts, reasons and sentences; no number is among their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.rules import sequential
from bot.rules.governor import Pace
from bot.rules.harm import LIMITS
from bot.rules.hours import DEFAULT_WINDOW
from bot.rules.recipients import PROVENANCES
from bot.rules.segments import measure, price_of
from bot.services import Services
from bot.store import campaigns, first_contacts, lists, outcomes, pacing, staff, wording_tests
from bot.store.campaigns import KEYS, Campaign
from bot.store.db import Tx
from bot.usecases.campaign_pace import pace
from bot.usecases.campaign_words import faults, first_line, keys_of, opener, unfit_words
from bot.usecases.signed_off import wording_now
from bot.usecases.stage_list import Wanted
from flows.conversation import LANGUAGES

LANGUAGE_NAMES = {"en": "English", "es": "Spanish"}
OPENER_NAMES = {"O1": "Basic needs", "O2": "Health", "O3": "Quietest", "O6": "Close by", "O4": "The one follow-up"}
NEED_NAMES = {"bed": "A place to stay", "advocacy": "Somebody to talk to", "health": "A doctor", "legal": "Legal help",
              "basics": "Food, cash or a ride"}  # fmt: skip
STATES = {
    "draft": ("Waiting for approval", "warn"),
    "approved": ("Approved", "info"),
    "running": ("Running", "good"),
    "paused": ("Paused", "warn"),
    "done": ("Done", "plain"),
}
"""A state's words and the kind of badge."""
KINDS = {
    "invalid": "Not a number we can text",
    "duplicates": "Twice on the list, or waiting on another",
    "no_basis": "No basis to text them",
    "suppressed": "Said stop before, or not for a campaign",
    "cooldown": "Texted too lately, or too often",
    "landline": "Landlines, or out of service",
}
"""Why rows were left out of an import, by kind, in the order of the report."""
REFUSALS = {
    "suppressed": "Said stop before their turn came",
    "in_conversation": "Talking with us already",
    "cooldown": "Texted by another campaign within 180 days, without an answer",
    "lifetime_cap": "Had three campaign texts already",
    "only_after_they_write": "Asked to be texted only after they write",
    "consent_withdrawn": "Withdrew their consent",
    "no_hours": "Their hours never open",
    "unreviewed": "These words are not signed off in their language",
}

HOURS_SHOWN = 24


FIELD_NAMES = {"number": "Number", "language": "Language", "basis": "Basis", "source": "Source",
               "agreed_on": "Agreed on", "evidence": "Evidence"}  # fmt: skip
SEPARATORS = {"": "Found by itself", ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
_REJECTED_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Preview:
    """One text as it will be read. `fit` is how many messages it takes, in words."""

    language: str
    language_name: str
    text: str
    fit: str
    good: bool
    reviewed: bool
    first_line: str = ""
    """What a locked screen shows."""
    cost: str = ""
    """Of one text, where a price is set."""
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The new-campaign form, as filled in so far."""

    name: str = ""
    keys: tuple[str, ...] = ("O1",)
    sender: str = ""
    area: str = ""
    window_from: str = str(DEFAULT_WINDOW[0])
    window_to: str = str(DEFAULT_WINDOW[1])
    pasted: str = field(default="", repr=False)
    provenance: str = ""
    basis: str = ""
    separator: str = ""
    look_first: str = ""
    needs: tuple[str, ...] = ("bed",)
    follow_up: str = ""

    def wanted(self) -> Wanted:
        """Hours that are no numbers become a window that is refused."""
        hours = [int(text) if text.isascii() and text.isdigit() else 0 for text in (self.window_from, self.window_to)]
        separator = {"tab": "\t"}.get(self.separator, self.separator)
        return Wanted(
            self.name.strip(), self.keys[0] if self.keys else "", self.sender.strip(), self.area.strip(),
            (hours[0], hours[1]), self.provenance, self.basis, separator if separator in SEPARATORS else "",
            bool(self.look_first), self.keys[1:], self.needs, bool(self.follow_up),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list of campaigns."""

    campaign: Campaign
    counts: Mapping[str, int]
    pace: Pace


@dataclass(frozen=True, slots=True)
class Progress:
    """What changes while a campaign runs. `by_hour` are the texts of each of the last hours, the latest last."""

    campaign: Campaign
    pace: Pace
    counts: Mapping[str, int]
    refusals: tuple[tuple[str, int], ...]
    by_hour: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.counts["waiting"] + self.counts["released"] + self.counts["refused"]

    @property
    def gone_through(self) -> int:
        return self.counts["released"] + self.counts["refused"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One campaign's page."""

    campaign: Campaign
    author: str
    approver: str
    left_out: tuple[tuple[str, int], ...]
    few: tuple[tuple[int, str, str, str], ...]
    more: int
    languages: frozenset[str]
    columns: tuple[tuple[str, str], ...]
    provenance: str
    contacted: int
    one_by_one: int
    tests: int
    not_said: Mapping[str, str]
    """Wordings that stopped by themselves, and why."""
    needs: str


def previews(services: Services, key: str, wanted: Wanted, *,
             languages: frozenset[str] = frozenset(LANGUAGES)) -> list[Preview]:  # fmt: skip
    """The opener in each language, with what is not filled in yet left as a blank line to fill."""
    made = []
    with services.database.reading() as tx:
        wording = wording_now(tx, services)
    for language in LANGUAGES:
        if language not in languages:
            continue
        text = opener(services, key=key, language=language, sender=wanted.sender or "____",
                      area=wanted.area or "____")  # fmt: skip
        good, fit = _fit(text)
        made.append(Preview(
            language, LANGUAGE_NAMES[language], text, fit, good, wording.is_reviewed(key, language), first_line(text),
            price_of(measure(text).segments, services.settings.segment_price), tuple(faults(key, language, text)),
        ))  # fmt: skip
    return made


def _fit(text: str) -> tuple[bool, str]:
    size = measure(text)
    if size.encoding != "GSM-7":
        return False, f"not in the texts' alphabet: {' '.join(size.offenders)}"
    if size.segments > 1:
        return False, f"too long: {size.segments} messages"
    return True, f"1 message, {size.units} of 160"


def all_previews(services: Services, wanted: Wanted) -> list[tuple[str, str, list[Preview]]]:
    """Every opener one may choose, with its name and its texts."""
    return [
        (key, OPENER_NAMES[key], previews(services, key, wanted)) for key in KEYS
    ]


def problem_with_name(services: Services, wanted: Wanted) -> str:
    """Why this sender could not be named in any of the texts, or nothing while none is typed."""
    refused = unfit_words(services, keys=("O3",), sender=wanted.sender, area="") if wanted.sender else None
    return refused.reason if refused else ""


def rows(tx: Tx, services: Services) -> list[Row]:
    return [
        Row(campaign, outcomes.counts(tx, campaign.campaign_id), pace(tx, services, campaign))
        for campaign in campaigns.every(tx)
    ]


def areas(tx: Tx) -> list[tuple[str, str]]:
    return [("", "Anywhere"), *((region, region) for region in pacing.regions(tx))]


def progress(tx: Tx, services: Services, campaign: Campaign) -> Progress:
    refused = outcomes.refusals(tx, campaign.campaign_id)
    words = tuple((REFUSALS.get(reason, reason.replace("_", " ")), n) for reason, n in sorted(refused.items()))
    found = outcomes.counts(tx, campaign.campaign_id)
    by_hour = tuple(pacing.released_by_hour(tx, campaign.campaign_id, HOURS_SHOWN))
    return Progress(campaign, pace(tx, services, campaign), found, words, by_hour)


def shown(tx: Tx, campaign: Campaign) -> Shown:
    report = campaign.report
    names = staff.aliases(tx, [one for one in (campaign.author_id, campaign.approver_id) if one])
    return Shown(
        campaign=campaign,
        author=names.get(campaign.author_id, "the operator"),
        approver=names.get(campaign.approver_id or "", "the operator") if campaign.approver_id else "",
        left_out=tuple((words, report[kind]) for kind, words in KINDS.items() if report.get(kind)),
        few=tuple(lists.rejected(tx, campaign.campaign_id, limit=_REJECTED_SHOWN)),
        more=max(0, lists.rejected_count(tx, campaign.campaign_id) - _REJECTED_SHOWN),
        languages=campaigns.languages(tx, campaign.campaign_id),
        columns=_columns(lists.of_campaign(tx, campaign.campaign_id)),
        provenance=PROVENANCES.get(campaign.provenance, ""),
        one_by_one=first_contacts.counts(tx, campaign.campaign_id)[0],
        contacted=outcomes.contacted_before(tx, campaign.campaign_id),
        tests=wording_tests.tests_of(tx, campaign.campaign_id),
        not_said=not_said(tx, campaign.campaign_id),
        needs=", ".join(NEED_NAMES[need].lower() for need in campaign.needs),
    )


def not_said(tx: Tx, campaign_id: str) -> dict[str, str]:
    """Wordings that stopped by themselves, and why."""
    limits = {code: limit.words for code, limit in LIMITS.items()}
    stopped = wording_tests.stops(tx, campaign_id).values()
    return {one.key: sequential.words(one.code, one.seen, one.out_of, limits) for one in stopped}


def texts(services: Services, campaign: Campaign, languages: frozenset[str]) -> list[tuple[str, str, list[Preview]]]:
    """Everything it says, with its names and its texts."""
    wanted = Wanted(campaign.name, campaign.key, campaign.sender, campaign.area)
    return [(key, OPENER_NAMES[key], previews(services, key, wanted, languages=languages)) for key in keys_of(campaign)]


def being_read(tx: Tx) -> list[tuple[Campaign, lists.Reading]]:
    """Lists that are not campaigns yet, newest last."""
    found = [(campaigns.get(tx, one.campaign_id), one) for one in lists.unfinished(tx)]
    return [(campaign, one) for campaign, one in found if campaign is not None]


def _columns(reading: lists.Reading | None) -> tuple[tuple[str, str], ...]:
    """Which column was read as what."""
    if reading is None:
        return ()
    names = {at: name for at, name in enumerate(reading.headings) if name}
    return tuple((FIELD_NAMES[one], names.get(at, f"column {at + 1}")) for one, at in reading.columns.items())
