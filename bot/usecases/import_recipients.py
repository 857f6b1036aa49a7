"""What of an uploaded list becomes a campaign? All of its good rows or nothing; of the others a row and a reason.

A list is read page by page: judge, ask the carrier about lines, then one transaction that keeps the good rows, the
reasons of the others, and how far it is. Killed at any moment, the next step goes on where the last one committed.
Until the last page nobody sees a recipient of it: the campaign is `importing`, and cannot be approved.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from bot import log
from bot.rules.may_send import over_cap
from bot.rules.recipients import KINDS, Rejected, Row, Terms, judge
from bot.services import Services
from bot.store import audit, campaigns, conversations, enlist, first_contacts, lists
from bot.store.db import Database, Tx
from bot.store.lists import Line, Reading
from bot.usecases.look_up_numbers import look_up_numbers
from bot.usecases.refusal import Refused
from bot.usecases.stage_list import Wanted, stage_list

STEP = timedelta(seconds=4)
"""So long one step of a list may take; the clock rings for the next."""
_LEASE = timedelta(seconds=60)
_LOOK_AGAIN_S = 0.5

_SUPPRESSED = ("suppressed", "number", "this number has said stop, or cannot be texted")
_MINOR = ("suppressed", "number", "a person must speak to them, not a campaign")
_LIFETIME = ("cooldown", "number", "three campaign texts are the most for a lifetime")
_COOLDOWN = ("cooldown", "number", "texted less than 180 days ago, without an answer")
_ELSEWHERE = ("duplicates", "number", "waits on the list of another campaign")
_REASSIGNED = ("no_basis", "number", "the number has a new owner, who agreed to nothing")
_LANDLINE = ("landline", "number", "a landline cannot get texts")
_DEAD = ("landline", "number", "the number is not in service")


@dataclass(frozen=True, slots=True)
class Imported:
    """`report` is the contract's shape: rows = accepted + duplicates + invalid + suppressed + cooldown + landline +
    no_basis."""

    campaign_id: str
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Known:
    """What we know of the numbers of a page, at one moment; by phone key, and by the id of a person."""

    suppressed: frozenset[str]
    people: Mapping[str, tuple[str, str | None]]
    histories: Mapping[str, campaigns.History]
    here: Mapping[str, int]
    elsewhere: frozenset[str]
    minors: frozenset[str]
    lines: Mapping[str, Line]
    at: datetime


def import_recipients(database: Database, services: Services, *, data: bytes, wanted: Wanted,
                      author_id: str) -> Imported | Refused:  # fmt: skip
    """A draft campaign with its recipients, or the reason why there is none: a whole list at once, however long."""
    campaign_id = stage_list(database, services, file=BytesIO(data), wanted=wanted, author_id=author_id)
    if isinstance(campaign_id, Refused):
        return campaign_id
    return import_whole(database, services, campaign_id)


def import_whole(database: Database, services: Services, campaign_id: str) -> Imported | Refused:
    """Read a staged list to its end. Without somebody to ask, a doubt about its columns is a refusal."""
    while True:
        more = read_on(database, services, campaign_id)
        with database.reading() as tx:
            reading = lists.of_campaign(tx, campaign_id)
            if reading is None:
                return Refused("The list was thrown away meanwhile.")
            if reading.state == "done":
                return Imported(campaign_id, public_report(tx, campaign_id))
        if reading.state == "columns":
            with database.transaction() as tx:
                enlist.discard(tx, campaign_id)
            return Refused(reading.doubt)
        if not more:
            time.sleep(_LOOK_AGAIN_S)  # a worker reads it at this moment


def public_report(tx: Tx, campaign_id: str) -> dict[str, Any]:
    """The report as the contract shows it: counts, and the rows that are invalid."""
    campaign = campaigns.get(tx, campaign_id)
    counts = {} if campaign is None else campaign.report
    found: dict[str, Any] = {name: counts.get(name, 0) for name in ("rows", "accepted", *KINDS)}
    invalid = lists.rejected(tx, campaign_id, kind="invalid")
    found["invalid"] = [{"row": row, "reason": reason} for row, _, _, reason in invalid]
    names = ("rows", "accepted", "duplicates", "invalid", "suppressed", "cooldown", "landline", "no_basis")
    return {name: found[name] for name in names}


def read_lists(database: Database, services: Services) -> None:
    """One step of the oldest list that waits. The worker's part; the clock rings while one is due."""
    with database.reading() as tx:
        campaign_id = lists.due(tx)
    if campaign_id is not None:
        read_on(database, services, campaign_id)


def read_on(database: Database, services: Services, campaign_id: str) -> bool:
    """Read pages for a few seconds. True while there is more to read, by us."""
    with database.transaction() as tx:
        if not lists.lease(tx, campaign_id, tx.now + _LEASE):
            return False
        until = tx.now + STEP
    more = True
    while more and services.clock.now() < until:
        more = _read_page(database, services, campaign_id, until)
    with database.transaction() as tx:
        lists.let_go(tx, campaign_id)
    return more


def _read_page(database: Database, services: Services, campaign_id: str, until: datetime) -> bool:
    with database.reading() as tx:
        campaign, reading = campaigns.get(tx, campaign_id), lists.of_campaign(tx, campaign_id)
        if campaign is None or reading is None or reading.state != "reading":
            return False
        page = lists.page(tx, reading.list_id, reading.cursor)
    terms = Terms(reading.columns, services.settings.default_region, campaign.provenance, reading.basis)
    judged = [judge((row, cells), terms) for row, cells in page]
    keys = {one.number: database.keys.index("phone", one.number) for one in judged if isinstance(one, Row)}
    asked = look_up_numbers(database, services, reading, [one for one in judged if isinstance(one, Row)], keys, until)
    if asked is None:
        return True  # time is up: what was learned is kept, and the page is read again
    with database.transaction() as tx:
        # Asked here, and not before: someone may have said STOP while the carrier was being asked.
        known = _learn(tx, campaign_id, keys)
        accepted, turned_away = _split(judged, keys, known)
        return _keep(tx, reading, accepted, turned_away, asked, known.people)


def _keep(tx: Tx, reading: Reading, accepted: Sequence[enlist.NewRecipient], turned_away: Sequence[Rejected],
          asked: int, here: Mapping[str, tuple[str, str | None]]) -> bool:  # fmt: skip
    counts = {**dict.fromkeys(("accepted", *KINDS), 0), **reading.counts}
    counts["accepted"] += len(accepted)
    for one in turned_away:
        counts[one.kind] += 1
    theirs = "".join(f"{one.phone_key}{one.basis}{one.language}" for one in accepted)
    fingerprint = hashlib.sha256((reading.fingerprint + theirs).encode()).hexdigest()
    last = reading.cursor + 1 >= reading.pages
    turned = lists.turn_page(
        tx, reading, counts=counts, fingerprint=fingerprint, looked_up=reading.looked_up + asked,
        **({"state": "done", "done_at": tx.now} if last else {}),
    )  # fmt: skip
    if not turned:
        return True  # another reader was quicker; what it kept stands
    enlist.add_recipients(tx, reading.campaign_id, accepted, here)
    _keep_for_later(tx, reading.campaign_id, turned_away)
    lists.reject(tx, reading.campaign_id, [(one.row, one.kind, one.field, one.reason) for one in turned_away])
    if last:
        campaign = campaigns.get(tx, reading.campaign_id)
        assert campaign is not None
        campaigns.change(tx, reading.campaign_id, state="draft", report={"rows": sum(counts.values()), **counts})
        detail = str(counts["accepted"])
        audit.record(
            tx, act="campaign_imported", staff_id=campaign.author_id, object_id=reading.campaign_id, detail=detail
        )
        log.event("campaign_imported", campaign_id=reading.campaign_id, count=counts["accepted"])
    return not last


def _keep_for_later(tx: Tx, campaign_id: str, turned_away: Sequence[Rejected]) -> None:
    """Those who lack a basis and nothing else may be written to by a person's own hand, one by one: but only where the
    organization has signed for that; elsewhere nothing of them is kept."""
    if first_contacts.signed(tx) is None:
        return
    keys = {tx.keys.index("phone", one.number): one for one in turned_away if one.number}
    suppressed, known = campaigns.suppressed(tx, keys), campaigns.known(tx, keys)
    rows = [(one.number, key, one.language) for key, one in keys.items() if key not in suppressed]
    first_contacts.add(tx, campaign_id, rows, {key: person_id for key, (person_id, _) in known.items()})


def _learn(tx: Tx, campaign_id: str, keys: Mapping[str, str]) -> _Known:
    people = campaigns.known(tx, keys.values())
    person_ids = [person_id for person_id, _ in people.values()]
    return _Known(
        suppressed=campaigns.suppressed(tx, keys.values()),
        people=people,
        histories=campaigns.histories(tx, person_ids),
        here=enlist.rows_on_list(tx, campaign_id, person_ids),
        elsewhere=enlist.waiting_elsewhere(tx, person_ids),
        minors=conversations.flagged(tx, person_ids, "minor"),
        lines=lists.lines_of(tx, keys.values()),
        at=tx.now,
    )


def _split(judged: Sequence[Row | Rejected], keys: Mapping[str, str],
           known: _Known) -> tuple[list[enlist.NewRecipient], list[Rejected]]:  # fmt: skip
    accepted: list[enlist.NewRecipient] = []
    turned_away: list[Rejected] = []
    first_seen: dict[str, int] = {}
    for one in judged:
        found = one if isinstance(one, Rejected) else _decide(one, keys[one.number], known, first_seen)
        if isinstance(found, Rejected):
            turned_away.append(found)
        else:
            first_seen[found.phone_key] = found.row
            accepted.append(found)
    return accepted, turned_away


def _decide(row: Row, key: str, known: _Known, first_seen: Mapping[str, int]) -> enlist.NewRecipient | Rejected:
    person_id, line_type = known.people.get(key, ("", None))
    first = first_seen.get(key, known.here.get(person_id))
    if first is not None:
        return Rejected(row.row, "duplicates", "number", f"the same number as row {first}")
    line = known.lines.get(key)
    line_type = line_type or (line.line_type if line is not None and line.line_type != "unknown" else None)
    why = _why_not(key, person_id, line_type, line is not None and line.reassigned, known)
    if why is not None:
        return Rejected(row.row, *why)
    return enlist.NewRecipient(row.row, row.number, key, row.language, row.basis, row.proof, line_type)


def _why_not(key: str, person_id: str, line_type: str | None, reassigned: bool,
             known: _Known) -> tuple[str, str, str] | None:  # fmt: skip
    if key in known.suppressed:
        return _SUPPRESSED
    if person_id in known.minors:
        return _MINOR
    history = known.histories.get(person_id)
    if history is not None:
        cap = over_cap(known.at, released_before=history.released_before, last_unanswered_at=history.last_unanswered_at)
        if cap is not None:
            return _LIFETIME if cap == "lifetime_cap" else _COOLDOWN
    if person_id in known.elsewhere:
        return _ELSEWHERE
    if line_type in ("landline", "dead"):
        return _LANDLINE if line_type == "landline" else _DEAD
    return _REASSIGNED if reassigned else None
