"""What is a turn's working copy? Opened from a frozen conversation, moved by the machine, closed into a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.actions import (
    Action,
    Close,
    CodeWord,
    DuressWord,
    EraseRequested,
    FindOpenings,
    HandOff,
    Release,
    SafeHours,
    Say,
    TellAdvocates,
)
from flows.conversation import Conversation, Flag, Tier, Turn
from flows.events import Event, OpeningsFound
from flows.script import Row, Script
from flows.understanding import Intent, Reading
from flows.versions import moved
from flows.wording import widest

_NOTHING = Reading(Intent.UNCLEAR)
MISSED = "R2"
"""Said instead of a text that was the last one said, where a flow file names no other."""
_NEVER_AN_ANSWER = ("area_guess", "language", "code_word", "safe_hours", "way", "lapsed", "follow_up", "feedback")
_ONLY_AN_EVENT_KNOWS = frozenset({"NAME", "MIN", "WHEN", "H"})
"""Placeholders of which nothing is true later on: an hour that was left, who would write, and when."""
"""Slots that are acted on, not kept among what the person said they need."""


class Cursor:
    """Mutable for one step only. `state` is the attribute the machine moves."""

    def __init__(self, conversation: Conversation, event: Event, script: Script) -> None:
        conversation = moved(conversation, script.moves, script.states)
        self.before = conversation
        self.event = event
        self.script = script
        self.state = conversation.state
        self.held_by = conversation.held_by
        self.language = conversation.language
        self.answers: dict[str, Any] = dict(conversation.answers)
        self.flags = list(conversation.flags)
        self.marks = list(conversation.marks)
        self.found: dict[str, Any] = dict(conversation.found)
        self.misses = conversation.misses
        self.last_key = conversation.last_key
        self.resume = conversation.resume
        self.asked = conversation.asked
        self.safe_now = conversation.safe_now
        self.hand = conversation.hand
        self.suppressed = conversation.suppressed
        self.reading = _NOTHING
        self.undecided: frozenset[str] = frozenset()
        self.row = Row("")
        self.door = ""
        """Of a first text that is a door's word alone: which door."""
        self._actions: list[Action] = []
        self._rows: list[str] = []

    @property
    def options(self) -> Sequence[Any]:
        return self.found.get("options", ())

    def turn(self) -> Turn:
        after = Conversation(
            state=self.state,
            turn=self.before.turn + 1,
            language=self.language,
            held_by=self.held_by,
            answers=self.answers,
            flags=tuple(self.flags),
            misses=self.misses,
            last_key=self.last_key,
            marks=tuple(self.marks),
            found=self.found,
            resume=self.resume,
            asked=self.script.stamps.get(self.state),
            hand=self.hand,
            safe_now=self.safe_now,
            suppressed=self.suppressed,
        )
        return Turn(after, tuple(self._actions), tuple(self._rows))

    def because(self, where: str) -> None:
        """What decided, when it was no row of the table."""
        self._rows.append(where)

    def add(self, action: Action) -> None:
        self._actions.append(action)

    def drop(self, *keys: str) -> None:
        self._actions = [a for a in self._actions if not (isinstance(a, Say) and a.key in keys)]

    def flag(self, flag: str) -> None:
        if flag not in self.flags:
            self.flags.append(Flag(flag).value)

    def invite(self, key: str) -> None:
        self.state = "invited"
        self.marks = [*(m for m in self.marks if m != "outreach"), "outreach"]
        self.last_key = f"{key}:{self.language}"

    def take_answers(self) -> None:
        """Keep every slot the text filled, whatever was asked."""
        for slot, value in self.reading.answers.items():
            if slot not in _NEVER_AN_ANSWER:
                self.answers[slot] = value
        if self.reading.other_language:
            self.found["other_language"] = self.reading.other_language
        if "area_guess" in self.reading.answers:
            self.found["area_guess"] = self.reading.answers["area_guess"]

    def keep_found(self, event: OpeningsFound) -> None:
        self.undecided = event.undecided
        options = [{"program_id": o.program_id, "traits": list(o.traits)} for o in event.options]
        self.found = {"count": event.count, "age_minutes": event.age_minutes, "options": options}

    def find_openings(self) -> None:
        self.add(FindOpenings(dict(self.answers)))

    def may_be_a_minor(self) -> bool:
        """Said so, or showed signs of it and never told an age: adult openings are not for them (E14)."""
        age = self.answers.get("age")
        return age == "under18" or (Flag.MINOR in self.flags and age not in ("18-24", "25up"))

    def told(self) -> str | None:
        """What they told us, for one text; empty when nothing, None when a person has to read it to them."""
        return self.script.wording.told(self.answers, self.language)

    def is_urgent(self) -> bool:
        return self.answers.get("urgency") in ("now", "tonight")

    def said_last(self, key: str) -> bool:
        return self.last_key == f"{key}:{self.language}"

    def say(self, key: str, *, crisis: bool = False) -> None:
        """Say a text, unless it was the last one said: then what stands for it in `[instead]` (T-10)."""
        if self.said_last(key):
            key = self.script.instead.get(key, MISSED)
        self.last_key = f"{key}:{self.language}"
        self.add(Say(key, self.language, self._fields(key), crisis=crisis))

    def enter(self, place: str) -> None:
        say = self.script.states[place].say
        if say is None:
            return
        if any(self._field(name) in (None, "", 0) for name in self.script.needs[say] & _ONLY_AN_EVENT_KNOWS):
            self.add(HandOff(Tier.P2, "again"))  # "saved for {H} hr" was true then: now only the wait is
        else:
            self.say(say)

    def come_back(self) -> None:
        """Back from an interlude: the state's own text again, or, while they wait for a person, the true time."""
        if self.script.states[self.state].say is not None:
            self.enter(self.state)
        else:
            self.add(HandOff(Tier.P2, "again"))

    def carry_out(self, row: Row) -> None:
        self._rows.append(row.where)
        self.misses = self.misses + 1 if row.miss else 0
        if row.mark and row.mark not in self.marks:
            self.marks.append(row.mark)
        if row.flag:
            self.flag(row.flag)
        if row.skip:
            expecting = self.script.expecting(self.before.state)
            if expecting and expecting.slot:
                self.answers[expecting.slot] = "skipped"
        for deed in row.do:
            self._do(deed)
        for key in row.say:
            self.say(key)
        if row.resume:
            self.resume = row.resume
        if row.tell is not None:
            self.add(TellAdvocates(row.tell, row.flag or row.on))

    def _do(self, deed: str) -> None:
        given = self.reading.answers
        match deed:
            case "safe":
                self.safe_now = True
            case "forget":
                self.answers = {}
            case "take_guess":
                self.answers["area"] = self.found.pop("area_guess", "skipped")
            case "drop_guess":
                self.found.pop("area_guess", None)
                self.answers.pop("area", None)
            case "back_to_screen":
                self.resume = "screen"
            case "choose":
                self.answers["choice"] = self.reading.option or "BOTH"
            case "release":
                self.add(Release(given=True))
            case "unshare":
                self.add(Release(given=False))
            case "safe_hours":
                chosen = [w for w in _listed(given.get("safe_hours")) if w != "only_after"]
                self.add(SafeHours(tuple(chosen)))
            case "code_word":
                self.answers["code_word"] = given["code_word"]
                self.add(CodeWord(str(given["code_word"])))
            case "duress_word":
                self.answers["duress_word"] = given["code_word"]
                self.add(DuressWord(str(given["code_word"])))
            case "erase":
                self.add(EraseRequested())
                self.add(TellAdvocates(Tier.P2, "erase"))
            case "close":
                self.add(Close())
            case "withdraw":
                pass  # carried out by the engine, which alone may touch consent
            case _:
                raise ValueError(deed)

    def _fields(self, key: str) -> dict[str, str | int]:
        """What the text's placeholders are filled with, from what is known now. BRAND is the shell's."""
        return {name: value for name in self.script.needs[key] if (value := self._field(name)) is not None}

    def _field(self, name: str) -> str | int | None:
        words, event = self.script.wording, self.event
        match name:
            case "WHO":
                return words.who(self.answers, self.language)
            case "TOLD":
                return self.told()
            case "LANG":
                return self.reading.other_language or self.found.get("other_language")
            case "AREA":
                place = str(self.found["area_guess"]["place"])
                return place if self.language == "en" else place.removesuffix(" area")
            case "N":
                return int(self.found["count"])
            case "AGE":
                return words.age(int(self.found["age_minutes"]), self.language)
            case "OPTA" | "OPTB":
                option = self.options[1 if name == "OPTB" else 0]
                return words.traits(option["traits"], self.language, len(widest(name, self.language)))
            case "NAME":
                return getattr(event, "advocate", "")
            case "MIN":
                return getattr(event, "minutes", 0)
            case "WHEN":
                return getattr(event, "when", "")
            case "H":
                return getattr(event, "hours", 0)
            case _:
                return None


def _listed(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []
