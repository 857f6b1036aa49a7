"""What did the person mean by this text? The one function the engine calls, and the order in which meanings win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows.conversation import Flag
from flows.understanding.age import age_of
from flows.understanding.fold import is_sign
from flows.understanding.lexicon import Found, Heard, Lexicon
from flows.understanding.options import among, bare_numbers, letter, numbered, repeated, worded
from flows.understanding.reading import Cause, Expecting, Intent, Reading
from flows.understanding.slots import fill
from flows.understanding.speech import other_language, own_language, strange

RANK: Mapping[Intent, int] = {intent: rank for rank, intent in enumerate(Intent)}

MEANINGS: Mapping[str, tuple[Intent, tuple[Flag, ...]]] = {
    "suicide": (Intent.SUICIDE, (Flag.SUICIDE,)),
    "self_harm": (Intent.SUICIDE, (Flag.SUICIDE,)),
    "overdose": (Intent.MEDICAL, (Flag.MEDICAL, Flag.SUICIDE)),
    "medical": (Intent.MEDICAL, (Flag.MEDICAL,)),
    "danger": (Intent.DANGER, (Flag.DANGER,)),
    "stop_silent": (Intent.STOP_SILENT, (Flag.UNSAFE,)),
    "stop": (Intent.STOP, ()),
    "start": (Intent.START, ()),
    "wrong_number": (Intent.WRONG_NUMBER, ()),
    "minor": (Intent.MINOR, (Flag.MINOR,)),
    "make_it_stop": (Intent.MAYBE_STOP, (Flag.HUMAN,)),
    "maybe_stop": (Intent.MAYBE_STOP, ()),
    "human": (Intent.HUMAN, (Flag.HUMAN,)),
    "runaway": (Intent.HUMAN, (Flag.HUMAN,)),
    "help": (Intent.HELP, (Flag.HUMAN,)),
    "third_party": (Intent.THIRD_PARTY, (Flag.THIRD_PARTY,)),
    "erase": (Intent.ERASE, ()),
    "known": (Intent.KNOWN, ()),
    "new_word": (Intent.NEW_WORD, ()),
    "unshare": (Intent.UNSHARE, ()),
    "later": (Intent.LATER, ()),
    "unsafe": (Intent.LATER, (Flag.UNSAFE,)),
    "bot": (Intent.BOT, ()),
    "police": (Intent.POLICE, ()),
    "immigration": (Intent.POLICE, ()),
    "who": (Intent.WHO, ()),
    "cost": (Intent.COST, ()),
    "control": (Intent.DISCLOSURE, (Flag.CONTROL,)),
    "labour": (Intent.DISCLOSURE, (Flag.LABOUR,)),
    "service_harm": (Intent.DISCLOSURE, (Flag.HUMAN,)),
    "grief": (Intent.DISCLOSURE, (Flag.HUMAN,)),
    "distress": (Intent.DISCLOSURE, (Flag.HUMAN,)),
    "yes": (Intent.YES, ()),
    "no": (Intent.NO, ()),
    "skip": (Intent.SKIP, ()),
    "delete_what": (Intent.DELETE_WHAT, ()),
    "lost": (Intent.LOST, ()),
    "thanks": (Intent.THANKS, ()),
    "hostile": (Intent.HOSTILE, ()),
}
"""What a hit in each section means. `means`, `hint`, `booking`, `where_is_it` and `unclear` depend on more."""

_DISTRESS = frozenset({"distress", "grief"})
"""Sections beside which a `hint` ("goodbye", "forever") is more than a word; one word is never both."""
BY_INTENT = {Intent.YES: "yes", Intent.NO: "no", Intent.LATER: "not_now", Intent.HUMAN: "person", Intent.SKIP: "skip"}
BY_OPTION = {
    "yes": Intent.YES, "no": Intent.NO, "not_now": Intent.LATER, "later": Intent.LATER, "person": Intent.HUMAN,
    "skip": Intent.SKIP,
}  # fmt: skip
ASKED_WINS = RANK[Intent.HUMAN]
"""From here on down, a whole text that is an option of the question asked is that answer ("tomorrow", "talk")."""


@dataclass(slots=True)
class _Draft:
    """A reading in the making."""

    heard: Heard
    meant: dict[Intent, list[Cause]] = field(default_factory=dict)
    inside: set[Intent] = field(default_factory=set)
    """Meanings that stand on more than one exact whole text."""
    flags: dict[Intent, set[Flag]] = field(default_factory=dict)
    answers: dict[str, object] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    option: str | None = None
    led: Intent | None = None
    """Yes or no, if the first word says so: "ok so whats next"."""
    asked: bool = False
    """The text answers the very question that was put."""

    def mean(self, intent: Intent, cause: Cause, flags: Sequence[Flag] = (), whole: bool = False) -> None:
        self.meant.setdefault(intent, []).append(cause)
        if not whole:
            self.inside.add(intent)
        self.flags.setdefault(intent, set()).update(flags)

    def others(self, intent: Intent) -> list[Cause]:
        """Why each other flag stands, when another meaning won."""
        return [cause for other, causes in self.meant.items() if other is not intent and other in self.flags
                and self.flags[other] for cause in causes]  # fmt: skip

    def flagged(self) -> tuple[str, ...]:
        """Every flag of every meaning that stands, in the order of Flag."""
        seen = set().union(*self.flags.values())
        return tuple(flag.value for flag in Flag if flag in seen)


def read(text: str, *, expecting: Expecting | None, language: str, lexicon: Lexicon, safe_now: bool = False) -> Reading:
    """Read one text. Total and deterministic: any string has exactly one reading; nothing raises.
    `language` is the thread's; `safe_now` whether the person has said it is all right to text."""
    heard = lexicon.hear(text)
    found = lexicon.found(heard, language)
    if expecting is not None and expecting.slot == "safe_hours":
        found = _without_conditional_stops(found)
    word = _code_word(heard, found, language, lexicon) if expecting is not None and expecting.parser == "word" else ""
    if word and len(heard.words) > len(heard.plain) > 1:
        # "my word is bluebird" was heard as "is blue", a body in danger: the word itself means nothing
        heard, found = lexicon.hear(""), []
    draft = _Draft(heard)
    _meanings(draft, found, safe_now)
    _answers(draft, found, expecting, lexicon)
    foreign = _languages(draft, found, lexicon)
    draft.led = _lead(heard, language, lexicon)
    if word:
        draft.answers["code_word"], draft.asked = word, True
        draft.causes.append(Cause("word:code_word"))
    _asked(draft, found, expecting, lexicon)
    intent = _decide(draft, expecting)
    own = own_language(heard, lexicon)
    requested = next((f.rule.name[-2:] for f in found if f.rule.name.startswith("language_request.")), None)
    return Reading(
        intent=intent,
        option=_option(draft, intent, expecting),
        answers=draft.answers,
        flags=draft.flagged(),
        language=_spoken(draft, intent, requested, own),
        other_language=foreign if intent is Intent.OTHER_LANGUAGE else None,
        short_time=any(f.rule.name == "short_time" for f in found),
        causes=tuple(dict.fromkeys((*draft.meant.get(intent, ()), *draft.causes, *draft.others(intent)))),
    )


def _meanings(draft: _Draft, found: Sequence[Found], safe_now: bool) -> None:
    names = {one.rule.name for one in found}
    distress = bool(names & {*_DISTRESS, "suicide", "self_harm"})
    for one in found:
        cause = one.rule.cause
        match one.rule.name:
            case "means" if distress:
                draft.mean(Intent.SUICIDE, cause, (Flag.SUICIDE,))
            case "hint" if _beside_distress(one, found):
                draft.mean(Intent.SUICIDE, cause, (Flag.SUICIDE,))
            case "hint":
                continue
            case "means":
                # a person looks, the question goes on: `screen-texts.md` 5, MEANS
                draft.mean(Intent.DISCLOSURE, cause, (Flag.HUMAN,), whole=True)
            case "booking" if not safe_now:
                draft.mean(Intent.THIRD_PARTY, cause, (Flag.THIRD_PARTY,), one.whole)
            case "booking":
                continue
            case "where_is_it" if safe_now:
                draft.mean(Intent.WHERE, cause)
            case "where_is_it":
                draft.mean(Intent.THIRD_PARTY, cause, (Flag.THIRD_PARTY,))
            case "unclear":
                draft.causes.append(cause)
            case name if name in MEANINGS:
                intent, flags = MEANINGS[name]
                draft.mean(intent, cause, flags, one.whole)
    if Intent.WRONG_NUMBER in draft.meant and Intent.HOSTILE in draft.meant:
        draft.flags[Intent.WRONG_NUMBER].add(Flag.THIRD_PARTY)


def _beside_distress(one: Found, found: Sequence[Found]) -> bool:
    return any(o.rule.name in _DISTRESS and (o.end <= one.start or one.end <= o.start) for o in found)


def _answers(draft: _Draft, found: Sequence[Found], expecting: Expecting | None, lexicon: Lexicon) -> None:
    if expecting is not None and expecting.parser == "word":
        return
    slots = fill(draft.heard, found, expecting, lexicon)
    draft.answers.update(slots.answers)
    draft.causes.extend(slots.causes)
    age = age_of(draft.heard, found, expecting is not None and expecting.parser == "age", lexicon)
    if age is not None:
        draft.answers["age"] = age
        if age == "under18":
            draft.mean(Intent.MINOR, Cause("age:under18"), (Flag.MINOR,))
        else:
            draft.causes.append(Cause(f"age:{age}"))


def _languages(draft: _Draft, found: Sequence[Found], lexicon: Lexicon) -> str | None:
    for one in found:
        if one.rule.name.startswith("language_request."):
            draft.mean(Intent.LANGUAGE, one.rule.cause, whole=one.whole)
    other = other_language(draft.heard, lexicon)
    if other is None:
        unlisted = None if found or draft.answers else strange(draft.heard, lexicon)
        if unlisted is not None:
            draft.mean(Intent.OTHER_LANGUAGE, unlisted, whole=True)
        return None
    draft.mean(Intent.OTHER_LANGUAGE, other[1], whole=True)
    return other[0]


def _asked(draft: _Draft, found: Sequence[Found], expecting: Expecting | None, lexicon: Lexicon) -> None:
    """Read the text as the answer to what was asked, if it is one."""
    heard = draft.heard
    if expecting is None:
        numbers = bare_numbers(heard, lexicon)
        if numbers and len(numbers) == 1:
            draft.option = numbers[0]
        return
    match expecting.parser:
        case "word":
            pass  # read before anything else: see _code_word
        case "letters":
            chosen = letter(heard, found, lexicon)
            if chosen is not None:
                draft.option, draft.asked = chosen, True
        case "choice" | "choices" | "yes_no" | "household" | "age":
            _chosen(draft, found, expecting, lexicon)
        case _:
            draft.asked = expecting.slot in draft.answers


def _chosen(draft: _Draft, found: Sequence[Found], expecting: Expecting, lexicon: Lexicon) -> None:
    offered = expecting if expecting.options or expecting.parser != "yes_no" else _plain_yes_no(expecting)
    if expecting.parser == "age" and "age" in draft.answers:
        draft.option, draft.asked = str(draft.answers["age"]), True
        return
    picked = numbered(draft.heard, offered, lexicon)
    if picked is None and (again := repeated(draft.heard, offered, lexicon)) is not None:
        picked = [again]
    if picked and expecting.parser == "household":
        draft.answers["household"] = _household(picked)
    elif picked and expecting.parser == "age":
        draft.answers["age"] = picked[0]
        if picked[0] == "under18":
            draft.mean(Intent.MINOR, Cause("choices:age.1"), (Flag.MINOR,))
    elif picked and expecting.parser == "choices" and expecting.slot:
        draft.answers[expecting.slot] = picked
    elif picked and expecting.parser == "choice" and expecting.slot:
        draft.answers[expecting.slot] = picked[0]
    if picked is not None:
        draft.asked = bool(picked)
        draft.option = picked[0] if picked else None
        draft.causes.extend(Cause(f"choices:{expecting.slot}.{value}") for value in picked)
        return
    value = draft.answers.get(expecting.slot) if expecting.parser != "yes_no" else None
    said = worded(found, offered) or among(draft.heard, offered, lexicon)
    if value is not None:
        draft.asked = True
        draft.option = value if isinstance(value, str) else value[0] if isinstance(value, list) else None
    elif said is not None and not (expecting.parser == "yes_no" and said in ("yes", "no")):
        draft.option, draft.asked = said, True
        if expecting.parser == "choice" and expecting.slot:
            draft.answers[expecting.slot] = said


def _plain_yes_no(expecting: Expecting) -> Expecting:
    return Expecting(expecting.name, expecting.slot, expecting.parser, ("yes", "no"))


def _household(picked: Sequence[str]) -> dict[str, object]:
    """Options chosen by number, as the words would have filled them: children without a count."""
    out: dict[str, object] = {value: None if value == "kids" else True for value in picked}
    if len(out) > 1:
        out.pop("alone", None)
    return out


def _code_word(heard: Heard, found: Sequence[Found], language: str, lexicon: Lexicon) -> str:
    """One word of 3 to 20 letters that means nothing else to us, alone or after "my word is"; the words of every list
    are refused."""
    *before, word = [one for one in heard.plain if not is_sign(one)] or [""]
    if not (word.isalpha() and word.isascii() and 3 <= len(word) <= 20) or word in lexicon.sets["code_word.refuse"]:
        return ""
    if not before:
        return "" if _is_listed(heard, found) else word
    said = lexicon.hear(" ".join(before))
    introduced = any(
        one.rule.name == "code_word.before" and one.end == len(said.words) for one in lexicon.found(said, language)
    )
    if not introduced:
        return ""
    alone = lexicon.hear(word)
    if len(alone.words) > 1:
        return "" if _is_listed(alone, lexicon.found(alone, language)) else word
    last = len(heard.words)
    means = any(one.end == last and one.rule.name != "code_word.before" for one in found)
    return "" if means or lexicon.found(alone, language) else word


def _without_conditional_stops(found: Sequence[Found]) -> Sequence[Found]:
    """ "dont text unless i do" to "when may we text?" is an hour and no opt-out: the whole of what was found as a stop
    lies inside the condition."""
    only = [one for one in found if one.rule.name.endswith("safe_hours.only_after")]
    return [
        one
        for one in found
        if one.rule.name != "stop" or not any(o.start <= one.start and one.end < o.end for o in only)
    ]


def _is_listed(heard: Heard, found: Sequence[Found]) -> bool:
    """The whole word stands in a list; "bluebird" is no bird."""
    return any(one.start == 0 and one.end == len(heard.words) for one in found)


def _decide(draft: _Draft, expecting: Expecting | None) -> Intent:
    """The most urgent meaning; but one word that is an answer to the question asked is that answer, unless it is
    about safety or stopping."""
    ranked = sorted(draft.meant, key=lambda intent: RANK[intent])
    if draft.asked:
        ranked = [i for i in ranked if RANK[i] < ASKED_WINS or (i in draft.inside and RANK[i] < RANK[Intent.ANSWER])]
        if Intent.HUMAN not in ranked:
            draft.flags.pop(Intent.HUMAN, None)
    parser = expecting.parser if expecting else ""
    if parser not in ("", "yes_no", "letters"):
        # nothing was asked that can be answered yes or no: "rather not" passes, folded hands thank
        yields = {Intent.NO: Intent.SKIP, Intent.YES: Intent.THANKS}
        ranked = [intent for intent in ranked if yields.get(intent) not in ranked]
    if draft.asked and draft.option is not None and parser in ("yes_no", "choice", "letters"):
        chosen = _intent_of(draft.option, parser)
        return min((*ranked, chosen), key=lambda intent: RANK[intent])
    if ranked and RANK[ranked[0]] < RANK[Intent.ANSWER]:
        return ranked[0]
    if parser == "yes_no" and ranked and ranked[0] in (Intent.YES, Intent.NO):
        return ranked[0]
    undecided = not ranked or (RANK[ranked[0]] > RANK[Intent.NO] and ranked[0] is not Intent.LOST)
    if parser == "yes_no" and draft.led is not None and undecided:
        return draft.led
    if parser == "word" and not draft.asked and ranked and ranked[0] is not Intent.SKIP:
        return Intent.UNCLEAR
    if draft.answers:
        return Intent.ANSWER
    return ranked[0] if ranked else Intent.UNCLEAR


def _intent_of(option: str, parser: str) -> Intent:
    if parser == "letters":
        return Intent.NO if option == "NO" else Intent.ANSWER
    if parser == "choice" and option in ("yes", "no"):
        return Intent.ANSWER
    if option in ("en", "es"):
        return Intent.LANGUAGE
    return BY_OPTION.get(option, Intent.ANSWER)


def _option(draft: _Draft, intent: Intent, expecting: Expecting | None) -> str | None:
    """The option's value that goes with the intent: "nah" to a yes-or-no question chose `no`."""
    if expecting is None:
        return draft.option if intent is Intent.UNCLEAR else None
    if draft.option is not None:
        return draft.option
    value = BY_INTENT.get(intent, "")
    options = expecting.options or ("yes", "no")
    if expecting.parser in ("yes_no", "choice"):
        if value in options:
            return value
        return "later" if value == "not_now" and "later" in options else None
    return None


def _lead(heard: Heard, language: str, lexicon: Lexicon) -> Intent | None:
    if not heard.words:
        return None
    if heard.words[0] == "please":
        return None
    for name in (language, *(other for other in lexicon.whole if other != language)):
        names = {rule.name for rule in lexicon.whole.get(name, {}).get(heard.words[:1], ())}
        if names:
            return Intent.YES if "yes" in names else Intent.NO if "no" in names else None
    return None


def _spoken(draft: _Draft, intent: Intent, requested: str | None, own: str | None) -> str | None:
    if intent is Intent.LANGUAGE and draft.option in ("en", "es"):
        return draft.option
    if intent is Intent.LANGUAGE:
        return requested
    return None if intent is Intent.OTHER_LANGUAGE else own
