"""What do the flows' own words mean to somebody who reads no code? For staff pages; nothing here is ever texted."""

from __future__ import annotations

from flows.parts import Guard, HandOffRule
from flows.walk import Chapter, Outcome, Use

LANGUAGES = {"en": "English", "es": "Spanish"}

CHAPTERS = {
    Chapter.CONTACT: ("First contact", "Before anything is asked: what we are, whether it is a good time, and what "
                                       "stays private."),
    Chapter.SCREEN: ("The questions", "Four to seven, every one of them skippable; the first that is still open is "
                                      "asked."),
    Chapter.PLACES: ("What fits", "Live places that fit, and whether something about them may be told."),
    Chapter.PERSON: ("With a person", "An advocate has been called, holds the conversation, or has just ended it."),
    Chapter.ASIDE: ("On the side", "Pauses, checks and doubts: from most of these they come back to where they were."),
}  # fmt: skip

EVENTS = {
    "stop": "STOP, in any words",
    "wrong_number": "“Wrong number”",
    "start": "START, after a STOP",
    "human": "PERSON, or any wish for one",
    "help": "HELP",
    "later": "LATER, or “not now”",
    "skip": "SKIP",
    "danger": "Danger now",
    "suicide": "Words of suicide or self-harm",
    "medical": "A medical emergency",
    "minor": "They are under 18",
    "maybe_stop": "Something that may mean STOP",
    "third_party": "Words of a buyer, or of somebody else",
    "erase": "“Erase what I sent”",
    "known": "“What do you know about me?”",
    "new_word": "They want another code word",
    "unshare": "“Don't share it any more”",
    "bot": "“Are you a bot?”",
    "police": "“Are you the police?”",
    "who": "“Who is this?”",
    "cost": "“What does it cost?”",
    "where": "“Where is it?”",
    "delete_what": "“What should I delete?”",
    "language": "They ask for our other language",
    "other_language": "A language we do not have",
    "disclosure": "They tell something hard",
    "answer": "An answer",
    "yes": "Yes",
    "no": "No",
    "lost": "They are lost",
    "thanks": "Thanks",
    "hostile": "Abuse",
    "unclear": "Something not understood",
    "door": "A word from a poster",
    "picture": "A picture",
    "duress": "Their second word: “I am not free to text”",
    "changed": "They type otherwise than before: maybe somebody else",
    "found": "The search is done",
    "gap": "They write after 15 minutes or more",
    "late": "A promised wait will be missed",
    "finished": "The advocate is done",
    "hello": "The day has come on which they wished for a hello",
    "hold_held": "A place is held",
    "hold_lapsed": "A held place ran out",
    "hold_declined": "A place said no",
}
_PLAIN = {
    "filled": "the question was answered in it too",
    "safe_now": "they said that now is safe",
    "short_time": "they said that time is short",
    "first_miss": "it is the first time running",
    "coded": "they chose a code word",
    "code_ok": "it is their code word",
    "none_found": "nothing fits",
    "two_options": "there are two places",
    "wants_feedback": "they agreed to be asked how it was",
    "named_language": "we know which language it is",
    "told_nothing": "they told us nothing yet",
    "told_too_much": "it is more than one text holds",
}
_PLAIN_NOT = {
    "safe_now": "they have not said that now is safe",
    "first_miss": "it is not the first time running",
    "coded": "they chose no code word",
}
_NAMED = {
    "mark": "{} was done before",
    "flag": "{} was noticed",
    "noticed": "{} is noticed in this text",
    "has": "{} is known",
    "answer": "the answer is {}",
    "guessed": "the {} could be two things",
    "option": "they chose {}",
    "undecided": "the answer to {} could still change what fits",
    "outcome": "it ended as {}",
    "door": "the word is that of the {} door",
    "resume": "they were at {}",
}
_DEEDS = {
    "withdraw": "STOP is in force: nothing more is sent",
    "release": "their consent to share is written down",
    "unshare": "consent to share is taken back",
    "safe_hours": "the hours are kept",
    "code_word": "the code word is kept, sealed",
    "duress_word": "the second word is kept, sealed",
    "erase": "a person is asked to erase it",
    "forget": "what was answered is forgotten",
    "close": "the conversation is over",
    "safe": "now counts as safe",
    "take_guess": "the likelier place is taken",
    "drop_guess": "the guess is dropped",
    "choose": "the choice is kept",
    "back_to_screen": "they go back to the questions",
}  # fmt: skip
_OUTSIDE = (
    ("PU", "To a provider, about their openings"),
    ("H0", "An advocate's first line, from a button on the desk"),
    ("RW", "An advocate's ready words, from a list on the desk"),
    ("O", "First text of a campaign"),
)


def event(name: str) -> str:
    return EVENTS.get(name, sentence(plain(name)))


def sentence(words: str) -> str:
    """With a capital at its beginning; what is a capital already stays one."""
    return words[:1].upper() + words[1:]


def plain(name: str) -> str:
    """A name of the flow files without its underscores."""
    return name.replace("_", " ")


def condition(guard: Guard) -> str:
    """One condition, as the end of "if …"."""
    if not guard.argument:
        said = _PLAIN.get(guard.kind, plain(guard.kind))
        return said if guard.wanted else _PLAIN_NOT.get(guard.kind, f"not: {said}")
    argument = guard.argument.partition("=")[2] or guard.argument
    said = _NAMED[guard.kind].format(f"“{plain(argument)}”")
    return said if guard.wanted else f"not: {said}"


def conditions(outcome: Outcome) -> str:
    return " and ".join(condition(guard) for guard in outcome.guards)


def deeds(outcome: Outcome) -> list[str]:
    """What is done besides saying and going somewhere."""
    done = [_DEEDS.get(deed, plain(deed)) for deed in outcome.row.do]
    if outcome.row.mark:
        done.append(f"remembered: {plain(outcome.row.mark)}")
    if outcome.row.flag:
        done.append(f"noticed: {plain(outcome.row.flag)}")
    return [sentence(words) for words in done]


def is_nothing(outcome: Outcome) -> bool:
    """Nothing is said, nobody is told and they stay where they are."""
    row = outcome.row
    return not (row.say or outcome.to or row.handoff or row.tell or row.do)


def rests(rule: HandOffRule) -> list[str]:
    """Where a hand-off leaves the person, with and without somebody on shift."""
    return list(dict.fromkeys(place for place in (rule.rest, rule.rest_off) if place))


def use(one: Use) -> str:
    match one.kind:
        case "state":
            return f"In “{plain(one.name)}”"
        case "always":
            return f"Everywhere: {event(one.name)}"
        case "handoff":
            return f"When a person is called: {plain(one.name)}"
        case _:
            return f"Instead of {one.name}, when that was the last text"


def outside(key: str) -> str:
    """What a text that no state says is for."""
    return next((words for start, words in _OUTSIDE if key.startswith(start)), "")


def level(language: str, figure: float) -> str:
    """The reading level, in the terms of the language's own formula."""
    if language == "en":
        return "easier than any school grade" if figure < 1 else f"school grade {figure:.0f}"
    return f"ease {figure:.0f} of 100 (70 is easy)"


def value(answer: object) -> str:
    """An answer as the conversation keeps it, readable."""
    match answer:
        case dict():
            return ", ".join(plain(key) if given is True else f"{plain(key)} {value(given)}".strip()
                             for key, given in answer.items())  # fmt: skip
        case list() | tuple():
            return ", ".join(value(one) for one in answer)
        case None:
            return ""
        case _:
            return plain(str(answer))
