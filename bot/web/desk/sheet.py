"""What does the composer show? The words in the box, their cost, what stands in their way, and what has not left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.rules.discreet import Exposing, fingerprint, marked
from bot.rules.phrases import phrase
from bot.rules.segments import Measured, measure, price_of
from bot.rules.writing import UNDO, WHY_ANYWAY, MayGo, Verdict
from bot.services import Services
from bot.store import drafts, handoffs, own_texts, threads
from bot.store.db import Tx, new_id
from bot.store.drafts import Draft
from bot.store.own_texts import OwnText
from bot.store.staff import Staff
from bot.usecases.composing import Weighed, clean, weigh_words
from bot.usecases.keep_draft import Elsewhere
from bot.web.desk.times import theirs
from bot.web.desk.views import Talk

WHY = tuple(WHY_ANYWAY.items())


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A text that waits for an hour, or never left; `theirs` is that hour on their clock."""

    text: OwnText
    theirs: str


@dataclass(frozen=True, slots=True)
class Box:
    """What a page sends back with the words, so that they are bound to it."""

    words: str
    draft_id: str
    page_id: str
    since: str
    kept_at: datetime | None
    older: bool
    """It was written before the conversation changed hands."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the rules say of the words in the box."""

    verdict: Verdict
    pieces: tuple[tuple[str, Exposing | None], ...]
    says: tuple[str, ...]
    """What the marked words would tell, each once."""
    later: str
    """Their next safe hour, on their clock; empty when now is one, or there is none."""
    seen: str


@dataclass(frozen=True, slots=True)
class Pen:
    box: Box
    measured: Measured
    price: str
    each: str
    advice: Advice
    asks: MayGo | None
    """The words in the box were sent and did not go: `twice`, a second press may send them; `no`, none may."""
    asks_later: bool
    """It was asked of a text for a later hour."""
    unsent: bool
    """The box holds what they wrote, not what stands ready."""
    undo: tuple[OwnText, ...]
    undo_s: float
    scheduled: tuple[Scheduled, ...]
    dropped: tuple[Scheduled, ...]
    elsewhere: Elsewhere | None
    why: tuple[tuple[str, str], ...] = WHY


@dataclass(frozen=True, slots=True)
class Sent:
    """What a press sent, when its words are to be shown again as they were typed."""

    words: str
    draft_id: str
    page_id: str
    since: str


def pen(tx: Tx, services: Services, account: Staff, talk: Talk, *, typed: str | None = None, sent: Sent | None = None,
        asks: MayGo | None = None, later: bool = False, elsewhere: Elsewhere | None = None) -> Pen:  # fmt: skip
    """The box holds what was `sent` and did not go, or what was `typed` elsewhere on the page; else the draft that is
    kept; else the first line of a human."""
    draft = drafts.open_of(tx, talk.conversation_id, account.staff_id)
    box = _box(talk, draft, typed, sent)
    weighed = _weighed(tx, services, talk, clean(box.words))
    measured = measure(clean(box.words))
    waiting = own_texts.waiting(tx, talk.conversation_id)
    fresh = [one for one in waiting if one.kind != own_texts.SCHEDULED and one.staff_id == account.staff_id]
    left = max((one.due_at - tx.now for one in fresh), default=UNDO)
    return Pen(
        box=box,
        measured=measured,
        price=price_of(measured.segments, services.settings.segment_price),
        each=price_of(1, services.settings.segment_price),
        advice=_advice(weighed, clean(box.words), tx.now),
        asks=asks,
        asks_later=later,
        unsent=bool(sent or draft or typed),
        undo=tuple(fresh[-1:]),
        undo_s=max(left.total_seconds(), 0.0),
        scheduled=_on_their_clock((one for one in waiting if one.kind == own_texts.SCHEDULED), weighed, tx.now),
        dropped=_on_their_clock(own_texts.dropped(tx, talk.conversation_id), weighed, tx.now),
        elsewhere=elsewhere,
    )


def advice(tx: Tx, services: Services, talk: Talk, words: str) -> Advice:
    """For words that are being typed."""
    return _advice(_weighed(tx, services, talk, clean(words)), clean(words), tx.now)


def _box(talk: Talk, draft: Draft | None, typed: str | None, sent: Sent | None) -> Box:
    page_id = new_id()
    if sent is not None:
        kept_at = draft.saved_at if draft is not None and draft.draft_id == sent.draft_id else None
        return Box(sent.words, sent.draft_id, sent.page_id, sent.since, kept_at, older=False)
    if draft is None:
        return Box(talk.first_draft if typed is None else typed, new_id(), page_id, "", None, older=False)
    words = draft.words if typed is None else typed
    return Box(words, draft.draft_id, page_id, draft.page_id, draft.saved_at, older=draft.epoch != talk.epoch)


def _weighed(tx: Tx, services: Services, talk: Talk, words: str) -> Weighed:
    stored = threads.read(tx, talk.conversation_id)
    assert stored is not None
    return weigh_words(tx, services, stored, handoffs.open_of(tx, talk.conversation_id), words)


def _advice(weighed: Weighed, words: str, now: datetime) -> Advice:
    verdict = weighed.verdict
    hits = weighed.hits if verdict.words else ()
    return Advice(
        verdict=verdict,
        pieces=tuple(marked(words, hits)) if hits else (),
        says=tuple(phrase(one) for one in dict.fromkeys(hit.says for hit in hits)),
        later=theirs(verdict.later_at, weighed.place.zones, now) if verdict.later_at else "",
        seen=fingerprint(words),
    )


def _on_their_clock(texts: Iterable[OwnText], weighed: Weighed, now: datetime) -> tuple[Scheduled, ...]:
    return tuple(Scheduled(one, theirs(one.due_at, weighed.place.zones, now)) for one in texts)
