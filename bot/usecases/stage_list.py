"""How does an uploaded file become pages that wait to be read? In one transaction, a row at a time, sealed.

Nothing is judged yet. A file whose columns are certain is read on at once; of another a person says first which column
is what, and that is remembered for the next file with the same headings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

from bot import log
from bot.rules.hours import DEFAULT_WINDOW, valid_window
from bot.rules.may_send import LAWFUL_BASES
from bot.rules.phrases import phrase
from bot.rules.recipients import PROVENANCES
from bot.rules.sheet import FIELDS, Layout, Unreadable, look, rows_of
from bot.services import Services
from bot.store import audit, campaigns, enlist, lists, pacing
from bot.store.db import Database, Tx
from bot.usecases.approve_campaign import unfit_needs
from bot.usecases.campaign_words import unfit_words
from bot.usecases.refusal import Refused

PAGE = 1000
"""Rows that are read, judged and kept in one transaction: few enough that a turn waits milliseconds for it."""
_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the author chose. `window` is local hours, end exclusive; `area` is a region of the directory, or empty.
    `provenance` is where the list comes from; `basis` is that of rows which name none; `separator` is found by itself
    when empty; `look_first` asks for the columns to be shown first. `also` are first texts tried beside `key`; `needs`
    is what the people may ask for, of campaigns.NEEDS; `follow_up` is the one gentle text later."""

    name: str
    key: str = "O1"
    sender: str = "Ana"
    area: str = ""
    window: tuple[int, int] = DEFAULT_WINDOW
    provenance: str = "own"
    basis: str = ""
    separator: str = ""
    look_first: bool = False
    also: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("bed",)
    follow_up: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, *self.also)


def stage_list(database: Database, services: Services, *, file: BinaryIO, wanted: Wanted,
               author_id: str) -> str | Refused:  # fmt: skip
    """The id of a campaign whose list waits to be read; or why there is none."""
    with database.reading() as tx:
        refused = unfit(tx, services, wanted)
    if refused is not None:
        return refused
    try:
        layout = look(file, wanted.separator)
        with database.transaction() as tx:
            campaign_id = _keep(tx, file, _remembered(tx, layout, wanted), wanted, author_id)
    except Unreadable as error:
        return Refused(str(error))
    log.event("list_staged", campaign_id=campaign_id)
    return campaign_id


def choose_columns(database: Database, *, campaign_id: str, columns: Mapping[str, int],
                   staff_id: str) -> Refused | None:  # fmt: skip
    """A person says which column is what, and the list is read. None means that it will be."""
    with database.transaction() as tx:
        reading = lists.of_campaign(tx, campaign_id, lock=True)
        if reading is None or reading.state != "columns":
            return Refused("This list has been read already.")
        if "number" not in columns:
            return Refused("Say which column holds the numbers.")
        if not set(columns) <= set(FIELDS) or not all(0 <= at < reading.width for at in columns.values()):
            return Refused("Choose among the columns of the list.")
        if len(set(columns.values())) < len(columns):
            return Refused("A column can be only one thing.")
        lists.change(tx, reading.list_id, columns=dict(columns), state="reading", doubt="")
        lists.remember(tx, reading.headings, columns, staff_id)
    log.event("list_columns_chosen", campaign_id=campaign_id)
    return None


def discard_list(database: Database, *, campaign_id: str, staff_id: str) -> Refused | None:
    """Throw a list away that nobody approved: nobody on it was texted, and of strangers nothing stays."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None:
            return Refused("There is no such campaign.")
        if campaign.state not in ("importing", "draft"):
            return Refused("It has been approved: pause it instead.")
        enlist.discard(tx, campaign_id)
        audit.record(tx, act="campaign_discarded", staff_id=staff_id, object_id=campaign_id)
    log.event("campaign_discarded", campaign_id=campaign_id, staff_id=staff_id)
    return None


def unfit(tx: Tx, services: Services, wanted: Wanted) -> Refused | None:
    """Why this cannot be a campaign, whatever the list: its name, words, hours, area or what is said of the list."""
    if not 0 < len(wanted.name.strip()) <= _NAME_LENGTH or not wanted.name.isprintable():
        return Refused(phrase("Give the campaign a name of at most %(most)s characters.", most=_NAME_LENGTH))
    if not valid_window(*wanted.window):
        start, end = DEFAULT_WINDOW
        return Refused(
            phrase(
                "The hours must lie between %(start)s and %(end)s, local time: they can be narrowed, not widened.",
                start=start,
                end=end,
            )
        )
    if wanted.area and wanted.area not in pacing.regions(tx):
        return Refused("There is no program in that area. Choose one of the directory's areas.")
    if wanted.provenance not in PROVENANCES:
        return Refused("Say where the list comes from.")
    if wanted.basis and wanted.basis not in LAWFUL_BASES:
        return Refused("The basis of the whole list must be inbound_first, opted_in or partner_referral.")
    return unfit_needs(wanted.needs) or unfit_words(
        services, keys=wanted.keys, sender=wanted.sender, area=wanted.area, follow_up=wanted.follow_up
    )


def _remembered(tx: Tx, layout: Layout, wanted: Wanted) -> Layout:
    """The columns as a person chose them for such a file before, where they did."""
    if "number" not in layout.columns and layout.width == 1:
        raise Unreadable(layout.doubt)  # there is no column to choose
    columns = lists.remembered(tx, layout.headings) if layout.headings else None
    if columns is not None:
        layout = replace(layout, columns=columns, doubt="")
    if wanted.look_first and not layout.doubt:
        layout = replace(layout, doubt="You asked to look at the columns first.")
    return layout


def _keep(tx: Tx, file: BinaryIO, layout: Layout, wanted: Wanted, author_id: str) -> str:
    campaign_id = campaigns.add(
        tx, name=wanted.name.strip(), keys=wanted.keys, area=wanted.area, sender=wanted.sender, window=wanted.window,
        provenance=wanted.provenance, author_id=author_id, needs=wanted.needs, follow_up=wanted.follow_up,
    )  # fmt: skip
    list_id = lists.begin(
        tx, campaign_id, doubt=layout.doubt, headings=layout.headings, columns=layout.columns, width=layout.width,
        basis=wanted.basis,
    )  # fmt: skip
    pages = total = 0
    rest = rows_of(file, layout)
    while rows := list(islice(rest, PAGE)):
        lists.add_page(tx, list_id, pages, rows)
        pages, total = pages + 1, total + len(rows)
    lists.change(tx, list_id, pages=pages, total=total)
    return campaign_id
