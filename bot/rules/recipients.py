"""Which rows of a list are numbers with a lawful basis, and why not the others? What is turned away leaves a row, a
column and a reason, never the number itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import phonenumbers
from phonenumbers import PhoneNumberType

from bot.rules.may_send import LAWFUL_BASES
from bot.rules.sheet import Cells, plain
from flows.conversation import LANGUAGES

KINDS = ("invalid", "duplicates", "no_basis", "suppressed", "cooldown", "landline")
"""Why a row is turned away; every one is a count of the report, and every row is in one of them or accepted."""
PROVENANCES = {
    "own": "People gave this program their numbers",
    "inbound": "They texted or called us first",
    "partner": "A partner passed them on, and each person agreed",
    "bought": "Bought",
    "rented": "Rented",
    "shared": "Shared by another organization",
    "scraped": "Collected from adverts or the web",
}
"""Where a list comes from, as whoever brings it declares."""
WITHOUT_CONSENT = frozenset({"bought", "rented", "shared", "scraped"})
"""Consent cannot be bought, sold or passed on (R-C2): nobody on such a list has agreed to anything."""
LONG_AGO_DAYS = 90
"""An agreement older than this may belong to the number's owner before (R-C8)."""

_LANGUAGE_NAMES = {"": "en", "english": "en", "ingles": "en", "spanish": "es", "espanol": "es", "castellano": "es"}
_NO_CONSENT_SOURCES = re.compile(r"scrap|crawl|bought|buy|purchas|rent|broker|advert|\bads?\b|shared list|comprad")
_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})([T ].*)?"),
    re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"),
)
_NOT_A_PERSONS_PHONE = {
    PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN,
    PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL, PhoneNumberType.UNKNOWN,
}  # fmt: skip
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_STRANGE = re.compile(r"[^\d\s+().\-\u2010-\u2015\u00a0/]")


@dataclass(frozen=True, slots=True)
class Row:
    """One number that may be imported. `row` counts as a spreadsheet does: the headings are row 1."""

    row: int
    number: str
    language: str
    basis: str
    proof: Mapping[str, str]
    """What the list says of where and when they agreed: `source`, `agreed_on`, `evidence`."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that may not. `kind` is one of KINDS; `field` is the column at fault, by the names of sheet.FIELDS;
    `reason` is in words and repeats nothing of the row."""

    row: int
    kind: str
    field: str
    reason: str
    number: str = ""
    """E.164, of a row that is turned away for its basis alone: it may be texted by a person's own hand."""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every row of one list."""

    columns: Mapping[str, int]
    region: str
    provenance: str = "own"
    basis: str = ""
    """The basis of rows that name none."""


def judge(cells: Cells, terms: Terms) -> Row | Rejected:
    """What one row is, by itself. Who said stop, and who stands on the list twice, others know."""
    row, values = cells
    cell = {field: values[at].strip() if at < len(values) else "" for field, at in terms.columns.items()}
    raw = cell["number"]
    if any("\x00" in value for value in cell.values()):
        return Rejected(row, "invalid", "number", "the row holds a null byte")
    if not raw:
        return Rejected(row, "invalid", "number", "the number is missing")
    if _ROUNDED.fullmatch(raw):
        return Rejected(row, "invalid", "number", "a spreadsheet has rounded the number: format the column as text")
    number = e164(raw, terms.region)
    if number is None:
        return Rejected(row, "invalid", "number", "not a number that a text can reach")
    language = _language(cell.get("language", ""))
    if language is None:
        return Rejected(row, "invalid", "language", "the language is neither English nor Spanish")
    return _with_basis(row, number, language, cell, terms)


def e164(raw: str, default_region: str) -> str | None:
    """The number in E.164, or None when it is not one that a text could reach."""
    raw = raw.strip().removesuffix(".0")  # a spreadsheet's habit
    if not raw or _STRANGE.search(raw):
        return None
    try:
        parsed = phonenumbers.parse(raw, default_region)
    except phonenumbers.NumberParseException:
        return None
    # One question answers both: a number whose kind is unknown is not a valid one.
    if phonenumbers.number_type(parsed) in _NOT_A_PERSONS_PHONE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def agreed_on(text: str) -> date | None:
    """The day a list names, as machines or Americans write it; None when it names none that can be read."""
    for pattern in _DATES:
        if found := pattern.fullmatch(text.strip()):
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                return None
    return None


def masked(cells: Sequence[str]) -> list[str]:
    """Cells for a page that shows which column is what: of digits only the last two, of words a few letters."""
    return [re.sub(r"\d(?=(?:\D*\d){2})", "\u2022", cell.strip()[:24]) for cell in cells]


def _with_basis(row: int, number: str, language: str, cell: Mapping[str, str], terms: Terms) -> Row | Rejected:
    basis = cell.get("basis", "")
    if basis not in LAWFUL_BASES:  # most lists write them as we do
        basis = re.sub(r"[\s-]+", "_", basis.lower()) or terms.basis
    if basis not in LAWFUL_BASES:
        reason = "no basis: it must be inbound_first, opted_in or partner_referral"
        return Rejected(row, "no_basis", "basis", reason, number, language)
    if terms.provenance in WITHOUT_CONSENT or _NO_CONSENT_SOURCES.search(cell.get("source", "").lower()):
        reason = "no basis: consent cannot come from a bought, shared or collected list"
        return Rejected(row, "no_basis", "source", reason, number, language)
    proof = {name: cell[name][:200] for name in ("source", "agreed_on", "evidence") if cell.get(name)}
    return Row(row, number, language, basis, proof)


def _language(raw: str) -> str | None:
    if raw in LANGUAGES:
        return raw
    name = plain(raw)
    code = _LANGUAGE_NAMES.get(name, name[:2] if re.fullmatch(r"[A-Za-z]{2}([-_][A-Za-z0-9]+)?", raw) else "")
    return code if code in LANGUAGES else None
