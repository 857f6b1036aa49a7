"""Every row of an uploaded list is accounted for, and a file that is not one is refused in plain words."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import sheet as sheets
from bot.rules.recipients import Rejected, Row, Terms, agreed_on, e164, judge, masked
from bot.rules.sheet import MAX_BYTES, Layout, Unreadable, look, rows_of

GOOD = "number,language,basis,source\n(210) 555-0101,en,opted_in,card\n+1 210 555 0102,es,inbound_first,\n"


BROKEN = "The file cannot be read as CSV: a quotation mark is not closed, or a cell is far too long."
LINES = ("2105550101,en,opted_in", "2105550102,,none", "x,en,opted_in", "", "2065550103,es,opted_in")


@dataclass(frozen=True)
class Judged:
    """A whole list, judged a row at a time."""

    layout: Layout
    accepted: list[Row]
    rejected: list[Rejected]


def sheet(data: bytes | str, **terms: str) -> Judged:
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    layout = look(file)
    made = [judge(cells, Terms(layout.columns, "US", **terms)) for cells in rows_of(file, layout)]
    return Judged(layout, [one for one in made if isinstance(one, Row)], [x for x in made if isinstance(x, Rejected)])


def numbers(found: Judged) -> list[str]:
    return [row.number for row in found.accepted]


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-16-be"),
        GOOD.encode("latin-1"),
        GOOD.replace("source", "fuente \xf1").replace("card", "tarjeta \xf1").encode("latin-1"),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        GOOD.replace(",", "|").encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        ("\n\n" + GOOD.replace("\n", "\n\n")).encode(),
        GOOD.replace("number,language,basis", "Teléfono,Idioma,Consent basis").encode(),
        GOOD.replace("number", "Phone Number").replace("en,", "English,").replace("es,", "Español,").encode(),
        GOOD.replace("(210) 555-0101", '"(210) 555-0101"').encode(),
        GOOD.replace("opted_in", "Opted in").replace("inbound_first", "INBOUND-FIRST").encode(),
        GOOD.replace("en,", "en-US,").replace("es,", "es_MX,").encode(),
        GOOD.replace("(210) 555-0101", "2105550101.0").encode(),
    ],
)
def test_the_same_list_however_it_was_saved(data: bytes) -> None:
    found = sheet(data)
    assert numbers(found) == ["+12105550101", "+12105550102"]
    assert [row.language for row in found.accepted] == ["en", "es"]
    assert [row.basis for row in found.accepted] == ["opted_in", "inbound_first"]
    assert found.rejected == []
    assert found.layout.doubt == ""


@pytest.mark.parametrize(
    ("cells", "kind", "reason"),
    [
        (",en,opted_in,", "invalid", "the number is missing"),
        ("hello,en,opted_in,", "invalid", "not a number that a text can reach"),
        ("12,en,opted_in,", "invalid", "not a number that a text can reach"),
        ("+1 210 555 0101 x12,en,opted_in,", "invalid", "not a number that a text can reach"),
        ("1-800-FLOWERS,en,opted_in,", "invalid", "not a number that a text can reach"),
        ("+18005550101,en,opted_in,", "invalid", "not a number that a text can reach"),
        ("911,en,opted_in,", "invalid", "not a number that a text can reach"),
        ("=HYPERLINK(1),en,opted_in,", "invalid", "not a number that a text can reach"),
        ("2.10555E+09,en,opted_in,", "invalid", "a spreadsheet has rounded the number: format the column as text"),
        ("2105550103\x00,en,opted_in,", "invalid", "the row holds a null byte"),
        ("2105550103,fr,opted_in,", "invalid", "the language is neither English nor Spanish"),
        ("2105550103,estonian,opted_in,", "invalid", "the language is neither English nor Spanish"),
        ("2105550103,en,,", "no_basis", "no basis: it must be inbound_first, opted_in or partner_referral"),
        ("2105550103,en,none,", "no_basis", "no basis: it must be inbound_first, opted_in or partner_referral"),
        ("2105550103,en,yes,", "no_basis", "no basis: it must be inbound_first, opted_in or partner_referral"),
        ("2105550103", "no_basis", "no basis: it must be inbound_first, opted_in or partner_referral"),
        ("2105550103,en,opted_in,Scraped", "no_basis", "no basis: consent cannot come from a bought, shared or "
                                                       "collected list"),
        ("2105550103,en,opted_in,rented list", "no_basis", "no basis: consent cannot come from a bought, shared or "
                                                           "collected list"),
    ],
)  # fmt: skip
def test_a_row_that_is_turned_away_says_why_and_does_not_keep_the_number(cells: str, kind: str, reason: str) -> None:
    found = sheet(GOOD + cells + "\n")
    (rejected,) = found.rejected
    assert (rejected.row, rejected.kind, rejected.reason) == (4, kind, reason)
    assert kind == "no_basis" or "0103" not in repr(rejected)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\n", "The file is empty."),
        (b"\x00" * 4000, "The file is empty."),
        (b"PK\x03\x04" + bytes(200), "This is a spreadsheet or zip file. Save it as CSV and upload that."),
        (b"\xd0\xcf\x11\xe0" + bytes(200), "This is an old Excel file. Save it as CSV and upload that."),
        (b"%PDF-1.7 ...", "This is a PDF, not a CSV file."),
        (b"\x89PNG\r\n", "This is a picture, not a CSV file."),
        (b"\x1f\x8b\x08", "This file is compressed. Unpack it and upload the CSV inside."),
        (b"  <!DOCTYPE html><title>x</title>", "This is a web page, not a CSV file."),
        (b'{"number": "2105550101"}', "This is JSON, not a CSV file."),
        (bytes(range(1, 200)) * 9, "This is not a text file. Save the list as CSV and upload that."),
        (b'number,basis\n"2105550101,opted_in\n', BROKEN),
        (b"number,basis\n" + b"1" * 200_000 + b",opted_in\n", BROKEN),
        (b"number\n" + b"1,2\n" * 40 + b"a," * 100, "The list has more than 100 columns. Keep those that are needed."),
    ],
)  # fmt: skip
def test_what_is_not_a_list_is_refused_in_plain_words(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        sheet(data)
    assert str(refused.value) == reason


def test_a_list_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    with pytest.raises(Unreadable, match="more than"):
        sheet("number\n" + "1\n" * 4)
    assert len(sheet("number\n" + "1\n" * 3).rejected) == 3
    monkeypatch.setattr(sheets, "MAX_BYTES", 100)
    with pytest.raises(Unreadable, match="larger than"):
        sheet(b"number\n" + b"x" * 100)
    assert MAX_BYTES == 64 * 1024 * 1024


@pytest.mark.parametrize(
    ("data", "columns", "doubt"),
    [
        ("2105550101,en,opted_in\n", {"number": 0, "language": 1, "basis": 2}, "The columns have no names"),
        ("opted_in;+1 (210) 555-0101\nnone;+1 (210) 555-0102\n", {"number": 1, "basis": 0}, "The columns have no"),
        ("who,reach,how\nAna,2105550101,opted_in\n", {"number": 1, "basis": 2}, "The columns have no names"),
        ("2105550101\n2105550102\n", {"number": 0}, "The columns have no names"),
        ("phone,cell,basis\n1,2,opted_in\n", {"number": 0, "basis": 2}, "Two columns look like the number."),
        ("name,basis\nx,opted_in\n", {"basis": 1}, "The first row must name the columns"),
        ("hello", {}, "The first row must name the columns"),
        ("a:phone:b\nx:2105550101:y\n", {"number": 1}, ""),
        ("phone^consent date^proof\n2105550101^2026-01-02^c7\n", {"number": 0, "agreed_on": 1, "evidence": 2}, ""),
    ],
)  # fmt: skip
def test_columns_are_guessed_and_a_doubt_is_said(data: str, columns: dict[str, int], doubt: str) -> None:
    layout = look(io.BytesIO(data.encode()))
    assert dict(layout.columns) == columns
    assert layout.doubt.startswith(doubt)
    assert bool(layout.doubt) == bool(doubt)


def test_a_list_that_was_bought_has_no_basis_whatever_its_rows_claim() -> None:
    for provenance in ("bought", "rented", "shared", "scraped"):
        found = sheet(GOOD, provenance=provenance, basis="opted_in")
        assert [one.kind for one in found.rejected] == ["no_basis", "no_basis"]
    assert len(sheet("number\n2105550101\n", basis="opted_in").accepted) == 1


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-01-31", date(2026, 1, 31)), ("1/31/2026", date(2026, 1, 31)), ("2026-01-31T10:00", date(2026, 1, 31)),
     ("2026-02-31", None), ("soon", None), ("", None)],
)  # fmt: skip
def test_days_are_read_as_machines_and_americans_write_them(text: str, day: date | None) -> None:
    assert agreed_on(text) == day


def test_a_shown_row_hides_its_digits() -> None:
    assert masked(["(210) 555-0101", "en", "7"]) == ["(•••) •••-••01", "en", "7"]


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_no_file_breaks_it(data: bytes) -> None:
    for body in (data, b"number,language,basis\n" + data):
        with suppress(Unreadable):
            layout = look(io.BytesIO(body))
            if "number" in layout.columns:
                sheet(body)


@given(st.lists(st.sampled_from(LINES)))
def test_every_row_is_accounted_for_and_row_numbers_are_the_spreadsheets(lines: list[str]) -> None:
    found = sheet("number,language,basis\n" + "\n".join(lines))
    written = [n for n, line in enumerate(lines, start=2) if line]
    assert sorted(row.row for row in (*found.accepted, *found.rejected)) == written


@pytest.mark.parametrize(
    ("raw", "region", "number"),
    [
        ("210-555-0101", "US", "+12105550101"),
        ("+44 20 7183 8750", "US", "+442071838750"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("210\u2011555\u20110101", "US", "+12105550101"),
        ("55 1253 7851", "MX", "+525512537851"),
    ],
)
def test_numbers_become_e164(raw: str, region: str, number: str) -> None:
    assert e164(raw, region) == number
