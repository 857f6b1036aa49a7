"""What does an event do to a conversation? step(conversation, event, script) -> Turn. The one importer of transitions.

One flat machine a script, shared by every turn; a turn triggers its events on a throwaway cursor that is never
registered (about 10 µs; a machine a turn costs fifty to five hundred times that, `reference/stack.md` 4.1). The
machine decides which row applies; the rows' effects are carried out here, on the cursor, in plain sight.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, assert_never

from transitions import EventData, Machine

from flows.actions import Close, HandOff, Release, Restore, Say, TellAdvocates, Withdraw
from flows.conversation import Conversation, Flag, Holder, Tier, Turn
from flows.cursor import Cursor
from flows.events import (
    AdvocateClaimed,
    AdvocateFinished,
    AdvocateLeft,
    Event,
    HandOffOpened,
    Hello,
    HoldAnswered,
    Invited,
    MessageReceived,
    OpeningsFound,
    PromiseLate,
)
from flows.guards import holds
from flows.hand import changed, hand_of, remember
from flows.script import ENGINE_EVENTS, MESSAGE_EVENTS, Guard, Row, Script
from flows.understanding import Intent, Reading, read

HEARD_AT_ONCE = frozenset({"suicide", "medical", "danger", "minor", "later", "third_party", "maybe_stop"})
"""After a silence only the neutral check is said first; but these are heard before it."""

BEFORE_ANYTHING = frozenset({"idle", "invited"})
"""Nothing was said yet that somebody else might answer."""

HEARD_WITHOUT_A_CODE_WORD = HEARD_AT_ONCE | {"human", "help", "erase"}
"""And these too, unless the person chose a word by which we know that it is them."""

_BEFORE_THE_WORD = HEARD_WITHOUT_A_CODE_WORD | {"no", "skip", "who", "hostile"}
"""What is answered at the beginning even of somebody who chose a code word: a way out, and what betrays nothing."""

_CRISIS = frozenset({Intent.SUICIDE, Intent.MEDICAL, Intent.DANGER, Intent.MINOR})


class EngineError(RuntimeError):
    """No row took an event: a fault in the script that the linter should have caught."""


def step(conversation: Conversation, event: Event, script: Script) -> Turn:
    """Apply one event. Total and deterministic; the given conversation is not changed."""
    cursor = Cursor(conversation, event, script)
    match event:
        case MessageReceived():
            _message(cursor, event)
        case Invited():
            cursor.invite(event.key)
        case OpeningsFound():
            cursor.keep_found(event)
            _fire(cursor, "found")
        case HandOffOpened():
            _handed(cursor, event)
        case PromiseLate():
            _unless_held(cursor, "late")
        case Hello():
            _unless_held(cursor, "hello")
        case HoldAnswered():
            _unless_held(cursor, f"hold_{event.state}")
        case AdvocateClaimed():
            cursor.held_by = Holder.ADVOCATE
        case AdvocateLeft():
            cursor.held_by = Holder.BOT
        case AdvocateFinished():
            cursor.held_by = Holder.BOT
            _finished(cursor)
        case _:
            assert_never(event)
    return cursor.turn()


def understand(conversation: Conversation, text: str, script: Script) -> Reading:
    """The reading a turn would make of this text now."""
    return read(
        text,
        expecting=script.expecting(conversation.state),
        language=conversation.language,
        lexicon=script.lexicon,
        safe_now=conversation.safe_now,
    )


def _message(cursor: Cursor, event: MessageReceived) -> None:
    before = cursor.before
    cursor.reading = reading = understand(before, event.text, cursor.script)
    if reading.language:
        cursor.language = reading.language
    for flag in reading.flags:
        cursor.flag(flag)
    # STOP is not a row: nothing in a flow file may ever stand before it.
    if event.opt_out == "STOP" or reading.intent in (Intent.STOP, Intent.STOP_SILENT, Intent.WRONG_NUMBER):
        _stop(cursor, reading.intent, answered=event.opt_out == "STOP")
    elif before.suppressed and _comes_back(event, reading.intent):
        _start(cursor, answered=event.opt_out == "START")
    elif before.suppressed:
        _from_a_stopped_number(cursor, reading.intent)
    elif before.held_by is Holder.ADVOCATE:
        _while_held(cursor, reading.intent)
        if _is_duress_word(cursor, event.text):
            cursor.flag(Flag.UNSAFE)
            cursor.add(TellAdvocates(Tier.P0, "duress"))
    else:
        _talk(cursor, event)


def _talk(cursor: Cursor, event: MessageReceived) -> None:
    """The bot's own turn: which event of the table is this text?"""
    reading = cursor.reading
    trigger = reading.intent.value if reading.intent is not Intent.START else "unclear"
    if event.media and not event.text.strip():
        trigger = "picture"
    elif cursor.state == "idle" and (door := cursor.script.doors.get(event.text.strip().casefold())):
        cursor.door, cursor.language = door
        trigger = "door"
    if _is_duress_word(cursor, event.text):
        # Told at once, in silence; what is said is what a wrong word would have been answered with.
        cursor.flag(Flag.UNSAFE)
        cursor.add(TellAdvocates(Tier.P0, "duress"))
        trigger = "duress"
    heard = HEARD_AT_ONCE if "code_word" in cursor.answers else HEARD_WITHOUT_A_CODE_WORD
    if event.overtaken and trigger not in heard:
        return  # kept and shown: it cannot be an answer to what was said after it was written
    if trigger not in HEARD_WITHOUT_A_CODE_WORD and _in_another_hand(cursor, event.text):
        cursor.flag(Flag.THIRD_PARTY)
        _fire(cursor, "changed")
        return
    unasked = event.late and trigger not in heard and cursor.state not in BEFORE_ANYTHING
    if unasked or _begins_with_a_word(cursor, trigger) or (event.gap and _must_check_first(cursor, trigger)):
        # Whoever holds the phone now may not be who wrote before; nothing they say is taken as an answer yet.
        cursor.safe_now = False
        if cursor.state == "safe_now":
            cursor.say("R1")  # that very question is open: it is put once more, in other words
        else:
            _fire(cursor, "gap")
        return
    if _was_asked_otherwise(cursor, trigger):
        _fire(cursor, "gap")
        return
    cursor.take_answers()
    _fire(cursor, trigger)
    if event.opt_out == "HELP":
        cursor.drop("HP1", "HP1_OFF")  # the carrier has answered already


def _in_another_hand(cursor: Cursor, text: str) -> bool:
    """Somebody else seems to type (flows/hand.py). Whoever it is, what is compared with begins anew."""
    reading, lexicon = cursor.reading, cursor.script.lexicon
    if reading.intent is Intent.LANGUAGE:
        cursor.hand = ()  # they said that they change it
        return False
    hand = hand_of(text, reading.language, lexicon.shortened)
    if hand is None:
        return False
    another = bool(changed(cursor.hand, hand))
    cursor.hand = remember(() if another else cursor.hand, hand)
    return another


def _begins_with_a_word(cursor: Cursor, trigger: str) -> bool:
    """They chose a code word in an earlier conversation: a new one begins with it, unless they decline or ask who we
    are, which betrays nothing."""
    return cursor.state in BEFORE_ANYTHING and "code_word" in cursor.answers and trigger not in _BEFORE_THE_WORD


def _must_check_first(cursor: Cursor, trigger: str) -> bool:
    """After a silence only the neutral check is said; a safety word, or the answer to a check, is heard before it."""
    heard = HEARD_AT_ONCE if "code_word" in cursor.answers else HEARD_WITHOUT_A_CODE_WORD
    if trigger in heard or cursor.state in BEFORE_ANYTHING:
        return False
    state = cursor.script.states[cursor.state]
    return not (state.check and (trigger in state.as_unclear or any(row.on == trigger for row in state.rows)))


def _was_asked_otherwise(cursor: Cursor, trigger: str) -> bool:
    """The script changed while they thought: a number would be read as another answer than the one they saw."""
    asked, now = cursor.asked, cursor.script.stamps.get(cursor.state)
    return asked is not None and asked != now and trigger not in HEARD_WITHOUT_A_CODE_WORD


def _is_duress_word(cursor: Cursor, text: str) -> bool:
    word = cursor.answers.get("duress_word")
    return word is not None and "".join(cursor.script.lexicon.hear(text).plain) == word


def _stop(cursor: Cursor, intent: Intent, *, answered: bool) -> None:
    """In force before the webhook returns; at most one confirmation, ever (47 CFR 64.1200(a)(12))."""
    already = cursor.before.suppressed
    cursor.because("engine.py:STOP is looked at before any row")
    if not already:
        cursor.add(Withdraw("carrier" if answered else intent.value))
        if not answered and intent is not Intent.STOP_SILENT:
            key = "N1" if intent is Intent.WRONG_NUMBER else "X1"
            cursor.add(Say(key, cursor.language, {}, confirmation=True))
            cursor.last_key = f"{key}:{cursor.language}"
    if intent is Intent.STOP_SILENT:
        cursor.flag(Flag.UNSAFE)
        cursor.add(TellAdvocates(Tier.P1, "stop_silent"))
    elif Flag.MINOR in cursor.flags and not already:
        cursor.add(TellAdvocates(Tier.P1, "minor"))
    elif cursor.before.held_by is Holder.ADVOCATE and not already:
        cursor.add(TellAdvocates(Tier.P1, "stopped"))
    cursor.suppressed = True
    cursor.state = "stopped"
    cursor.safe_now = False


def _comes_back(event: MessageReceived, intent: Intent) -> bool:
    """START, and nothing else: the carrier takes a YES for one too, which here answers the screen (R-S8, R-S10). One
    that was written before the STOP, and was only held up, lifts nothing."""
    if event.overtaken:
        return False
    return intent is Intent.START or (event.opt_out == "START" and intent is not Intent.YES)


def _start(cursor: Cursor, *, answered: bool) -> None:
    """The only way back: their own START, with the text as its proof."""
    cursor.because("engine.py:START is looked at before any row")
    cursor.suppressed = False
    cursor.state = "safe_now"
    cursor.safe_now = False
    cursor.add(Restore())
    if not answered:
        cursor.say("X2")


def _from_a_stopped_number(cursor: Cursor, intent: Intent) -> None:
    """Nothing may leave for them, but a call for help reaches an advocate at once and nothing is dropped."""
    cursor.because("engine.py:STOP is in force, and nothing is said")
    cursor.state = "stopped"
    if intent in _CRISIS:
        cursor.flag(Flag(intent.value))
        cursor.add(TellAdvocates(Tier.P0, "stopped_asks_help"))
    elif intent in (Intent.HELP, Intent.HUMAN, Intent.DISCLOSURE):
        cursor.add(TellAdvocates(Tier.P0, "stopped_asks_help"))
    elif intent is not Intent.HOSTILE:
        cursor.add(TellAdvocates(Tier.P2, "stopped_wrote"))


def _while_held(cursor: Cursor, intent: Intent) -> None:
    """An advocate holds it: the bot is silent. Danger makes the queue louder, and consent taken back is in force."""
    cursor.because("engine.py:an advocate holds it, and the bot is silent")
    if intent in _CRISIS:
        cursor.flag(Flag(intent.value))
        cursor.add(TellAdvocates(Tier.P0, intent.value))
    elif intent is Intent.UNSHARE:
        cursor.add(Release(given=False))


def _finished(cursor: Cursor) -> None:
    """Given back; but to somebody who said STOP meanwhile nothing is said, whatever the outcome."""
    if cursor.suppressed:
        cursor.state = "stopped"
        cursor.add(Close())
    else:
        _fire(cursor, "finished")


def _unless_held(cursor: Cursor, trigger: str) -> None:
    if cursor.before.held_by is not Holder.ADVOCATE and not cursor.suppressed:
        _fire(cursor, trigger)


def _handed(cursor: Cursor, event: HandOffOpened) -> None:
    """A hand-off stands now: say what is true of it, and rest where its rule says."""
    rule = cursor.script.handoffs[event.reason]
    if cursor.suppressed:
        return
    texts = rule.on if event.on_shift else rule.off if event.when else rule.unplanned
    rest = rule.rest if event.on_shift else rule.rest_off
    if texts and cursor.said_last(texts[-1]):
        again = cursor.script.handoffs["again"]
        texts = again.on if event.on_shift else again.off if event.when else again.unplanned
    for key in texts:
        cursor.say(key, crisis=rule.crisis)
    if rest is not None:
        _go(cursor, rest, enter=False)


def _fire(cursor: Cursor, trigger: str) -> None:
    """Let the machine choose the row, carry it out, and pass through the states that are never rested in."""
    _trigger(cursor, trigger)
    row = cursor.row
    cursor.carry_out(row)
    if row.do and "withdraw" in row.do:
        _stop(cursor, Intent.STOP, answered=False)
        return
    if row.to is not None:
        _go(cursor, cursor.before.state if row.to == "=" else row.to, enter=True)
    if row.handoff is not None:
        _to_a_person(cursor, row.handoff)


def _to_a_person(cursor: Cursor, reason: str) -> None:
    rule = cursor.script.handoffs[reason]
    cursor.add(HandOff(rule.urgent if cursor.is_urgent() else rule.tier, reason))


def _go(cursor: Cursor, place: str, *, enter: bool) -> None:
    """Arrive at a state and say its text; from a passing state go on at once."""
    came_from = cursor.script.states.get(cursor.before.state)
    cursor.state = place
    target = cursor.script.states[place]
    if target.interlude and came_from is not None and not came_from.interlude and "back_to_screen" not in cursor.row.do:
        cursor.resume = came_from.name
    if target.quiet:
        cursor.safe_now = False
    if place == "screen" and cursor.may_be_a_minor():
        _to_a_person(cursor, "minor") if "limits" in cursor.marks else _go(cursor, "limits", enter=True)
    elif place == "screen":
        _trigger(cursor, "advance")
        if cursor.state == "searching":
            cursor.find_openings()
        else:
            cursor.enter(cursor.state)
    elif place == "returning":
        _trigger(cursor, "return")
        _go(cursor, cursor.state, enter=True) if cursor.state == "screen" else cursor.come_back()
    elif enter:
        cursor.enter(place)


def _trigger(cursor: Cursor, name: str) -> None:
    # The cursor is never registered with the machine: nothing is kept alive, nothing is bound to it.
    if not machine_of(cursor.script).events[name].trigger(cursor):
        raise EngineError(f"no row takes {name!r} in state {cursor.state!r}")


@lru_cache(maxsize=16)
def machine_of(script: Script) -> Machine:
    """The script's machine, built once. Flat, not queued, no automatic transitions, no model (`stack.md` 4)."""
    table = [*_table_rows(script), *_advance_rows(script), *_return_rows(script)]
    return Machine(
        model=None,
        states=list(script.states),
        transitions=table,
        initial="idle",
        auto_transitions=False,
        send_event=True,
        queued=False,
        ignore_invalid_triggers=False,
    )


def _table_rows(script: Script) -> list[dict[str, Any]]:
    return [
        {
            "trigger": event,
            "source": state,
            "dest": None,
            "conditions": _conditions(row),
            "before": partial(_chose, row),
        }
        for (state, event), rows in script.rows.items()
        for row in rows
    ]


def _conditions(row: Row) -> list[Callable[[EventData], bool]]:
    return [partial(_holds, guard) for guard in row.guards]


def _holds(guard: Guard, data: EventData) -> bool:
    return holds(guard, data.model)


def _chose(row: Row, data: EventData) -> None:
    data.model.row = row


def _advance_rows(script: Script) -> list[dict[str, Any]]:
    """From `screen`: the limits of privacy before what needs them, the first open question, or the search."""
    rows = []
    for question in script.questions:
        if question.adaptive:
            continue
        asked = Guard("has", question.slot, wanted=False)
        if question.needs:
            untold = Guard("mark", question.needs, wanted=False)
            rows.append(_pass("advance", "screen", question.needs, [asked, untold]))
        rows.append(_pass("advance", "screen", question.name, [asked]))
    return [*rows, _pass("advance", "screen", "searching", [])]


def _return_rows(script: Script) -> list[dict[str, Any]]:
    """From `returning`: where the person was; before the machine notice, that notice."""
    early = {"idle", "invited", "safe_now", "stopped"}
    rows = [
        _pass("return", "returning", "safe_now" if state.name in early else state.name, [Guard("resume", state.name)])
        for state in script.states.values()
        if not state.interlude and state.name not in ("returning", "searching")
    ]
    rows.append(_pass("return", "returning", "screen", [Guard("safe_now")]))
    return [*rows, _pass("return", "returning", "safe_now", [])]


def _pass(trigger: str, source: str, dest: str, guards: list[Guard]) -> dict[str, Any]:
    return {"trigger": trigger, "source": source, "dest": dest, "conditions": [partial(_holds, g) for g in guards]}


def diagram(script: Script) -> str:
    """Mermaid of the states and what leads from one to another; what holds in every state is a note."""
    edges: dict[tuple[str, str], list[str]] = {}
    for state in script.states.values():
        for row in state.rows:
            places = [row.to] if row.to else [script.handoffs[row.handoff].rest] if row.handoff else []
            for place in places:
                if place and place != "=":
                    edges.setdefault((state.name, place), []).append(row.on)
    for row in _advance_rows(script):
        edges.setdefault((row["source"], row["dest"]), []).append("next")
    for row in script.rows["searching", "found"]:
        edges.setdefault(("searching", row.to or ""), []).append("found")
    lines = ["stateDiagram-v2", "    [*] --> idle"]
    lines += [f"    {a} --> {b}: {', '.join(dict.fromkeys(on))}" for (a, b), on in edges.items()]
    always = sorted({row.on for row in script.always if row.on in MESSAGE_EVENTS})
    lines += ["    note right of idle", f"        in every state: stop, start, {', '.join(always)}", "    end note"]
    return "\n".join(lines) + "\n"


def triggers() -> tuple[str, ...]:
    """Every event of the table, for tests that walk it."""
    return (*MESSAGE_EVENTS, *ENGINE_EVENTS)
