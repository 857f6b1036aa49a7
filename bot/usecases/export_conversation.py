"""How did a conversation go, written down so that nobody can be told from it? A transcript for `flows replay`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from bot.store import conversations, handoffs, people
from bot.store.db import Database, Tx
from bot.store.messages import messages
from flows.conversation import Conversation
from flows.masking import Masks
from flows.script import Script
from flows.transcript import GAP_MINUTES, turns


@dataclass(frozen=True, slots=True)
class _Happened:
    """One thing in the thread: a text either way, or an advocate who took or gave back the conversation."""

    at: datetime
    order: int
    line: str
    key: str = ""
    inbound: bool = False


def export_conversation(database: Database, script: Script, number: str) -> str | None:
    """The latest conversation with this E.164 number; None when nobody has it."""
    with database.reading() as tx:
        person = people.find(tx, number)
        if person is None:
            return None
        c = conversations.conversations.c
        query = select(c.conversation_id).where(c.person_id == person.person_id).order_by(c.opened_at.desc())
        conversation_id = tx.conn.execute(query.limit(1)).scalar()
        if conversation_id is None:
            return None
        happened = sorted(_thread(tx, conversation_id), key=lambda one: (one.at, one.order))
    return "\n".join(_masked(list(_world(happened, script)), script)) + "\n"


def _thread(tx: Tx, conversation_id: str) -> Iterator[_Happened]:
    m, h = messages.c, handoffs.handoffs.c
    for row in tx.conn.execute(select(messages).where(m.conversation_id == conversation_id).order_by(m.seq)):
        if row.direction == "in":
            text = " ".join(tx.keys.open("messages.body", row.message_id, row.body).split())
            yield _Happened(row.created_at, row.seq, f"> {text}" if text or not row.media else "@ picture", "", True)
        elif row.kind == "campaign":
            yield _Happened(row.created_at, row.seq, f"@ invited {row.key}")
        elif row.key is None:
            yield _Happened(row.created_at, row.seq, "# an advocate wrote")
        else:
            language = "" if row.language == "en" else f" {row.language}"
            yield _Happened(row.created_at, row.seq, f"< {row.key}{language}", row.key)
    ended = select(h.claimed_at, h.closed_at, h.outcome).where(h.conversation_id == conversation_id)
    for claimed_at, closed_at, outcome in tx.conn.execute(ended):
        if claimed_at is not None:
            yield _Happened(claimed_at, 0, "@ claimed")
        if closed_at is not None and claimed_at is not None:
            yield _Happened(closed_at, 0, f"@ finished {outcome}")


def _world(happened: list[_Happened], script: Script) -> Iterator[str]:
    """The lines with what the shell must have answered, as far as the texts show it: who was there, what was found."""
    alone = {key for rule in script.handoffs.values() for key in (*rule.off, *rule.unplanned)}
    there = {key for rule in script.handoffs.values() for key in rule.on} - alone
    asked = {state.say: state.expects.slot for state in script.states.values() if state.say and state.expects}
    adaptive = [asked[one.key] for one in happened if one.key in asked
                and any(q.adaptive and q.slot == asked[one.key] for q in script.questions)]  # fmt: skip
    yield f"# lang {_language(happened)}"
    if adaptive:
        yield f"# undecided {','.join(dict.fromkeys(adaptive))}"
    last: datetime | None = None
    for at, one in enumerate(happened):
        if one.inbound:
            if last is not None and (minutes := int((one.at - last).total_seconds() // 60)) >= GAP_MINUTES:
                yield f"~ {minutes} minutes"
            yield from _answers([later.key for later in _until_next(happened[at + 1 :])], alone, there)
        last = one.at
        yield one.line


def _until_next(later: list[_Happened]) -> Iterator[_Happened]:
    for one in later:
        if one.inbound:
            return
        yield one


def _answers(keys: list[str], alone: set[str], there: set[str]) -> Iterator[str]:
    said = set(keys)
    if said & alone:
        yield "# off"
        yield "# when at 8 am Monday" if said & {"H3", "H3B", "OL1"} else "# when "
    elif said & there:
        yield "# on"
    if "M0" in said:
        yield "# found 0"
    elif said & {"M1", "M2"}:
        yield "# found 2"
    elif "M2S" in said:
        yield "# found 1"


def _language(happened: list[_Happened]) -> str:
    """What the thread began in: the first text of ours says it."""
    first = next((one.line for one in happened if one.key), "")
    return "es" if first.endswith(" es") else "en"


def _masked(lines: list[str], script: Script) -> Iterator[str]:
    """Each text of theirs masked in the state it was read in: the transcript is played along."""
    masks, conversation = Masks(script), Conversation()
    for world, played in turns("\n".join(line for line in lines if line[:1] != "<"), script):
        line = played[0]
        while lines and lines[0].startswith("<"):
            yield lines.pop(0)
        lines.pop(0)
        if line.startswith("> "):
            line = f"> {masks.mask(line[2:], replace(conversation, suppressed=False))}"
        conversation = world.conversation
        yield line
    yield from lines
