"""Every row of an uploaded list is accounted for, and a file that is not one is refused in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.recipients import MAX_BYTES, MAX_ROWS, Sheet, Unreadable, e164, read_sheet

GOOD = "number,language,basis,source\n(210) 555-0101,en,opted_in,card\n+1 210 555 0102,es,inbound_first,\n"


BROKEN = "The file cannot be read as CSV: a quotation mark is not closed, or a cell is far too long."
LINES = ("2105550101,en,opted_in", "2105550102,,none", "x,en,opted_in", "", "2065550103,es,opted_in")


def sheet(data: bytes | str) -> Sheet:
    found = read_sheet(data.encode() if isinstance(data, str) else data, "US")
    assert isinstance(found, Sheet), found
    return found


def numbers(found: Sheet) -> list[str]:
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
    assert found.rejected == ()


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
        ("2105550101,en,opted_in,", "duplicates", "the same number as row 2"),
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
    assert found.rows == 3
    assert "0103" not in repr(found)


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
        (b"2105550101,en,opted_in\n", 'The first row must name the columns, and one of them must be "number".'),
        (b"name,basis\nx,opted_in\n", 'The first row must name the columns, and one of them must be "number".'),
        (b"phone,cell,basis\n1,2,opted_in\n", "Two columns look like the number. Keep one."),
        (b'number,basis\n"2105550101,opted_in\n', BROKEN),
        (b"number,basis\n" + b"1" * 200_000 + b",opted_in\n", BROKEN),
        (b"x" * (MAX_BYTES + 1), "The file is larger than 5 MB. Split it into smaller ones."),
        (b"number\n" + b"1\n" * (MAX_ROWS + 1), "The list has more than 20,000 rows. Split it into smaller ones."),
    ],
)  # fmt: skip
def test_what_is_not_a_list_is_refused_in_plain_words(data: bytes, reason: str) -> None:
    assert read_sheet(data, "US") == Unreadable(reason)


def test_headings_alone_are_an_empty_list() -> None:
    assert sheet("number,basis\n") == Sheet(0, (), ())


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_no_file_breaks_it_and_every_row_is_accounted_for(data: bytes) -> None:
    for body in (data, b"number,language,basis\n" + data):
        found = read_sheet(body, "US")
        if isinstance(found, Sheet):
            assert found.rows == len(found.accepted) + len(found.rejected)


@given(st.lists(st.sampled_from(LINES)))
def test_rows_add_up_and_row_numbers_are_the_spreadsheets(lines: list[str]) -> None:
    found = sheet("number,language,basis\n" + "\n".join(lines))
    written = [n for n, line in enumerate(lines, start=2) if line]
    assert sorted(row.row for row in (*found.accepted, *found.rejected)) == written
    assert len(set(numbers(found))) == len(found.accepted)


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
