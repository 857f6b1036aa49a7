"""How does one person write to one person without a basis? By one act for one text, and never through our sending.

Automated sending refuses whoever agreed to nothing, and nothing here changes that: no text of this file ever reaches
the outbox. An organization's named, dated sign-off opens the mode; then a member of staff is shown one person, and one
press prepares one text and records it. The server refuses a press that comes too soon, too often, twice, or with a
token that was given to somebody else. There is no way to ask for two.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from bot import log
from bot.errors import SendError
from bot.ports import OutboundText
from bot.rules.hours import campaign_closes, place_of
from bot.rules.may_send import over_cap
from bot.services import Services
from bot.store import audit, campaigns, consent, conversations, first_contacts
from bot.store.db import Database, Tx
from bot.store.first_contacts import Contact
from bot.usecases.approve_campaign import still_approved
from bot.usecases.campaign_words import opener
from bot.usecases.refusal import Refused

EVERY = timedelta(seconds=2)
"""No press sooner after the one before: a person looks at a card that long (R-C3)."""
HOURLY = 60
_TOKEN_LASTS = timedelta(minutes=10)
_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Card:
    """One person, before anything is done. `token` is good for one press by whoever was shown it."""

    token: str
    call_sign: str
    language: str
    text: str
    last_contact: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """One text, recorded. `link` opens it on the phone of whoever pressed; empty where a carrier took it."""

    link: str
    text: str


def sign_off(database: Database, *, signed_by: str, signed_on: str, way: str, staff_id: str) -> Refused | None:
    """An organization says who answers for this in law, and since when. None means that it is in force."""
    if not 3 <= len(signed_by.strip()) <= 80 or not signed_by.isprintable():
        return Refused("Name the person who signed.")
    with database.transaction() as tx:
        try:
            day = date.fromisoformat(signed_on)
        except ValueError:
            return Refused("Give the day of the signature as year-month-day.")
        if day > tx.now.date():
            return Refused("The day of the signature lies ahead.")
        if way not in ("handset", "carrier"):
            return Refused("Say how these texts leave.")
        first_contacts.sign(tx, signed_by=signed_by.strip(), signed_on=signed_on, way=way, staff_id=staff_id)
        audit.record(tx, act="one_by_one_signed", staff_id=staff_id)
    log.event("one_by_one_signed", staff_id=staff_id)
    return None


def withdraw_sign_off(database: Database, *, staff_id: str) -> None:
    with database.transaction() as tx:
        first_contacts.withdraw(tx)
        audit.record(tx, act="one_by_one_withdrawn", staff_id=staff_id)
    log.event("one_by_one_withdrawn", staff_id=staff_id)


def show_next(database: Database, services: Services, *, campaign_id: str, staff_id: str) -> Card | Refused:
    """The next person who may be written to now, for this member of staff alone."""
    with database.transaction() as tx:
        refused = _shut(tx, services, campaign_id)
        if refused is not None:
            return refused
        campaign = campaigns.get(tx, campaign_id)
        assert campaign is not None
        for contact in first_contacts.waiting(tx, campaign_id, _LOOKS):
            if _why_not(tx, contact, campaign.window) is None:
                token = secrets.token_urlsafe(24)
                first_contacts.give_token(tx, contact, staff_id=staff_id, token=token)
                before = first_contacts.pressed_for(tx, contact.person_id)
                return Card(token, contact.call_sign, contact.language, _text(services, campaign, contact),
                            f"{before[-1]:%-d %B %Y}" if before else "never")  # fmt: skip
    return Refused("Nobody on this list may be written to now.")


def press_one(database: Database, services: Services, *, token: str, staff_id: str) -> Prepared | Refused:
    """One press, one text, one record. A token that was used already does nothing."""
    with database.transaction() as tx:
        sign = first_contacts.signed(tx, lock=True)
        found = first_contacts.by_token(tx, token, staff_id=staff_id, since=tx.now - _TOKEN_LASTS)
        if sign is None or found is None:
            return Refused("This card is used or too old. Ask for the next person.")
        press_id, contact = found
        refused = _shut(tx, services, contact.campaign_id) or _too_fast(tx, staff_id)
        if refused is not None:
            return refused
        campaign = campaigns.get(tx, contact.campaign_id)
        assert campaign is not None
        why = _why_not(tx, contact, campaign.window)
        if why is not None:
            return Refused(why)
        text = _text(services, campaign, contact)
        first_contacts.press(tx, press_id, nth=len(first_contacts.pressed_for(tx, contact.person_id)) + 1)
        audit.record(tx, act="first_text_pressed", staff_id=staff_id, object_id=contact.contact_id)
    log.event("first_text_pressed", staff_id=staff_id, campaign_id=contact.campaign_id)
    if sign.way == "handset":
        return Prepared(f"sms:{contact.number}?&body={quote(text)}", text)
    try:
        # Nothing is open. A fate that is not known counts as written: it is never tried again.
        services.carrier.first_text(OutboundText(press_id, contact.number, text))
    except SendError:
        return Refused("The carrier does not take first texts to people who did not agree. It is recorded, not sent.")
    return Prepared("", text)


def _shut(tx: Tx, services: Services, campaign_id: str) -> Refused | None:
    campaign = campaigns.get(tx, campaign_id)
    if campaign is None:
        return Refused("There is no such campaign.")
    if first_contacts.signed(tx) is None:
        return Refused("The organization has not signed off writing to people one by one.")
    if campaign.state not in ("approved", "running", "done") or not still_approved(tx, services, campaign):
        return Refused("A second person must approve the campaign first.")
    if campaigns.stopped(tx):
        return Refused("All campaigns are stopped.")
    return None


def _too_fast(tx: Tx, staff_id: str) -> Refused | None:
    lately = first_contacts.pressed_by(tx, staff_id, tx.now - timedelta(hours=1))
    if lately and tx.now - lately[-1] < EVERY:
        return Refused("Too soon after the last one. Read the card, then press.")
    return Refused("That was enough for one hour.") if len(lately) >= HOURLY else None


def _why_not(tx: Tx, contact: Contact, window: tuple[int, int]) -> str | None:
    """Everything a campaign's text is asked, but for the basis."""
    if consent.is_suppressed(tx, contact.phone_key) or consent.state_of(tx, contact.phone_key) == "withdrawn":
        return "They have said stop."
    if conversations.flagged(tx, [contact.person_id], "minor"):
        return "A person of the child protocol must speak to them."
    if conversations.open_of(tx, contact.person_id) is not None:
        return "They are talking with us already."
    before, history = first_contacts.pressed_for(tx, contact.person_id), campaigns.histories(tx, [contact.person_id])
    released = history.get(contact.person_id, campaigns.History(0, None))
    last = max((at for at in (released.last_unanswered_at, *before[-1:]) if at is not None), default=None)
    if over_cap(tx.now, released_before=released.released_before + len(before), last_unanswered_at=last) is not None:
        return "They were written to before."
    zip3s = conversations.stated_zip3s(tx, [contact.person_id]).get(contact.person_id, ())
    if campaign_closes(place_of(contact.number, zip3s), tx.now, window) is None:
        return "It is not their hour."
    return None


def _text(services: Services, campaign: campaigns.Campaign, contact: Contact) -> str:
    return opener(services, key=campaign.key, language=contact.language, sender=campaign.sender, area=campaign.area)
