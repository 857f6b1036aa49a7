"""What do the flow files say, as values? Reads parsed TOML and gathers all that is wrong with it, not the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.conversation import LANGUAGES, Flag, Tier
from flows.parts import (
    DEEDS,
    NAMED_GUARDS,
    PLAIN_GUARDS,
    ROW_KEYS,
    STATE_KEYS,
    Fault,
    Guard,
    HandOffRule,
    Question,
    Row,
    State,
)
from flows.understanding import Expecting
from flows.understanding.reading import PARSERS

HANDOFF_KEYS = frozenset("tier urgent on off unplanned rest rest_off crisis".split())
QUESTION_KEYS = frozenset("name say slot parser options ask needs rows".split())
QUESTION_NEEDS = frozenset("name say slot parser ask".split())
LINE_KEYS = frozenset("always fallback instead promises states handoffs doors".split())
SCREEN_KEYS = frozenset("question rows".split())
PROMISE_WORDS = frozenset({"minutes", "shift", "soon"})


@dataclass(slots=True)
class Draft:
    """The values read so far, and the faults."""

    states: dict[str, State] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    always: list[Row] = field(default_factory=list)
    handoffs: dict[str, HandOffRule] = field(default_factory=dict)
    doors: dict[str, tuple[str, str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def read(cls, line: Mapping[str, Any], screen: Mapping[str, Any]) -> Draft:
        draft = cls()
        draft._unknown_keys(line, LINE_KEYS, "line.toml")
        draft._unknown_keys(screen, SCREEN_KEYS, "screen.toml")
        for name, raw in line.get("states", {}).items():
            draft._state(name, raw)
        shared = draft._rows(screen, "screen.toml:")
        for number, raw in enumerate(screen.get("question", [])):
            draft._question(raw, f"screen.toml:question[{number}]", shared)
        draft.always += draft._rows({"rows": line.get("always", [])}, "line.toml:", "always")
        for reason, raw in line.get("handoffs", {}).items():
            draft._handoff(reason, raw)
        for name, words in line.get("doors", {}).items():
            draft._door(name, words)
        for key, kind in line.get("promises", {}).items():
            if not (kind in PROMISE_WORDS or (isinstance(kind, int) and kind > 0)):
                draft.fault(f"line.toml:promises.{key}", f"unknown deadline {kind!r}",
                            "Write minutes, shift, soon, or a number of hours.")  # fmt: skip
        return draft

    def fault(self, where: str, what: str, do: str) -> None:
        self.faults.append(Fault(where, what, do))

    def _unknown_keys(self, raw: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        for key in sorted(set(raw) - set(known)):
            at = f"{where}.{key}" if ":" in where else f"{where}:{key}"
            self.fault(at, f"unknown key {key!r}", f"Take it out, or use one of: {', '.join(sorted(known))}.")

    def _rows(self, raw: Mapping[str, Any], where: str, key: str = "rows") -> list[Row]:
        at = where if where.endswith(":") else f"{where}."
        made = (self._row(row, f"{at}{key}[{n}]") for n, row in enumerate(raw.get("rows", [])))
        return [row for row in made if row is not None]

    def _row(self, raw: Mapping[str, Any], where: str) -> Row | None:
        self._unknown_keys(raw, ROW_KEYS, where)
        if "on" not in raw:
            self.fault(where, "a row needs 'on'", "Say what has to happen for it, for example on = \"yes\".")
            return None
        for deed in raw.get("do", []):
            if deed not in DEEDS:
                self.fault(f"{where}.do", f"unknown deed {deed!r}", f"Use one of: {', '.join(sorted(DEEDS))}.")
        if "flag" in raw and raw["flag"] not in set(Flag):
            self.fault(f"{where}.flag", f"unknown flag {raw['flag']!r}", f"Use one of: {', '.join(Flag)}.")
        return Row(
            on=raw["on"],
            guards=tuple(g for text in raw.get("if", []) if (g := self._guard(text, where)) is not None),
            say=tuple(raw.get("say", [])),
            to=raw.get("to"),
            handoff=raw.get("handoff"),
            tell=self._tier(raw, "tell", where),
            do=tuple(deed for deed in raw.get("do", []) if deed in DEEDS),
            mark=raw.get("mark"),
            flag=raw.get("flag"),
            skip=raw.get("skip", False),
            miss=raw.get("miss", False),
            resume=raw.get("resume"),
            where=where,
        )

    def _guard(self, raw: str, where: str) -> Guard | None:
        kind, _, argument = raw.removeprefix("not ").partition(":")
        known = NAMED_GUARDS if argument else PLAIN_GUARDS
        if kind not in known:
            self.fault(f"{where}.if", f"unknown condition {raw!r}", f"Use one of: {', '.join(sorted(known))}.")
            return None
        return Guard(kind, argument, not raw.startswith("not "))

    def _tier(self, raw: Mapping[str, Any], key: str, where: str) -> Tier | None:
        if key not in raw:
            return None
        if raw[key] not in set(Tier):
            self.fault(f"{where}.{key}", f"unknown tier {raw[key]!r}", f"Use one of: {', '.join(Tier)}.")
            return None
        return Tier(raw[key])

    def _expecting(self, name: str, raw: Mapping[str, Any], where: str) -> Expecting | None:
        if raw.get("parser") not in PARSERS:
            self.fault(f"{where}.parser", f"unknown parser {raw.get('parser')!r}", f"Use one of: {', '.join(PARSERS)}.")
            return None
        return Expecting(name, raw.get("slot", ""), raw["parser"], tuple(raw.get("options", [])))

    def _state(self, name: str, raw: Mapping[str, Any]) -> None:
        where = f"line.toml:states.{name}"
        self._unknown_keys(raw, STATE_KEYS, where)
        if "about" not in raw:
            self.fault(where, "a state needs 'about'", "Say in one line what it is for: reviewers read it.")
        self.states[name] = State(
            name=name,
            about=raw.get("about", ""),
            say=raw.get("say"),
            expects=self._expecting(name, raw["expects"], where) if "expects" in raw else None,
            rows=tuple(self._rows(raw, where)),
            interlude=raw.get("interlude", False),
            passing=raw.get("passing", False),
            check=raw.get("check", False),
            quiet=raw.get("quiet", False),
            as_unclear=frozenset(raw.get("as_unclear", ())),
            where=where,
        )

    def _question(self, raw: Mapping[str, Any], where: str, shared: Iterable[Row]) -> None:
        self._unknown_keys(raw, QUESTION_KEYS, where)
        missing = sorted(QUESTION_NEEDS - set(raw))
        for key in missing:
            self.fault(f"{where}.name", f"a question needs {key!r}", "The head of screen.toml says what each key is.")
        if missing:
            return
        if raw["ask"] not in ("always", "adaptive"):
            self.fault(f"{where}.ask", "ask must be 'always' or 'adaptive'", "Choose one of the two.")
        name = raw["name"]
        rows = (*self._rows(raw, where), *shared)
        about = "A question of the screen."
        self.states[name] = State(name, about, raw["say"], self._expecting(name, raw, where), rows, where=where)
        self.questions.append(Question(name, raw["slot"], raw["ask"] == "adaptive", raw.get("needs"), where))

    def _door(self, name: str, words: Any) -> None:
        where = f"line.toml:doors.{name}"
        if not isinstance(words, Mapping) or set(words) != set(LANGUAGES) or not all(words.values()):
            self.fault(where, "a door needs a word in every language", "Write { en = [\"...\"], es = [\"...\"] }.")
            return
        for language in LANGUAGES:
            for word in words[language]:
                if word != word.strip().casefold() or word in self.doors:
                    self.fault(where, f"{word!r} cannot be a door's word",
                               "Write it in small letters, and give it to one door only.")  # fmt: skip
                self.doors[word] = name, language

    def _handoff(self, reason: str, raw: Mapping[str, Any]) -> None:
        where = f"line.toml:handoffs.{reason}"
        self._unknown_keys(raw, HANDOFF_KEYS, where)
        if missing := sorted({"tier", "on", "off"} - set(raw)):
            self.fault(where, f"a hand-off needs {missing[0]!r}",
                       "Say how soon, and what is said with and without staff.")  # fmt: skip
            return
        tier = self._tier(raw, "tier", where) or Tier.P0
        self.handoffs[reason] = HandOffRule(
            reason=reason,
            tier=tier,
            urgent=self._tier(raw, "urgent", where) or tier,
            on=tuple(raw["on"]),
            off=tuple(raw["off"]),
            unplanned=tuple(raw.get("unplanned", raw["off"])),
            rest=raw.get("rest"),
            rest_off=raw.get("rest_off", raw.get("rest")),
            crisis=raw.get("crisis", False),
        )
