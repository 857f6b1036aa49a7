"""What exactly is said, in which language, and who has reviewed it?

The words live in `flows/copy/<language>.toml`; this file checks them once and fills them in. It reads no file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from flows.conversation import LANGUAGES

WIDEST: Mapping[str, str] = {
    "NAME": "Alejandr",
    "BRAND": "Maple Help Desk",
    "AREA": "San Antonio area",
    "N": "12",
    "AGE": "40 min",
    "MIN": "20",
    "WHEN": "at 10:45 pm Wednesday",
    "PROG": "Harbor-2",
    "ID": "7KQ",
    "CODE": "4829",
    "H": "24",
    "TIME": "10:45 pm",
    "WHO": "adult, 12 kids, pregnant, pet, tonight",
    "OPTA": "own room, kids OK, keep phone, 90 nights",
    "OPTB": "shared room, open tonight",
    "OPTA_ES": "cuarto propio, con hijos, tu celular, 90 noches",
    "OPTB_ES": "compartido, hoy mismo",
    "WHEN_ES": "el miércoles 10:45 pm",
    "WHO_ES": "adulto, 12 hijos, embarazo, mascota, hoy",
    "LANG": "Haitian Creole",
    "TOLD": "near San Antonio area, a place to stay, doctor, 25 or up, adult, 12 kids, this week",
    "TOLD_ES": "cerca de San Antonio, donde dormir, doctor, 25 en adelante, adulto, 12 hijos, hoy",
}
"""The widest value of each placeholder: `screen-texts.md` 1, but WHEN and WHO are wider than there, because a
Wednesday and a family are. A name of the longest length allowed here always leaves a text in one segment."""

NEVER_READ_BACK = frozenset({"code_word", "duress_word"})
"""What is not said back to anyone, because whoever holds the phone would learn it."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_MINUTES_AN_HOUR, _MINUTES_A_DAY = 60, 1440
_EVENING = 18


def widest(placeholder: str, language: str) -> str:
    """The widest value a placeholder may take in a text of this language; its length is the room there is."""
    name = placeholder.removesuffix("_ES")
    return WIDEST.get(f"{name}_ES", WIDEST[name]) if language == "es" else WIDEST[name]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or two a person reads. Empty review marks mean a draft that nobody has cleared."""

    key: str
    language: str
    text: str
    when: str
    reviewed_by: str = ""
    reviewed_on: str = ""

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(_PLACEHOLDER.findall(self.text))

    @property
    def fingerprint(self) -> str:
        """Changes with any letter of the words: a sign-off is of these words and no others."""
        return hashlib.sha256(f"{self.key}\n{self.language}\n{self.text}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Review:
    """Somebody signed one wording off on one day (`on`, as written in the copy files), or took that back."""

    key: str
    language: str
    fingerprint: str
    by: str
    on: str
    stands: bool


@dataclass(frozen=True, slots=True)
class _Template:
    """A text cut at its placeholders: literal, name, literal, name … literal."""

    pieces: tuple[str, ...]

    def fill(self, key: str, fields: Mapping[str, str | int]) -> str:
        parts = list(self.pieces)
        for index in range(1, len(parts), 2):
            name = parts[index].removesuffix("_ES")
            if name not in fields:
                raise KeyError(f"{key}: {{{name}}} is missing")
            parts[index] = str(fields[name])
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Wording:
    """Every text in every language, and the small words that fill placeholders."""

    _texts: Mapping[tuple[str, str], Text]
    _templates: Mapping[tuple[str, str], _Template] = field(repr=False)
    _traits: Mapping[str, Mapping[str, str]] = field(repr=False)
    _words: Mapping[str, Mapping[str, str | list[str]]] = field(repr=False)
    _languages: Mapping[str, Mapping[str, str]] = field(repr=False)
    _told: Mapping[str, Mapping[str, str]] = field(repr=False)

    @classmethod
    def parse(cls, documents: Mapping[str, Mapping]) -> Wording:
        """Check the parsed TOML documents, keyed by language. ValueError names the language and the key."""
        for language in LANGUAGES:
            if language not in documents:
                raise ValueError(f"{language}: no copy file")
        texts: dict[tuple[str, str], Text] = {}
        for language in LANGUAGES:
            for key, entry in _table(documents[language], language, "texts").items():
                texts[key, language] = _text(language, key, entry)
        _same_keys("texts", {name: {key for key, of in texts if of == name} for name in LANGUAGES})
        traits = {name: _strings(documents[name], name, "traits") for name in LANGUAGES}
        _same_keys("traits", {name: set(traits[name]) for name in LANGUAGES})
        words = {name: _words(documents[name], name) for name in LANGUAGES}
        languages = {name: _strings(documents[name], name, "languages") for name in LANGUAGES}
        templates = {at: _Template(tuple(_PLACEHOLDER.split(text.text))) for at, text in texts.items()}
        told = {name: _strings(documents[name], name, "told") for name in LANGUAGES}
        _same_keys("told", {name: set(told[name]) for name in LANGUAGES})
        return cls(texts, templates, traits, words, languages, told)

    @property
    def keys(self) -> tuple[str, ...]:
        """Every text's key, in the order of the copy file."""
        return tuple(key for key, language in self._texts if language == LANGUAGES[0])

    def text(self, key: str, language: str) -> Text:
        """KeyError for a key or language that does not exist."""
        return self._texts[key, language]

    def is_reviewed(self, key: str, language: str) -> bool:
        """Both marks are there: who, and when."""
        text = self._texts[key, language]
        return bool(text.reviewed_by and text.reviewed_on)

    def reviewed(self, reviews: Iterable[Review]) -> Wording:
        """The same words, with the marks of these reviews (oldest first) over those of the copy files.

        The last one of exactly this wording rules, whatever the file says. Without one the file's marks stand, unless
        they are the marks of another wording of this text: then the words were changed and the marks left behind."""
        kept: dict[tuple[str, str], list[Review]] = {}
        for review in reviews:
            kept.setdefault((review.key, review.language), []).append(review)
        return replace(self, _texts={at: _marked(text, kept.get(at, [])) for at, text in self._texts.items()})

    def render(self, key: str, language: str, fields: Mapping[str, str | int]) -> str:
        """The text, filled in. A Spanish {WHEN_ES} is filled from the field WHEN. Fields that are not asked for are
        ignored; KeyError names the key and the placeholder of one that is missing."""
        if "LANG" in fields:
            fields = {**fields, "LANG": self._language_name(str(fields["LANG"]), language)}
        return self._templates[key, language].fill(key, fields)

    def phrases(self, language: str) -> Iterator[tuple[str, str]]:
        """Every small word or phrase that may fill a placeholder, with its place in the copy file."""
        for name, table in (("traits", self._traits), ("words", self._words), ("languages", self._languages),
                            ("told", self._told)):  # fmt: skip
            for key, value in table[language].items():
                for phrase in [value] if isinstance(value, str) else value:
                    yield f"{name}.{key}", phrase

    def traits(self, keys: Iterable[str], language: str, width: int | None = None) -> str:
        """Traits of a place as a short phrase: as many as fit in `width` characters (all, without one), in their order.
        Never empty: a place of which nothing may be said is "a place". KeyError for an unknown trait."""
        phrase = ""
        for key in dict.fromkeys(keys):
            longer = f"{phrase}, {self._traits[language][key]}" if phrase else self._traits[language][key]
            if width is None or len(longer) <= width:
                phrase = longer
        return phrase or self._word(language, "place")

    def who(self, answers: Mapping[str, object], language: str) -> str:
        """Who would come and how soon, as told to a place (SH1, PU3): nothing else the person said.

        What the place must plan for is never cut; when there is no room the urgency goes. "Adult" is said only of a
        person who told us so."""
        household = answers.get("household")
        if not isinstance(household, Mapping):
            household = {}
        party = ", ".join(self._party(household, answers.get("age") in ("18-24", "25up"), language))
        urgency = answers.get("urgency")
        if urgency not in ("now", "tonight", "week"):
            return party
        full = f"{party}, {self._word(language, str(urgency))}"
        return full if len(full) <= len(widest("WHO", language)) else party

    def _party(self, household: Mapping[str, object], is_adult: bool, language: str) -> list[str]:
        """The people and animals, one phrase for each kind."""
        kind = "adult" if is_adult else "person"
        party = [self._word(language, f"{kind}_and_other" if household.get("adult") else kind)]
        if "kids" in household:
            kids = household["kids"]
            if isinstance(kids, int) and not isinstance(kids, bool):
                word = self._word(language, "kid" if kids == 1 else "kids")
                party += [word.replace("{N}", str(min(kids, 99)))] if kids > 0 else []
            elif kids is None or kids:
                party.append(self._word(language, "some_kids"))
        party.extend(self._word(language, name) for name in ("pregnant", "pet") if household.get(name))
        return party

    def told(self, answers: Mapping[str, object], language: str) -> str | None:
        """Everything the person has told us, in their own terms, for one text; empty when that is nothing. None when
        it is more than one text holds, or something there are no words for: then a person reads it to them."""
        phrases: list[str | None] = []
        for slot, value in answers.items():
            if value in ("skipped", "unknown") or slot in NEVER_READ_BACK:
                continue
            match slot, value:
                case "area", Mapping():
                    phrases += self._told_area(value, language)
                case "household", Mapping():
                    phrases += self._told_household(value, language)
                case _, list() | tuple():
                    phrases += [self._told[language].get(f"{slot}.{one}") for one in value]
                case _:
                    phrases.append(self._told[language].get(f"{slot}.{value}"))
        if None in phrases:
            return None
        said = ", ".join(phrase for phrase in phrases if phrase)
        return said if len(said) <= len(widest("TOLD", language)) else None

    def _told_area(self, area: Mapping[str, object], language: str) -> list[str]:
        words = self._told[language]
        place = str(area.get("zip3") or area.get("place") or "")
        if language == "es":
            place = place.removesuffix(" area")
        near = [words["area.near"].replace("{PLACE}", place)] if place else []
        return [*near, *([words["area.far"]] if area.get("far") else [])]

    def _told_household(self, household: Mapping[str, object], language: str) -> list[str]:
        others = [self._told[language][f"household.{who}"] for who in ("alone", "adult") if household.get(who)]
        return [*others, *self._party({**household, "adult": False}, False, language)[1:]]

    def age(self, minutes: int, language: str) -> str:
        """How old a count is, at most 6 characters, never said to be fresher than it is: 40 min, 5 h, 2 d."""
        minutes = max(minutes, 1)
        if minutes < _MINUTES_AN_HOUR:
            return self._word(language, "minutes").replace("{N}", str(minutes))
        if minutes < 2 * _MINUTES_A_DAY:
            return self._word(language, "hours").replace("{N}", str(-(-minutes // _MINUTES_AN_HOUR)))
        return self._word(language, "days").replace("{N}", str(min(-(-minutes // _MINUTES_A_DAY), 9999)))

    def time_of_day(self, local: datetime, language: str) -> str:
        """8 am, 10:45 pm. At most 8 characters."""
        half = self._word(language, "am" if local.hour < 12 else "pm")
        minutes = f":{local.minute:02}" if local.minute else ""
        return f"{local.hour % 12 or 12}{minutes} {half}"

    def when(self, local: datetime, now_local: datetime, language: str) -> str:
        """A moment to come, in the reader's own time zone: at 8 am Monday / el lunes 8 am. At most 21 characters.

        A weekday stands for the next six days only; beyond them the date is said, so that "Monday" is never the
        wrong Monday. So is a day whose name the copy file leaves empty (the accent of the Spanish Saturday costs two
        segments)."""
        days = (local.date() - now_local.date()).days
        weekday = self._list(language, "weekdays")[local.weekday()]
        if days == 0:
            phrase = self._word(language, "this_evening" if local.hour >= _EVENING else "today")
        elif 0 < days < 7 and weekday:
            phrase = self._word(language, "weekday").replace("{DAY}", weekday)
        else:
            month = self._list(language, "months")[local.month - 1]
            phrase = self._word(language, "date").replace("{DAY}", str(local.day)).replace("{MONTH}", month)
        return phrase.replace("{TIME}", self.time_of_day(local, language))

    def _word(self, language: str, name: str) -> str:
        return str(self._words[language][name])

    def _list(self, language: str, name: str) -> list[str]:
        return self._words[language][name]  # type: ignore[return-value]  # _words() proved it a list of strings

    def _language_name(self, name: str, language: str) -> str:
        """Another language's name as this one writes it; unknown names stand as they are."""
        return self._languages[language].get(name, name)


def _marked(text: Text, reviews: list[Review]) -> Text:
    mine = [review for review in reviews if review.fingerprint == text.fingerprint]
    if mine:
        last = mine[-1]
        return replace(text, reviewed_by=last.by if last.stands else "", reviewed_on=last.on if last.stands else "")
    if (text.reviewed_by, text.reviewed_on) in {(review.by, review.on) for review in reviews if review.stands}:
        return replace(text, reviewed_by="", reviewed_on="")
    return text


_WORDS = (
    "place", "adult", "adult_and_other", "person", "person_and_other", "kid", "kids", "some_kids", "pregnant", "pet",
    "now", "tonight", "week", "minutes", "hours", "days", "am", "pm", "today", "this_evening", "weekday", "date",
)  # fmt: skip
_LISTS = {"weekdays": 7, "months": 12}


def _table(document: Mapping, language: str, name: str) -> Mapping:
    table = document.get(name)
    if not isinstance(table, Mapping) or not table:
        raise ValueError(f"{language}: [{name}] is missing")
    return table


def _text(language: str, key: str, entry: object) -> Text:
    """One text of the copy file; what is wrong with it is said with its place."""
    at = f"{language}: texts.{key}"
    if not isinstance(entry, Mapping):
        raise ValueError(f"{at} is not a table")
    for name in ("text", "when", "reviewed_by", "reviewed_on"):
        if not isinstance(entry.get(name), str):
            raise ValueError(f"{at}.{name} is not a text")
    if not entry["text"].strip():
        raise ValueError(f"{at}.text is empty")
    if extra := set(entry) - {"text", "when", "reviewed_by", "reviewed_on"}:
        raise ValueError(f"{at}: unknown entry {', '.join(sorted(extra))}")
    for name in _PLACEHOLDER.findall(entry["text"]):
        if name not in WIDEST or (name.endswith("_ES") and language != "es"):
            raise ValueError(f"{at}: unknown placeholder {{{name}}}")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", entry["text"])):
        raise ValueError(f"{at}: a brace stands alone")
    return Text(key, language, **entry)


def _strings(document: Mapping, language: str, name: str) -> Mapping[str, str]:
    table = _table(document, language, name)
    for key, value in table.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"{language}: {name}.{key} is not a text")
    return dict(table)


def _words(document: Mapping, language: str) -> Mapping[str, str | list[str]]:
    table = _table(document, language, "words")
    for name in _WORDS:
        if not isinstance(table.get(name), str) or not table[name]:
            raise ValueError(f"{language}: words.{name} is not a text")
    for name, length in _LISTS.items():
        values = table.get(name)
        if not isinstance(values, list) or len(values) != length or not all(isinstance(v, str) for v in values):
            raise ValueError(f"{language}: words.{name} is not a list of {length} texts")
    if extra := set(table) - set(_WORDS) - set(_LISTS):
        raise ValueError(f"{language}: unknown entry words.{sorted(extra)[0]}")
    return dict(table)


def _same_keys(table: str, keys: Mapping[str, set[str]]) -> None:
    """Every language has every key."""
    everything = set().union(*keys.values())
    for language, present in keys.items():
        if missing := sorted(everything - present):
            raise ValueError(f"{language}: {table}.{missing[0]} is missing")
