"""What does a provider's text say? Counts, answers to holds, and nothing that tells of a person.

Pure and total. Counts are read only when every word is one we know: an unknown word may be a name, and then the count
is asked again before it is kept (`screen-texts.md` 4, row PU1; `domain.md` 3.6).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Said(StrEnum):
    COUNT = "count"
    SAME = "same"
    FULL = "full"
    WAIT = "wait"  # full, with a waiting list
    OFF = "off"
    UNDO = "undo"
    HOLD_YES = "hold_yes"
    HOLD_NO = "hold_no"
    HOLD_CALL = "hold_call"
    MOVED_IN = "moved_in"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Counted:
    """So many of one unit; `unit` is None when the text names none."""

    available: int
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderText:
    """One text, read. `hold_id`, `reason` (a key of _REASONS, or empty) and the `facet` that does not fit belong to
    answers about a hold; `doubtful` means that words were in it which may tell of a person, so that the count must be
    confirmed."""

    said: Said
    counts: tuple[Counted, ...] = ()
    hold_id: str | None = None
    reason: str = ""
    facet: str = ""
    doubtful: bool = False


def read_provider(text: str) -> ProviderText:
    """English and Spanish, any case, any spelling of accents. What cannot be read for certain is UNCLEAR."""
    if re.search(r"[-\u2212]\s*\d|\d\s*[-\u2013/.:]\s*\d", text):
        return _UNCLEAR  # below zero, a range, a fraction, a date or a time: ask rather than guess
    words = _words(text)
    if not words or len(words) > 40:
        return _UNCLEAR
    return _about_a_hold(words) or _one_word(words) or _counts(words) or _UNCLEAR


def masked(text: str) -> str:
    """The text with every word that may tell of a person taken out: what is kept of one that was doubtful."""
    return re.sub(r"[^\W_]+", lambda word: word[0] if _is_plain(word[0]) else "…", text)


def _is_plain(word: str) -> bool:
    return all(w in _PLAIN or (w.isdecimal() and len(w) <= 4) for w in _words(word))


_UNCLEAR = ProviderText(Said.UNCLEAR)
_HOLD_ID = re.compile(r"[2-9][a-z]{2}")
"""{ID} in PU3 and PU4: a digit and two consonants, so that it is neither a word nor a count."""


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text[:400]).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("'", "")
    return re.findall(r"[2-9][a-z]{2}\b|\d+|[^\W\d_]+", plain)


def _about_a_hold(words: list[str]) -> ProviderText | None:
    if len(words) < 2:
        return None
    verb, rest = words[0], words[1:]
    if not _HOLD_ID.fullmatch(rest[0]):
        return None
    said = _HOLD_VERBS.get(verb)
    if said is None:
        return None
    if said is not Said.HOLD_NO:
        return ProviderText(said, hold_id=rest[0].upper())
    reason = next((reason for reason, keys in _REASONS.items() if not keys.isdisjoint(rest[1:])), "")
    facet = next((_FACETS[word] for word in rest[1:] if word in _FACETS), "")
    # "N 7KQ kids" says as much as "N 7KQ FIT kids"
    return ProviderText(said, hold_id=rest[0].upper(), reason=reason or ("fit" if facet else ""),
                        facet=facet if reason in ("", "fit") else "")  # fmt: skip


def _one_word(words: list[str]) -> ProviderText | None:
    """SAME, FULL, WAIT, OFF, UNDO. "full until friday" is full; "not full" is not."""
    phrase = " ".join(words)
    for said, phrases in _PHRASES.items():
        if phrase in phrases:
            return ProviderText(said)
    for said, keys in _KEYWORDS.items():
        rest = [word for word in words if word not in keys]
        if len(rest) < len(words) and all(word in _FILLER or word in _UNTIL for word in rest):
            return ProviderText(said)
    return None


def _counts(words: list[str]) -> ProviderText | None:
    """Numbers with the units beside them: "3", "3 beds", "have 2 f 1 m", "2 beds and 1 room"."""
    counts: list[Counted] = []
    strange = False
    for word in words:
        unit = _UNITS.get(word)
        if (number := _number(word)) is not None:
            counts.append(Counted(number))
        elif unit is not None and counts:
            counts[-1] = Counted(counts[-1].available, _joined(counts[-1].unit, unit))
        elif unit is None and word not in _FILLER and word != "no":
            strange = True
    if not counts:
        none_of = "no" in words and not strange and not _UNITS.keys().isdisjoint(words)
        return ProviderText(Said.FULL) if none_of else None
    if len(counts) == 2 and not _TAKEN.isdisjoint(words):
        return _less(*counts)
    units = {counted.unit for counted in counts}
    if len(counts) > 1 and (None in units or len(units) < len(counts)):
        return None
    return ProviderText(Said.COUNT, tuple(counts), doubtful=strange or "no" in words)


def _number(word: str) -> int | None:
    """Up to four digits: more is a telephone number or a case number, not a count."""
    if word.isdecimal():
        return int(word) if len(word) <= 4 else None
    return _NUMBERS.get(word)


def _less(had: Counted, gone: Counted) -> ProviderText | None:
    """The text had 3 and somebody took 1: two are left, if the provider says so again."""
    left = had.available - gone.available
    return ProviderText(Said.COUNT, (Counted(left, had.unit),), doubtful=True) if left >= 0 else None


def _joined(known: str | None, unit: str) -> str:
    """Two women beds are beds for women."""
    return known if known in ("women_bed", "men_bed", "family_unit") else unit


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HOLD_VERBS = {
    "y": Said.HOLD_YES, "yes": Said.HOLD_YES, "s": Said.HOLD_YES, "si": Said.HOLD_YES, "ok": Said.HOLD_YES,
    "n": Said.HOLD_NO, "no": Said.HOLD_NO,
    "call": Said.HOLD_CALL, "llama": Said.HOLD_CALL, "llamar": Said.HOLD_CALL,
    "in": Said.MOVED_IN,
}  # fmt: skip
_FULL = _set("full lleno llena")
_REASONS = {
    "full": _FULL,
    "safety": _set("safety unsafe safe seguridad"),  # someone linked to this person is here: only the word is kept
    "staffing": _set("staff staffing personal"),
    "paused": _set("paused pause pausa closed cerrado"),
    "conditions": _set("conditions condition rules reglas condiciones"),
    "fit": _set("fit va"),  # "N 7KQ FIT", "N 7KQ NO VA"
}
_FACETS = {
    word: facet
    for facet, words in {
        "kids": "kid kids child children boys boy family nino ninos ninas hijos familia",
        "pet": "pet pets dog dogs cat cats mascota mascotas perro gato",
        "pregnancy": "pregnant pregnancy embarazada embarazo",
        "adult": "adult adults partner couple couples pareja parejas",
        "gender": "men man male women woman female gender hombre hombres mujer mujeres",
        "trans": "trans",
        "age": "age young older minor minors edad menor menores",
        "area": "area county zip local condado",
        "wheelchair": "wheelchair stairs steps silla escaleras",
        "meds": "meds medication medications medicinas",
        "language": "language spanish english idioma espanol ingles",
    }.items()
    for word in words.split()
}
"""What did not fit, as bot/rules/matching.py names it."""
_TAKEN = _set("took taken takes gave filled moved tomo ocupo llevo entro")
_KEYWORDS = {
    Said.SAME: _set("same igual unchanged mismo misma"),
    Said.FULL: _FULL | _set("none nothing nada ninguno ninguna"),
    Said.WAIT: _set("wait waitlist waitlisted espera"),
    Said.OFF: _set("off pause pausa pausar"),
    Said.UNDO: _set("undo borrar borra deshacer"),
}
_PHRASES = {
    Said.SAME: frozenset({"no change", "sin cambio", "sin cambios", "lo mismo"}),
    Said.FULL: frozenset({"no beds", "no room", "no rooms", "no space", "no hay", "no hay camas", "no hay lugar"}),
    Said.WAIT: frozenset({"waiting list", "wait list", "lista de espera", "hay lista", "lista"}),
}
_UNTIL = _set(
    "until till til hasta mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday "
    "sun sunday tomorrow next week lunes martes miercoles jueves viernes sabado domingo manana semana proxima"
)
_FILLER = _set(
    "have has had we got there are is open available left right now hi hello hey please thanks thx thank you today "
    "tonight only just still currently at the moment and ok and of for us our with yes "
    "tenemos tengo hay libre libres disponible disponibles ahora ahorita gracias hola y de con solo ya todavia aun hoy "
    "quedan queda por favor el la los las"
)
_UNITS = {
    word: unit
    for unit, words in {
        "bed": "bed beds cama camas litera literas",
        "room": "room rooms cuarto cuartos habitacion habitaciones",
        "family_unit": "family families familia familias unit units",
        "slot": "slot slots spot spots cupo cupos lugar lugares spaces space",
        "hotel_night": "night nights noche noches",
        "appointment": "appointment appointments appt appts cita citas",
        "women_bed": "f w female females women womens woman mujer mujeres",
        "men_bed": "m male males men mens man hombre hombres",
    }.items()
    for word in words.split()
}
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "zero cero", "one un una uno", "two dos", "three tres", "four cuatro", "five cinco", "six seis",
            "seven siete", "eight ocho", "nine nueve", "ten diez", "eleven once", "twelve doce",
        )
    )
    for word in words.split()
}  # fmt: skip
_PLAIN = frozenset().union(_FILLER, _UNTIL, _TAKEN, _UNITS, _NUMBERS, *_KEYWORDS.values(), ["no", "not", "but", "pero"])
"""Words that are about places alone."""
