"""What is known when an advocate sends words to somebody, and what is written when they go? Shared by `reply` (now) and
`schedule` (at their next safe hour), under the conversation's lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.rules.discreet import Exposing, exposing, fingerprint
from bot.rules.hours import Place, place_of
from bot.rules.ladder import LOOK_AGAIN
from bot.rules.phrases import phrase
from bot.rules.writing import WHY_ANYWAY, MayGo, Verdict, WritingFacts, weigh
from bot.services import Services
from bot.store import audit, conversations, drafts, handoffs, messages, own_texts, people, threads
from bot.store.conversations import Stored
from bot.store.db import Tx, new_id
from bot.store.handoffs import Handoff
from bot.usecases import holder
from bot.usecases.holding import not_yours
from bot.usecases.refusal import Refused

LONGEST = 1600
"""Characters the carrier takes in one message."""


@dataclass(frozen=True, slots=True)
class Anyway:
    """A second, deliberate press: why (a word of WHY_ANYWAY), and the fingerprint of the words pointed out."""

    why: str
    seen: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page sends along with the words. `epoch` is the one it was shown with, `draft_id` the key of its press."""

    conversation_id: str
    staff_id: str
    epoch: int
    text: str
    draft_id: str = ""
    anyway: Anyway | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """In the outbox. `due_at` is when it may leave."""

    message_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the rules say of these words to this person now."""

    verdict: Verdict
    hits: tuple[Exposing, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Asks:
    """Nothing was sent. A second press with a reason may send it, or a later hour; `may_go` says if any may."""

    reason: str
    may_go: MayGo
    weighed: Weighed


@dataclass(frozen=True, slots=True)
class Ready:
    """These words may go."""

    sheet: Sheet
    words: str
    stored: Stored
    handoff: Handoff
    weighed: Weighed
    anyway: str
    """Why, if they go on a second press."""


def clean(text: str) -> str:
    """Line ends as one sign, and nothing that no phone can show."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c == "\n" or c >= " ").strip()


def begin(tx: Tx, services: Services, sheet: Sheet) -> Ready | Queued | Refused:
    """Whatever is wrong with the words, the page or the person. The same press once more is the same text. Whether it
    is the time is not asked here: see `question`."""
    words = clean(sheet.text)
    if refused := _unfit(words):
        return refused
    stored = conversations.load(tx, sheet.conversation_id)
    handoff = handoffs.open_of(tx, sheet.conversation_id)
    if known := _pressed_before(tx, sheet, words):
        return known
    if stored is None or handoff is None:
        return Refused("This conversation is finished. Nothing was sent.")
    if refused := not_yours(tx, stored, handoff, sheet.staff_id, sheet.epoch) or stopped(stored):
        return refused
    why = sheet.anyway.why if sheet.anyway and sheet.anyway.seen == fingerprint(words) else ""
    weighed = weigh_words(tx, services, stored, handoff, words)
    return Ready(sheet, words, stored, handoff, weighed, why if why in WHY_ANYWAY else "")


def question(ready: Ready, may_go: MayGo) -> Asks | None:
    """What must be answered before these words go. None when nothing must."""
    if may_go == "yes" or (may_go == "twice" and ready.anyway):
        return None
    return Asks(_in_words(ready.weighed.verdict, may_go), may_go, ready.weighed)


def put(tx: Tx, services: Services, ready: Ready, *, kind: str, due_at: datetime) -> Queued:
    """Into the outbox. What they wrote counts as answered from now on, and the draft is a text."""
    sheet, handoff = ready.sheet, ready.handoff
    handoffs.answered(tx, handoff.handoff_id, tx.now + LOOK_AGAIN)
    message_id = messages.queue_text(
        tx, conversation_id=sheet.conversation_id, epoch=sheet.epoch, kind=kind, body=ready.words,
        language=ready.stored.conversation.language, staff_id=sheet.staff_id, due_at=due_at,
    )  # fmt: skip
    drafts.became(
        tx, draft_id=sheet.draft_id or new_id(), conversation_id=sheet.conversation_id, staff_id=sheet.staff_id,
        epoch=sheet.epoch, message_id=message_id, answered_before=handoff.answered_seq,
    )  # fmt: skip
    act = "text_scheduled" if kind == own_texts.SCHEDULED else "reply_queued"
    detail = f"anyway {ready.anyway}" if ready.anyway else None
    audit.record(tx, act=act, staff_id=sheet.staff_id, object_id=message_id, detail=detail)
    tx.after_commit(services.nudges.deliver)
    return Queued(message_id, due_at)


def weigh_words(tx: Tx, services: Services, stored: Stored, handoff: Handoff | None, words: str) -> Weighed:
    """By what is known of the person now."""
    person, place = people.get(tx, stored.person_id), where_they_may_be(tx, stored.person_id)
    names = (services.settings.brand, *threads.names_of_places(tx, stored.conversation_id))
    hits = exposing(words, names=names, places=services.script.lexicon.places)
    facts = WritingFacts(
        now=tx.now, safe_now=stored.conversation.safe_now and not holder.in_doubt(tx, services, stored),
        safe_hours=person.safe_hours if person else None,
        place=place, last_inbound_at=stored.last_inbound_at, unanswered=handoff is not None and handoff.unanswered,
        hits=hits,
    )  # fmt: skip
    return Weighed(weigh(facts), hits, place)


def where_they_may_be(tx: Tx, person_id: str) -> Place:
    """By their number, which goes no further, and by the area they named."""
    zips = conversations.stated_zip3s(tx, [person_id]).get(person_id, ())
    return place_of(people.number_of(tx, person_id), zips)


def _unfit(words: str) -> Refused | None:
    if not words:
        return Refused("Write something first. Nothing was sent.")
    if len(words) > LONGEST:
        return Refused(
            phrase("This has %(n)s characters; a text can have %(most)s. Nothing was sent.", n=len(words), most=LONGEST)
        )
    return None


def stopped(stored: Stored) -> Refused | None:
    """After STOP nobody writes; only their own START changes that."""
    if stored.conversation.suppressed:
        return Refused("They asked for no more texts, so nothing can be sent. If they text START, you can write again.")
    return None


def _pressed_before(tx: Tx, sheet: Sheet, words: str) -> Queued | Refused | None:
    known = drafts.get(tx, sheet.draft_id) if sheet.draft_id else None
    if known is None:
        return None
    if (known.conversation_id, known.staff_id) != (sheet.conversation_id, sheet.staff_id):
        return Refused("This page belongs to another conversation. Open this one again. Nothing was sent.")
    if known.message_id is None:
        return None
    sent = own_texts.get(tx, known.message_id)
    if sent.reason == own_texts.TAKEN_BACK:
        return Refused("You took this text back. Send it again from here, if you wish.")
    if sent.words != words:
        return Refused("Your first press did arrive, and sent what stands in the thread. These words were not sent.")
    return Queued(sent.message_id, sent.due_at)


def _in_words(verdict: Verdict, may_go: MayGo) -> str:
    if may_go == "no" and verdict.hours == "only_first":
        return "They want to write first, and have not written lately. Nothing was sent; your draft is kept."
    if may_go == "no":
        return "It is not an hour they chose, and they have not said that now is good. Nothing was sent."
    said = {"": "", "outside": "It is not an hour they chose. ",
            "only_first": "They want to write first, and have not written lately. "}[verdict.hours]  # fmt: skip
    if verdict.words:
        said += "The marked words would tell somebody else with this phone what it is about. "
    return f"{said}Nothing was sent yet."
