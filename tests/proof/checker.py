"""Were the seven promises kept? Reads the account of what happened and names each promise that was not, and why.

The numbers are those of `contract.md`, 'What is promised'. BESIDES is none of the seven: one person's texts of one kind
leave in the order they were written, and a text that the carrier could not bring is taken in from its list.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from bot.rules.may_send import UNPROMPTED
from tests.proof.account import Account, Queue, Row, Taken

BESIDES = 0
CARRIED = frozenset({"sent", "delivered", "undelivered"})
LATEST_ALARM = timedelta(minutes=1)
"""By how much an alarm may be overdue when the clock runs."""
ON_ITS_WAY = timedelta(seconds=30)
"""Where the moment of a claim is not known: as long as its lease."""
SPOKEN_BY_BOT = frozenset({"reply", *UNPROMPTED})


@dataclass(frozen=True)
class Complaint:
    """A promise that was not kept."""

    promise: int
    words: str


def check(account: Account) -> list[Complaint]:
    """Everything that is wrong, promise by promise; empty when all were kept."""
    checks = (kept, carried_by_the_database, repeated, once, stopped, held, silent, ordered, taken_in)
    return [complaint for each in checks for complaint in each(account)]


def kept(account: Account) -> Iterator[Complaint]:
    """1. A 200 means that the text, the turn and its replies are committed."""
    ours = {row.provider_sid: row for row in account.rows if row.direction == "in"}
    answers = {(row.conversation_id, row.created_at) for row in account.rows if row.direction == "out"}
    for text in account.heard:
        if text.missing_at_200 or (text.answered_at and text.sid not in ours):
            yield Complaint(1, f"200 for {text.sid}, which was not kept")
    withdrawn = list(_withdrawn(account))
    firsts: dict[str, Row] = {}
    for row in ours.values():
        firsts.setdefault(row.conversation_id, min(firsts.get(row.conversation_id, row), row, key=lambda r: r.seq))
    for first in firsts.values():
        # What the list brought may have been overtaken, by their own STOP perhaps: then it is kept and not answered.
        # Nor is somebody who has stopped, and begins a new conversation.
        stopped = any(number == first.number and since < first.created_at < until for number, since, until in withdrawn)
        if first.sent_at is None and not stopped and (first.conversation_id, first.created_at) not in answers:
            yield Complaint(1, f"the turn of {first.provider_sid} was kept without its replies")


def carried_by_the_database(account: Account) -> Iterator[Complaint]:
    """2. Whatever was lost on the way, in the end all that is due has left."""
    for row in _out(account):
        due = row.status == "queued" and row.due_at is not None and row.due_at <= account.now
        if due or row.status in ("sending", "unknown"):
            yield Complaint(2, f"{_name(row)} is still {row.status}, and nobody comes for it")


def repeated(account: Account) -> Iterator[Complaint]:
    """3. What came twice changed nothing, and no receipt moved a text back."""
    for what in account.repeats:
        yield Complaint(3, what)
    known = {text.sid: text for text in account.heard}
    seen = Counter(row.provider_sid for row in account.rows if row.direction == "in")
    for sid, times in seen.items():
        if times > 1 or sid not in known:
            yield Complaint(3, f"{sid} was taken in {times} times, and the phone sent it {int(sid in known)} times")
    rows = {row.message_id: row for row in _out(account)}
    for text in account.taken:
        row = rows.get(text.message_id)
        last_word = text.ends in text.told and text is _last(account.taken, text.message_id)
        if row is not None and last_word and not _twins(account, row) and row.status not in (text.ends, "queued"):
            yield Complaint(3, f"{_name(row)} is {row.status} after a receipt that said {text.ends}")


def once(account: Account) -> Iterator[Complaint]:
    """4. One intent is at most one text, and exactly one if we count it as sent. Two intents of the same words to the
    same number cannot be told apart by the carrier's list: theirs are counted together."""
    intents, texts = defaultdict(list), defaultdict(list)
    for row in _out(account):
        intents[row.number, row.body].append(row)
    for text in account.taken:
        texts[text.to, text.body].append(text)
    for key, rows in intents.items():
        reached = [text for text in texts[key] if text.ends != "undelivered"]
        counted = [row for row in rows if row.status in CARRIED]
        names = " and ".join(_name(row) for row in rows)
        if len(reached) > len(rows):
            yield Complaint(4, f"{names}: {len(reached)} texts of {len(rows)} intents")
        elif len(counted) > len(texts[key]):
            yield Complaint(4, f"{names}: {len(counted)} count as sent, and the carrier has {len(texts[key])}")
        elif len(reached) > len(counted) + sum(row.status in ("sending", "unknown") for row in rows):
            yield Complaint(4, f"{names}: {len(reached)} reached the phone, {len(counted)} count as sent")
        theirs = {text.sid for text in texts[key]}
        for row in counted:
            if row.provider_sid not in theirs:
                yield Complaint(4, f"{_name(row)} has the carrier's id of another text")
    for number, body in texts.keys() - intents.keys():
        yield Complaint(4, f"a text of {len(body)} characters left that nobody wrote ({number[-4:]})")


def stopped(account: Account) -> Iterator[Complaint]:
    """5. STOP is in force before its webhook returns; after it nothing is decided to leave but one confirmation."""
    for text in account.heard:
        if text.open_at_200:
            yield Complaint(5, f"200 for the STOP {text.sid}, which was not in force")
    rows = {row.message_id: row for row in _out(account)}
    for number, since, until in _withdrawn(account):
        confirmations = 0
        for text in account.taken:
            row = rows.get(text.message_id)
            if text.to != number or row is None or not since < text.at < until:
                continue
            if row.kind == "confirmation":
                confirmations += text.ends != "undelivered"
            elif not _was_on_its_way(account, text, row, since):
                yield Complaint(5, f"{_name(row)} left {text.at - since} after STOP")
        if confirmations > 1:
            yield Complaint(5, f"{confirmations} confirmations of one STOP")


def held(account: Account) -> Iterator[Complaint]:
    """6. An open hand-off has an owner or an alarm that rings; one of bot and advocate speaks."""
    for one in account.queue:
        name = f"hand-off {one.handoff_id[-6:]}"
        if one.state != "closed":
            if one.next_at is None and one.owner_id is None:
                yield Complaint(6, f"{name} has neither owner nor alarm")
            elif one.next_at is not None and one.next_at < account.now - LATEST_ALARM:
                yield Complaint(6, f"the alarm of {name} has come, and nobody was called")
            if (one.state == "owned") != (one.held_by == "advocate"):
                yield Complaint(6, f"{name} is {one.state} and its conversation is held by {one.held_by}")
        if one.claimed_at is not None:
            yield from _spoke_while_held(account, one, one.claimed_at)


def _spoke_while_held(account: Account, one: Queue, since: datetime) -> Iterator[Complaint]:
    until = one.closed_at or datetime.max.replace(tzinfo=since.tzinfo)
    taken = {text.message_id: text for text in account.taken}
    for row in _out(account):
        if row.conversation_id != one.conversation_id:
            continue
        if row.kind in SPOKEN_BY_BOT and since < row.created_at < until:
            yield Complaint(6, f"the bot wrote {_name(row)} while an advocate held the conversation")
        text = taken.get(row.message_id)
        left = text is not None and row.kind in SPOKEN_BY_BOT and since < text.at < until
        if left and not _was_on_its_way(account, text, row, since):
            yield Complaint(6, f"the bot's {_name(row)} left while an advocate held the conversation")
        if row.kind == "advocate" and since < row.created_at < until and row.staff_id != one.owner_id and one.owner_id:
            yield Complaint(6, f"{_name(row)} was written by an advocate who did not hold the conversation")


def silent(account: Account) -> Iterator[Complaint]:
    """7. No number and no word of anybody is written where it must not be."""
    for place, text in account.written.items():
        lower = text.lower()
        for secret in account.secrets:
            if secret.lower() in lower:
                yield Complaint(7, f"{place} holds {'a number' if secret.strip('+').isdigit() else 'words'}")


def ordered(account: Account) -> Iterator[Complaint]:
    """One person's texts of one kind leave in the order they were written; but what is about danger waits for none
    that has to be tried again."""
    first: dict[str, datetime] = {}
    for text in account.taken:
        first.setdefault(text.message_id, text.at)
    lanes = defaultdict(list)
    for row in _out(account):
        if row.message_id in first and not _twins(account, row):
            lanes[row.conversation_id, row.kind].append(row)
    for rows in lanes.values():
        for before, after in pairwise(sorted(rows, key=lambda row: row.seq)):
            overtakes = after.kind == "crisis" and before.attempts > 1
            if first[before.message_id] > first[after.message_id] and not overtakes:
                yield Complaint(BESIDES, f"{_name(after)} left before {_name(before)}")


def taken_in(account: Account) -> Iterator[Complaint]:
    """Every text of a phone is here in the end, whatever became of its webhooks. (That it is here once: promise 3.)"""
    ours = {row.provider_sid for row in account.rows if row.direction == "in"}
    for text in account.heard:
        if text.sid not in ours:
            yield Complaint(BESIDES, f"{text.sid} was never taken in, and its webhook never came")


def _out(account: Account) -> Iterator[Row]:
    return (row for row in account.rows if row.direction == "out")


def _name(row: Row) -> str:
    return f"{row.key or row.kind} #{row.seq} ({row.status}{f', {row.reason}' if row.reason else ''})"


def _last(taken: list[Taken], message_id: str) -> Taken:
    return [text for text in taken if text.message_id == message_id][-1]


def _twins(account: Account, row: Row) -> bool:
    """Is there another intent with the same words for the same number?"""
    return sum(other.number == row.number and other.body == row.body for other in _out(account)) > 1


def _was_on_its_way(account: Account, text: Taken, row: Row, since: datetime) -> bool:
    """It was decided, and committed as decided, that it leaves before this happened."""
    if account.exact_claims:
        return text.claimed_at is not None and text.claimed_at <= since
    return row.created_at <= since and text.at <= since + ON_ITS_WAY


def _withdrawn(account: Account) -> Iterator[tuple[str, datetime, datetime]]:
    """From when until when each number was stopped."""
    lines = defaultdict(list)
    for line in account.consents:
        lines[line.number].append(line)
    for number, log in lines.items():
        ends = [line.at for line in log[1:]] + [datetime.max.replace(tzinfo=log[-1].at.tzinfo)]
        for line, until in zip(log, ends, strict=True):
            if line.state == "withdrawn":
                yield number, line.at, until
