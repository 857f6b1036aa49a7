"""Which rows of an uploaded list are numbers with a lawful basis, and why not the others? Reads bytes, decides, keeps
nothing: what is turned away leaves a row number and a reason, never the number itself."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberType

from bot.rules.may_send import LAWFUL_BASES
from flows.conversation import LANGUAGES

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
"""A list this long is weeks of work for a small team at four a minute; a longer one is a wrong file."""

_COLUMNS = {
    "number": {"number", "phone", "tel", "telephone", "mobile", "cell", "cellphone", "phonenumber", "mobilenumber",
               "numero", "telefono", "celular", "movil"},
    "language": {"language", "lang", "idioma", "lengua"},
    "basis": {"basis", "consent", "consentbasis", "lawfulbasis", "base", "consentimiento"},
    "source": {"source", "fuente", "origen"},
}  # fmt: skip
_LANGUAGE_NAMES = {"": "en", "english": "en", "ingles": "en", "spanish": "es", "espanol": "es", "castellano": "es"}
_NO_CONSENT_SOURCES = re.compile(r"scrap|crawl|bought|buy|purchas|rent|broker|advert|\bads?\b|shared list|comprad")
"""Consent cannot be bought, sold or passed on (R-C2): a row that says so of itself has no basis, whatever it claims."""
_NOT_A_PERSONS_PHONE = {
    PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN,
    PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL,
}  # fmt: skip
_SIGNATURES = (
    (b"PK\x03\x04", "This is a spreadsheet or zip file. Save it as CSV and upload that."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file. Save it as CSV and upload that."),
    (b"%PDF", "This is a PDF, not a CSV file."),
    (b"\x89PNG", "This is a picture, not a CSV file."),
    (b"\xff\xd8\xff", "This is a picture, not a CSV file."),
    (b"GIF8", "This is a picture, not a CSV file."),
    (b"\x1f\x8b", "This file is compressed. Unpack it and upload the CSV inside."),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One number that may be imported. `row` counts as a spreadsheet does: the headings are row 1."""

    row: int
    number: str
    language: str
    basis: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that may not. `kind` is a count of the report; `reason` is in words and repeats nothing of the row."""

    row: int
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: int
    """Rows that hold anything at all, below the headings."""
    accepted: tuple[Row, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The whole file is refused; `reason` is a sentence for the one who uploaded it."""

    reason: str


def read_sheet(data: bytes, default_region: str) -> Sheet | Unreadable:
    """The rows of a CSV file with a heading row. Every row below it is in exactly one of `accepted` and `rejected`."""
    text = _text_of(data)
    if isinstance(text, Unreadable):
        return text
    lines = _lines_of(text)
    try:
        heading = next(lines, None)
        columns = _columns(heading[1] if heading else [])
        if isinstance(columns, Unreadable):
            return columns
        return _sort(lines, columns, default_region)
    except csv.Error:
        return Unreadable("The file cannot be read as CSV: a quotation mark is not closed, or a cell is far too long.")
    except _TooLong:
        return Unreadable(f"The list has more than {MAX_ROWS:,} rows. Split it into smaller ones.")


def e164(raw: str, default_region: str) -> str | None:
    """The number in E.164, or None when it is not one that a text could reach."""
    raw = raw.strip().removesuffix(".0")  # a spreadsheet's habit
    if not raw or re.search(r"[^\d\s+().\-\u2010-\u2015\u00a0/]", raw):
        return None
    try:
        parsed = phonenumbers.parse(raw, default_region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) in _NOT_A_PERSONS_PHONE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class _TooLong(Exception):
    pass


def _text_of(data: bytes) -> str | Unreadable:
    if not data.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        return Unreadable("The file is empty.")
    if len(data) > MAX_BYTES:
        return Unreadable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it into smaller ones.")
    for signature, reason in _SIGNATURES:
        if data.startswith(signature):
            return Unreadable(reason)
    text = _decoded(data)
    start = text.lstrip().lower()[:40]
    if start.startswith(("<!doctype", "<html", "<?xml", "<table")):
        return Unreadable("This is a web page, not a CSV file.")
    if start.startswith(("{", "[")):
        return Unreadable("This is JSON, not a CSV file.")
    odd = sum(1 for character in text[:4096] if ord(character) < 32 and character not in "\t\r\n")
    if odd > len(text[:4096]) // 50 + 1:
        return Unreadable("This is not a text file. Save the list as CSV and upload that.")
    return text


def _decoded(data: bytes) -> str:
    """By its mark, else as UTF-8, else as UTF-16 when every other byte is zero, else as Western European."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    head = data[:2000]
    if len(head) > 3 and head[1::2].count(0) > len(head) // 3:
        return data.decode("utf-16-le", errors="replace")
    if len(head) > 3 and head[0::2].count(0) > len(head) // 3:
        return data.decode("utf-16-be", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _lines_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells of every row that is not blank."""
    # Old Macintosh files end lines with a bare carriage return, which the csv module refuses outside quotes.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    heading = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(",;\t|", key=heading.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True, skipinitialspace=True)
    for number, cells in enumerate(reader, start=1):
        if any(cell.strip() for cell in cells):
            yield number, cells


def _columns(heading: Sequence[str]) -> dict[str, int] | Unreadable:
    """Where each known column is. Column names are matched loosely, whatever their case, accents and spaces."""
    found: dict[str, int] = {}
    for at, cell in enumerate(heading):
        name = _plain(cell)
        for column, names in _COLUMNS.items():
            if name not in names:
                continue
            if column in found:
                return Unreadable(f"Two columns look like the {column}. Keep one.")
            found[column] = at
    if "number" not in found:
        return Unreadable('The first row must name the columns, and one of them must be "number".')
    return found


def _sort(lines: Iterable[tuple[int, list[str]]], columns: dict[str, int], region: str) -> Sheet:
    accepted: list[Row] = []
    rejected: list[Rejected] = []
    first_seen: dict[str, int] = {}
    total = 0
    for row, cells in lines:
        total += 1
        if total > MAX_ROWS:
            raise _TooLong
        cell = {column: cells[at].strip() if at < len(cells) else "" for column, at in columns.items()}
        made = _row(row, cell, region, first_seen)
        if isinstance(made, Row):
            first_seen[made.number] = row
            accepted.append(made)
        else:
            rejected.append(made)
    return Sheet(total, tuple(accepted), tuple(rejected))


def _row(row: int, cell: dict[str, str], region: str, first_seen: dict[str, int]) -> Row | Rejected:
    if any("\x00" in value for value in cell.values()):
        return Rejected(row, "invalid", "the row holds a null byte")
    if not cell["number"]:
        return Rejected(row, "invalid", "the number is missing")
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", cell["number"]):
        return Rejected(row, "invalid", "a spreadsheet has rounded the number: format the column as text")
    number = e164(cell["number"], region)
    if number is None:
        return Rejected(row, "invalid", "not a number that a text can reach")
    language = _language(cell.get("language", ""))
    if language is None:
        return Rejected(row, "invalid", "the language is neither English nor Spanish")
    if number in first_seen:
        return Rejected(row, "duplicates", f"the same number as row {first_seen[number]}")
    basis = re.sub(r"[\s-]+", "_", cell.get("basis", "").lower())
    if basis not in LAWFUL_BASES:
        return Rejected(row, "no_basis", "no basis: it must be inbound_first, opted_in or partner_referral")
    if _NO_CONSENT_SOURCES.search(cell.get("source", "").lower()):
        return Rejected(row, "no_basis", "no basis: consent cannot come from a bought, shared or collected list")
    return Row(row, number, language, basis)


def _language(raw: str) -> str | None:
    plain = _plain(raw)
    code = _LANGUAGE_NAMES.get(plain, plain[:2] if re.fullmatch(r"[A-Za-z]{2}([-_][A-Za-z0-9]+)?", raw) else "")
    return code if code in LANGUAGES else None


def _plain(text: str) -> str:
    """Lower case, letters and digits only, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isascii() and character.isalnum())
