"""Does every sentence obey the rules that keep it cheap, plain, honest and harmless?

Rules T-1 to T-9 of `screen-texts.md` 1, the lists of its section 7 and preview rule E11 of `domain.md` 5.2. T-6 and
T-10 are about the order of texts and belong to the engine's tests; here T-6 asks only that a first text names the way
out.
That every language has every key, and that placeholders are known, `Wording.parse` has already proved.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from bot.rules import reading_level
from bot.rules.segments import measure
from flows.conversation import LANGUAGES
from flows.wording import Text, Wording, widest

PROVIDER = re.compile(r"PU\d+N?|PG\d")
"""Texts to a provider's staff, and calls to our own; all others are read by a person."""

AFTER_SAFE = frozenset(
    {
        "C2", "C3", "C2D", "N3", "J1", "Q1", "Q2", "Q3", "Q3A", "Q3B", "Q4", "Q5", "Q6", "Q7", "S1", "S2", "S4",
        "M0", "M1", "M2", "M2S", "M2W", "M3", "M4", "N4", "SH1", "SH2", "W2", "W2_IN", "K1",
        "S5", "KN", "KN0", "KNP",
    }
)  # fmt: skip
"""Said only after "OK to text" was answered yes. Whatever is not listed (the openers, C1, R1, R2, S3, G1, W1, X1, N1,
P1, Z1, but also H0, help, hand-off and crisis texts, K2, and any new text) may be read by somebody else: T-3 holds."""

PREVIEW_CHARACTERS = 40
ANSWERS_THE_SAME_WORD = frozenset({"K1"})
"""Exempt from E11: the person's own text just above it already shows the word ("are you police?")."""

OPENERS = frozenset({"O1", "O2", "O3", "O4", "O5", "O6", "OP", "OR", "OC", "V1"})
HELP_LINES = frozenset({"911", "988", "233733", "44357"})
FK_GRADE_MAX = 6.0
FERNANDEZ_HUERTA_MIN = 70.0

_BETRAYS = re.compile(
    r"\b(traffick\w*|exploit\w*|victim\w*|survivor\w*|police|detective\w*|fbi|ice|hotline\w*|shelter\w*|refuge\w*"
    r"|safe house|rescue\w*|escape\w*|leave him|abus\w*|pimp\w*|sex\w*|escort\w*|prostitut\w*|your ad"
    r"|trata|sobreviviente\w*|policia\w*|poli|migra\w*|refugio\w*|albergue\w*|casa segura|rescat\w*|escap\w*"
    r"|dejarlo|padrote\w*|anuncio\w*)\b"
)
_BETRAYS_AS_A_BRAND = re.compile(r"\b(hope|freedom|rescue|exit|safe|survivor)\w*")
_LINK = re.compile(r"https?:|www\.|\b[a-z0-9-]+\.(com|org|net|gov|info|ly|us|mx|app|link)\b")
_STREET = re.compile(
    r"\b\d+ (?:[NSEW]\.? )?[A-Z][a-z]+ (?:St|Ave|Rd|Blvd|Dr|Ln|Street|Avenue|Road)\b|\b(?:Calle|Avenida) [A-Z]"
)
_LONG_NUMBER = re.compile(r"\d[\d -]{1,}\d")
_QUESTION_THEN_KEYWORD = re.compile(r"\?\s+(?:Send|Text|Manda|Textea|Escribe|Call|Llama) ")
_OPTION = re.compile(r"(?<!\S)(\d)(?= )")

_HARSH = {
    "exclamation mark": re.compile(r"[!¡]"),
    "asks why": re.compile(r"\bwhy\b|\bpor que\b"),
    "tells what to do": re.compile(r"\byou (should|must|need to|have to go)\b|\b(debes|deberias|tendrias que)\b"),
    "pet name": re.compile(
        r"\b(honey|hon|sweetie|sweetheart|dear|babe|baby|mija|mijo|corazon|linda|reina|nena|amor)\b"
    ),
    "promise of safety": re.compile(
        r"\byou('re| are) safe\b|\bi promise\b|\bwe('ll| will) (get you out|save you|protect you|keep you safe)\b"
        r"|\bestas (a salvo|segur[ao])\b|\bte prometo\b|\bte vamos a (sacar|salvar|proteger)\b"
    ),
    "blame": re.compile(r"\b(your fault|you failed|you forgot|es tu culpa|se te olvido)\b"),
}
_NEVER_ASKED = re.compile(
    r"what happened|who is he\b|being forced|how many|want to report|immigration status|criminal record|\bhiv\b|diagnos"
    r"|full name|date of birth|your birthday|your address|social security|send (us |me )?(a |your )?(photo|pic)"
    r"|que te paso|quien es el\b|te obliga|cuant[oa]s\b|denunciar|estatus migratorio|antecedentes|\bvih\b"
    r"|nombre completo|fecha de nacimiento|cumpleanos|tu direccion|seguro social|manda (una |tu )?foto"
)
_CLAIMS_TO_BE_A_PERSON = re.compile(
    r"\bi('m| am) (a |an )?(real |human )*(person|human|being)\b|\bsoy (una persona|human[oa]|alguien)\b"
)
_SAYS_MACHINE = re.compile(r"\b(computer|computadora)\b")
MACHINE_NOTICES = frozenset({"C1", "B1"})
WRITTEN_BY_A_HUMAN = frozenset({"H0"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one text breaks."""

    language: str
    key: str
    rule: str
    detail: str


def check(wording: Wording, brand: str | None = None) -> list[Finding]:
    """Everything that is wrong with the words, in the order of the copy file; empty when all rules hold.
    `brand`, if given, is the name that will stand for {BRAND}: it must fit and betray nothing too."""
    findings = list(_brand(brand)) if brand is not None else []
    for key in wording.keys:
        texts = [wording.text(key, language) for language in LANGUAGES]
        findings.extend(_alike(texts))
        for text in texts:
            findings.extend(Finding(text.language, key, rule, detail) for rule, detail in _broken(text))
    for language in LANGUAGES:
        findings.extend(_phrases(wording, language))
    return findings


def filled_at_widest(text: Text) -> str:
    """The text with the widest value in each placeholder: what T-1 counts."""
    filled = text.text
    for name in text.placeholders:
        filled = filled.replace(f"{{{name}}}", widest(name, text.language))
    return filled


@dataclass(frozen=True, slots=True)
class Look:
    """What a reviewer wants to see beside a text: how long it may become, and how hard it is to read."""

    units: int
    """GSM-7 septets (or UCS-2 units) with every placeholder at its widest."""
    segments: int
    level: float
    """Flesch-Kincaid grade in English (lower is easier), Fernandez-Huerta ease in Spanish (higher is easier)."""
    findings: tuple[Finding, ...]


def look(text: Text) -> Look:
    """One text as a reviewer sees it."""
    measured = measure(filled_at_widest(text))
    formula = reading_level.fernandez_huerta if text.language == "es" else reading_level.flesch_kincaid
    findings = tuple(Finding(text.language, text.key, rule, detail) for rule, detail in _broken(text))
    return Look(measured.units, measured.segments, formula(text.text), findings)


def _broken(text: Text) -> Iterator[tuple[str, str]]:
    """Each rule this one text breaks."""
    yield from _length(text)
    if _questions(text.text) > 1:
        yield "T-5", "more than one question"
    if text.key in OPENERS and {"en": "STOP", "es": "ALTO"}[text.language] not in text.text:
        yield "T-6", "a first text must name the way out"
    yield from _level(text)
    yield from _harsh(text)
    if not PROVIDER.fullmatch(text.key):
        yield from _betrays(text)
        yield from _tells_a_place(text)
        yield from _claims(text)


def _length(text: Text) -> Iterator[tuple[str, str]]:
    measured = measure(filled_at_widest(text))
    if measured.offenders:
        yield "T-2", f"outside GSM-7: {' '.join(measured.offenders)}"
    if measured.segments != 1:
        yield "T-1", f"{measured.units} {measured.encoding} units, {measured.segments} segments"


def _betrays(text: Text) -> Iterator[tuple[str, str]]:
    """T-3 before it is known to be safe, E11 always: what a stranger, or a locked screen, must not show."""
    plain = _fold(text.text)
    found = _BETRAYS.search(plain)
    if found and text.key not in AFTER_SAFE:
        yield "T-3", f"betrays: {found[0]}"
    if found and found.start() < PREVIEW_CHARACTERS and text.key not in ANSWERS_THE_SAME_WORD:
        yield "E11", f"in the preview: {found[0]}"


def _tells_a_place(text: Text) -> Iterator[tuple[str, str]]:
    """T-4, and M0's promise: no name, street, link or list of numbers; help lines only, spelled right."""
    for name in sorted(text.placeholders & {"PROG", "ID"}):
        yield "T-4", f"{{{name}}} names a provider"
    if found := _LINK.search(text.text.lower()):
        yield "T-4", f"link: {found[0]}"
    if found := _STREET.search(text.text):
        yield "T-4", f"street: {found[0]}"
    for number in _LONG_NUMBER.findall(text.text):
        digits = re.sub(r"\D", "", number)
        if len(digits) > 2 and number not in HELP_LINES and not _is_age_range(number):
            yield "T-4", f"a number that is no known help line: {number}"


def _is_age_range(number: str) -> bool:
    """`18-24`, and the option numbers and ages of Q5 that stand side by side: `18 2 18-24 3 25`."""
    return all(len(part) <= 2 for part in re.split(r"[ -]+", number))


def _level(text: Text) -> Iterator[tuple[str, str]]:
    """T-7. Both formulas are weak on twenty words: a floor, not a proof."""
    match text.language:
        case "en" if (grade := reading_level.flesch_kincaid(text.text)) > FK_GRADE_MAX:
            yield "T-7", f"Flesch-Kincaid grade {grade:.1f}, at most {FK_GRADE_MAX:.0f}"
        case "es" if (ease := reading_level.fernandez_huerta(text.text)) < FERNANDEZ_HUERTA_MIN:
            yield "T-7", f"Fernandez-Huerta {ease:.1f}, at least {FERNANDEZ_HUERTA_MIN:.0f}"
        case _:
            return


def _harsh(text: Text) -> Iterator[tuple[str, str]]:
    plain = _fold(text.text)
    for what, pattern in _HARSH.items():
        if found := pattern.search(plain):
            yield "T-8", f"{what}: {found[0]}"


def _claims(text: Text) -> Iterator[tuple[str, str]]:
    """T-9, and what section 7 says a bot never asks."""
    plain = _fold(text.text)
    if (found := _CLAIMS_TO_BE_A_PERSON.search(plain)) and text.key not in WRITTEN_BY_A_HUMAN:
        yield "T-9", f"claims to be a person: {found[0]}"
    if text.key in MACHINE_NOTICES and not _SAYS_MACHINE.search(plain):
        yield "T-9", "must say that it is a computer"
    if found := _NEVER_ASKED.search(plain):
        yield "never", f"not for a bot to say: {found[0]}"


def _alike(texts: list[Text]) -> Iterator[Finding]:
    """What must be the same in every language: the placeholders, and how many numbered answers there are."""
    first, *others = texts
    for other in others:
        if difference := _names(first) ^ _names(other):
            yield Finding(other.language, other.key, "placeholders", f"not in both languages: {min(difference)}")
        if numbered_answers(first.text) != numbered_answers(other.text):
            there = numbered_answers(first.text)
            detail = f"{numbered_answers(other.text)} numbered answers, but {there} in {first.language}"
            yield Finding(other.language, other.key, "options", detail)


def _phrases(wording: Wording, language: str) -> Iterator[Finding]:
    """The phrases that fill placeholders: inside the alphabet, and each trait short enough to stand alone."""
    room = len(widest("OPTB", language))
    for key, phrase in wording.phrases(language):
        if offenders := measure(phrase).offenders:
            yield Finding(language, key, "T-2", f"outside GSM-7: {' '.join(offenders)}")
        if key.startswith("traits.") and len(phrase) > room:
            yield Finding(language, key, "T-1", f"{len(phrase)} characters, at most {room}")


def _brand(brand: str) -> Iterator[Finding]:
    plain = _fold(brand)
    if found := _BETRAYS.search(plain) or _BETRAYS_AS_A_BRAND.search(plain):
        yield Finding("", "BRAND", "T-3", f"betrays: {found[0]}")
    if offenders := measure(brand).offenders:
        yield Finding("", "BRAND", "T-2", f"outside GSM-7: {' '.join(offenders)}")
    if measure(brand).units > len(widest("BRAND", "en")):
        yield Finding("", "BRAND", "T-1", f"longer than {len(widest('BRAND', 'en'))} characters")


def _names(text: Text) -> set[str]:
    return {name.removesuffix("_ES") for name in text.placeholders}


def _questions(text: str) -> int:
    """Question marks, without the ones that only introduce a keyword: "Not for you? Text STOP"."""
    return text.count("?") - len(_QUESTION_THEN_KEYWORD.findall(text))


def numbered_answers(text: str) -> int:
    """How far the numbered answers count up from 1."""
    highest = 0
    for found in _OPTION.finditer(text):
        if int(found[1]) == highest + 1:
            highest += 1
    return highest


def _fold(text: str) -> str:
    """Lower case without accents (ñ too: only for looking words up), so that positions stay those of the text."""
    return "".join(unicodedata.normalize("NFD", character)[0] for character in text).lower()
