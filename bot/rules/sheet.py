"""How is a file read as a table, whoever saved it? Its encoding, its separator, its columns; a row at a time.

Nothing here holds more of the file than a row, however long the list is. Which column is what is guessed from the
headings, else from what stands below them; a person may say otherwise.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 500_000
"""A list this long is years of work for a small team; a longer one is a wrong file."""
MAX_COLUMNS = 100
FIELDS = ("number", "language", "basis", "source", "agreed_on", "evidence")
"""What a column may be. Only the number must be there."""

_HEADINGS = {
    "number": {"number", "phone", "tel", "telephone", "mobile", "cell", "cellphone", "phonenumber", "mobilenumber",
               "mobilephone", "numero", "telefono", "celular", "movil", "numerodetelefono"},
    "language": {"language", "lang", "idioma", "lengua", "preferredlanguage"},
    "basis": {"basis", "consent", "consentbasis", "lawfulbasis", "base", "consentimiento"},
    "source": {"source", "fuente", "origen", "listsource"},
    "agreed_on": {"agreedon", "consentdate", "dateofconsent", "optindate", "optedinon", "fechadeconsentimiento"},
    "evidence": {"evidence", "evidenceid", "proof", "consentid", "prueba"},
}  # fmt: skip
_SAMPLE = 50
"""Rows that a guess looks at."""
_LINE = 64 * 1024
"""Characters of one line; a longer one is no list."""
_CHUNK = 256 * 1024
_SEPARATORS = ",;\t|:^~\x1f"
_NUMBER_LIKE = re.compile(r"\+?[\d\s().\-/\u2010-\u2015\u00a0]{7,25}(\.0)?")
_BASES = {"inbound_first", "opted_in", "partner_referral", "none"}
_LANGUAGES = {"en", "es", "english", "spanish", "ingles", "espanol"}
_SIGNATURES = (
    (b"PK\x03\x04", "This is a spreadsheet or zip file. Save it as CSV and upload that."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file. Save it as CSV and upload that."),
    (b"%PDF", "This is a PDF, not a CSV file."),
    (b"\x89PNG", "This is a picture, not a CSV file."),
    (b"\xff\xd8\xff", "This is a picture, not a CSV file."),
    (b"GIF8", "This is a picture, not a CSV file."),
    (b"\x1f\x8b", "This file is compressed. Unpack it and upload the CSV inside."),
)
NO_NUMBERS = 'The first row must name the columns, and one of them must be "number".'
TOO_LONG = f"The list has more than {MAX_ROWS:,} rows. Split it into smaller ones."
BROKEN = "The file cannot be read as CSV: a quotation mark is not closed, or a cell is far too long."

Cells = tuple[int, list[str]]
"""A row number, counted as a spreadsheet does, and what stands in the row."""


class Unreadable(Exception):
    """The whole file is refused; its message is a sentence for the one who uploaded it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is to be read."""

    encoding: str
    separator: str
    headings: tuple[str, ...]
    """Empty when the first row is a person already."""
    columns: Mapping[str, int]
    """What each column was taken to be, by the names of FIELDS."""
    doubt: str = ""
    """Why a person should look before the list is read."""
    width: int = 1


def look(file: BinaryIO, separator: str = "") -> Layout:
    """Read the head of a file, and its whole length once for the encoding. Raises Unreadable."""
    encoding = _encoding(file)
    sample = list(islice(_lines(file, encoding), _SAMPLE))
    try:
        separator = separator or _separator(sample)
        rows = [cells for _, cells in islice(_cells(sample, separator, strict=False), _SAMPLE)]
    except csv.Error:
        raise Unreadable(BROKEN) from None
    width = max(map(len, rows), default=0)
    if not width:
        raise Unreadable("The file is empty.")
    if width > MAX_COLUMNS:
        raise Unreadable(f"The list has more than {MAX_COLUMNS} columns. Keep those that are needed.")
    return _layout(encoding, separator, rows, width)


def rows_of(file: BinaryIO, layout: Layout) -> Iterator[Cells]:
    """Every row that is not blank, below the headings. Raises Unreadable on the way."""
    rows = _cells(_lines(file, layout.encoding), layout.separator, strict=True)
    try:
        if layout.headings:
            next(rows, None)
        for n, row in enumerate(rows):
            if n >= MAX_ROWS:
                raise Unreadable(TOO_LONG)
            yield row
    except csv.Error:
        raise Unreadable(BROKEN) from None


def plain(text: str) -> str:
    """Lower case, letters and digits only, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isascii() and character.isalnum())


def _encoding(file: BinaryIO) -> str:
    """By its mark, else as UTF-16 when every other byte is zero, else UTF-8 if it is that, else Western European."""
    file.seek(0)
    head = file.read(_CHUNK)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise Unreadable("The file is empty.")
    for signature, reason in _SIGNATURES:
        if head.startswith(signature):
            raise Unreadable(reason)
    size, encoding = len(head), _marked(head)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while head:
            if not encoding:
                decoder.decode(head)
            head = file.read(_CHUNK)
            size += len(head)
            if size > MAX_BYTES:
                raise Unreadable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it into smaller ones.")
        if not encoding:
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        encoding = "cp1252"
    encoding = encoding or "utf-8-sig"
    _refuse_other_files(file, encoding)
    return encoding


def _marked(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    few = head[:2000]
    if len(few) > 3 and few[1::2].count(0) > len(few) // 3:
        return "utf-16-le"
    if len(few) > 3 and few[0::2].count(0) > len(few) // 3:
        return "utf-16-be"
    return ""


def _refuse_other_files(file: BinaryIO, encoding: str) -> None:
    file.seek(0)
    text = file.read(4 * 4096).decode(encoding, errors="replace")[:4096]
    start = text.lstrip().lower()[:40]
    if start.startswith(("<!doctype", "<html", "<?xml", "<table")):
        raise Unreadable("This is a web page, not a CSV file.")
    if start.startswith(("{", "[")):
        raise Unreadable("This is JSON, not a CSV file.")
    odd = sum(1 for character in text if ord(character) < 32 and character not in "\t\r\n\x1f")
    if odd > len(text) // 50 + 1:
        raise Unreadable("This is not a text file. Save the list as CSV and upload that.")


def _lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines with one kind of end: old Macintosh files end them with a bare carriage return."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline=None)
    try:
        while line := text.readline(_LINE):
            if len(line) >= _LINE:
                raise Unreadable(BROKEN)
            yield line
    finally:
        text.detach()


def _cells(lines: Iterable[str], separator: str, *, strict: bool) -> Iterator[Cells]:
    reader = csv.reader(lines, delimiter=separator, strict=strict, skipinitialspace=True)
    for number, cells in enumerate(reader, start=1):
        if any(map(str.strip, cells)):
            yield number, cells


def _separator(sample: Sequence[str]) -> str:
    """The one that cuts most rows into the same number of cells. Headings count more: an address may hold commas."""
    filled = [line for line in sample if line.strip()]
    if not filled:
        raise Unreadable("The file is empty.")
    best, found = (0.0, 0), ","
    for separator in _SEPARATORS:
        widths = Counter(len(cells) for _, cells in _cells(filled, separator, strict=False))
        width, rows = max(widths.items(), key=lambda pair: (pair[0] > 1, pair[1]), default=(0, 0))
        heading = filled[0].count(separator) if filled else 0
        score = (rows / len(filled) + (heading > 0) if width > 1 else 0.0, width)
        if score > best:
            best, found = score, separator
    return found


def _layout(encoding: str, separator: str, rows: list[list[str]], width: int) -> Layout:
    named, twice = _by_heading(rows[0])
    headed = bool(named) or not any(_NUMBER_LIKE.fullmatch(cell.strip()) for cell in rows[0])
    below = rows[1:] if headed else rows
    columns = {**_by_content(below, width, set(named.values())), **named}
    if "number" not in columns:
        doubt = NO_NUMBERS
    elif twice:
        doubt = f"Two columns look like the {twice}. Keep one."
    elif "number" not in named:
        doubt = "The columns have no names that are known here. Look whether they are right."
    else:
        doubt = ""
    headings = tuple(cell.strip()[:60] for cell in rows[0]) if headed else ()
    return Layout(encoding, separator, headings, columns, doubt, width)


def _by_heading(heading: Sequence[str]) -> tuple[dict[str, int], str]:
    """Column names are matched loosely, whatever their case, accents and spaces; and a name that two of them have."""
    found: dict[str, int] = {}
    twice = ""
    for at, cell in enumerate(heading):
        name = plain(cell)
        for field, names in _HEADINGS.items():
            if name in names and field in found:
                twice = twice or field
            elif name in names:
                found[field] = at
    return found, twice


def _by_content(rows: Sequence[Sequence[str]], width: int, taken: set[int]) -> dict[str, int]:
    """What a column must be, from what stands in it."""
    tests = {
        "number": lambda cell: bool(_NUMBER_LIKE.fullmatch(cell)),
        "basis": lambda cell: re.sub(r"[\s-]+", "_", cell.lower()) in _BASES,
        "language": lambda cell: plain(cell) in _LANGUAGES,
    }
    found: dict[str, int] = {}
    for field, fits in tests.items():
        best = 0.5
        for at in range(width):
            cells = [row[at].strip() for row in rows if at < len(row) and row[at].strip()]
            share = sum(map(fits, cells)) / len(cells) if cells else 0.0
            if share > best and at not in taken and at not in found.values():
                best, found[field] = share, at
    return found
