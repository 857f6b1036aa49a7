"""What must be seen within five seconds? (`advocate-inbox.md` 3.3) One card: may we text, why a human, what they asked,
since when, whose they are, whether our last text arrived, and what must be done for them by a named human."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.rules.holder import Check
from bot.rules.may_send import LIVE
from bot.rules.phrases import counted, phrase
from bot.services import Services
from bot.store import promises, staff, tasks, threads
from bot.store.db import Tx
from bot.store.threads import ThreadMessage
from bot.usecases import fire_protocol, holder
from bot.usecases.signed_off import wording_at_the_gate
from bot.web.desk import act_words, words
from bot.web.desk.views import Canned, Line, Talk
from flows.conversation import Flag
from flows.understanding import Intent, read

LOOKED_THROUGH = 25
"""Of their texts, the latest first: the words that called a human are among them."""
_SAID = frozenset({*(intent.value for intent in Intent), *(flag.value for flag in Flag)})
"""Reasons that somebody's words can be; a place that ran out was said by nobody."""
_MINORS, _ADULTS = frozenset({"under18"}), frozenset({"18-24", "25up"})


@dataclass(frozen=True, slots=True)
class Duty:
    """Who must be told, by which named human, by when. `script` is the protocol as it stood on that day."""

    task_id: str
    trigger: str
    due_at: datetime
    late: bool
    assigned: str
    backup: str
    script: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Somebody else may hold the phone: what says so, what to ask, and who looked."""

    signs: tuple[str, ...]
    challenge: Canned | None
    has_word: bool
    was_their_word: bool | None
    """Whether their last text was the word they chose; None without a word."""
    check: Check | None
    checked_by: str


@dataclass(frozen=True, slots=True)
class Glance:
    raised: ThreadMessage | None
    safe: tuple[str, str]
    age: tuple[str, str]
    region: str
    promised_at: datetime | None
    bot_said: str
    offered: str
    ours: Line | None
    duties: tuple[Duty, ...]
    doubt: Doubt | None

    def promise_is_late(self, now: datetime) -> bool:
        return self.promised_at is not None and self.promised_at < now


def of(tx: Tx, services: Services, talk: Talk) -> Glance:
    doubt = _doubt(tx, services, talk)
    ours = [line for line in talk.lines if line.message.direction == "out"]
    bots = [line.message.body for line in ours if not line.message.staff_id]
    return Glance(
        raised=_raised(services, talk),
        safe=_safe(talk, doubt),
        age=_age(talk),
        region=next((fact.text for fact in talk.facts if fact.label == words.NEAR), ""),
        promised_at=_promised(tx, talk),
        bot_said=bots[-1] if bots else "",
        offered=_offered(talk),
        ours=ours[-1] if ours else None,
        duties=_duties(tx, talk.conversation_id),
        doubt=doubt,
    )


def _raised(services: Services, talk: Talk) -> ThreadMessage | None:
    """The text that called a human, as far as the line's own reader can tell which it was."""
    if talk.handoff.reason not in _SAID:
        return None
    theirs = [line.message for line in reversed(talk.lines) if line.message.direction == "in"]
    for text in theirs[:LOOKED_THROUGH]:
        reading = read(text.body, expecting=None, language=talk.language, lexicon=services.script.lexicon)
        if talk.handoff.reason in (reading.intent.value, *reading.flags):
            return text
    return None


def _safe(talk: Talk, doubt: Doubt | None) -> tuple[str, str]:
    if talk.suppressed:
        return phrase("Do not text"), "bad"
    if doubt is not None:
        return phrase("Ask first, in neutral words"), "bad"
    wrote_at = talk.last_inbound_at
    if talk.conversation.safe_now and wrote_at is not None and talk.now - wrote_at < LIVE:
        return phrase("Said it is OK to text now"), "good"
    if talk.conversation.safe_now:
        return phrase("Ask first: it was OK when they last wrote"), "warn"
    return phrase("Ask first if it is OK to text"), "warn"


def _age(talk: Talk) -> tuple[str, str]:
    age = talk.conversation.answers.get("age")
    if age in _MINORS or "minor" in talk.conversation.flags:
        return phrase("Minor, under 18"), "bad"
    return (phrase("Adult"), "plain") if age in _ADULTS else (phrase("Not known"), "warn")


def _promised(tx: Tx, talk: Talk) -> datetime | None:
    """What they were told last and still stands: the hand-off's own wait, or the promise that is due first."""
    due = [one.due_at for one in promises.standing_of(tx, talk.conversation_id) if not one.soon]
    return talk.handoff.promised_at if talk.handoff.is_free and talk.handoff.promised_at else min(due, default=None)


def _offered(talk: Talk) -> str:
    if not talk.places:
        return phrase("No place was offered yet")
    held = [place for place in talk.places if place.hold is not None and place.hold.state == "held"]
    if held:
        return phrase("%(code_name)s is held for them", code_name=held[0].offer.code_name)
    return counted("%(n)s place was offered", "%(n)s places were offered", len(talk.places))


def _duties(tx: Tx, conversation_id: str) -> tuple[Duty, ...]:
    found = tasks.list_open(tx, kind=fire_protocol.KIND, conversation_id=conversation_id)
    names = staff.aliases(tx, {one for task in found for one in (task.assigned_to, task.backup_id) if one})
    return tuple(
        Duty(task.task_id, task.trigger or "", task.due_at, task.due_at < tx.now,
             names.get(task.assigned_to or "", phrase("nobody yet")), names.get(task.backup_id or "", ""),
             tasks.script_of(tx, task.task_id) or "")
        for task in found
    )  # fmt: skip


def _doubt(tx: Tx, services: Services, talk: Talk) -> Doubt | None:
    stored = threads.read(tx, talk.conversation_id)
    if stored is None or not holder.in_doubt(tx, services, stored, talk.handoff.reason):
        return None
    check, done = holder.last_check(tx, talk.conversation_id), tasks.last_done(tx, holder.KIND, talk.conversation_id)
    names = staff.aliases(tx, [done.done_by]) if done is not None and done.done_by else {}
    last = next((line.message.body for line in reversed(talk.lines) if line.message.direction == "in"), "")
    has_word = "code_word" in talk.conversation.answers
    return Doubt(
        signs=_signs(talk.conversation.flags, talk.handoff.reason),
        challenge=_challenge(tx, services, "S3" if has_word else "R1", talk.language),
        has_word=has_word,
        was_their_word=holder.sent_their_word(stored, services, last),
        check=check,
        checked_by=next(iter(names.values()), phrase("A colleague")),
    )


def _signs(flags: Sequence[str], reason: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(act_words.DOUBTS[code] for code in (reason, *flags) if code in act_words.DOUBTS))


def _challenge(tx: Tx, services: Services, key: str, language: str) -> Canned | None:
    """Neutral words that say nothing of what this is; only those that are signed off."""
    wording = wording_at_the_gate(tx, services)
    if not (services.settings.allow_unreviewed_texts or wording.is_reviewed(key, language)):
        return None
    return Canned(key, phrase(wording.text(key, "en").when), wording.render(key, language, {}))
