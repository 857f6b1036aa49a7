"""May those who keep the directory give keys, say who reports, write down an intake and see what nobody could give?"""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.store import api_keys, candidates, directory_board, directory_criteria, directory_import, unmet
from bot.store.db import Database
from bot.store.directory_records import import_pages
from bot.usecases import import_directory
from bot.usecases.read_import_files import LEASE, read_import_files
from bot.usecases.seed import add_demo_directory
from bot.web.directory import imports
from tests.usecases.line import TheLine, the_line
from tests.web.line import Browser
from tests.web.test_directory_pages import CEDAR, ROOM, as_a

NUMBER = "+12105550177"
TWO = (
    "id,organization,program,kind,region,zip3,code_name,unit,maximum\n"
    "p1,Maple House,Maple,emergency_house,Ohio,432,Maple-9,bed,4\n"
    "p2,Maple House,Elm,emergency_house,Ohio,432,Elm-9,bed,4\n"
)


@pytest.fixture
def line(sqlite_database: Database, clock: FakeClock) -> TheLine:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(sqlite_database, clock)


@pytest.fixture
def dina(line: TheLine) -> Browser:
    return as_a(line, "directory")


def test_a_key_is_shown_once_seen_to_be_used_and_ended_by_itself(dina: Browser, line: TheLine) -> None:
    dina.get("/directory/keys")
    fields = {"organization": "demo-of-cedar", "name": "Bed board", "scopes": "read"}
    assert dina.post("/directory/keys", {**fields, "name": " "}).status_code == 409
    assert "no such organization" in dina.post("/directory/keys", {**fields, "organization": "Cedar"}).text
    page = dina.post("/directory/keys", fields).text
    found = re.search(r'class="secret">(ql_[\w-]+)<', page)
    assert found
    other = re.search(r'class="secret">(ql_[\w-]+)<', dina.post("/directory/keys", {**fields, "name": "Other"}).text)
    assert other
    page = dina.get("/directory/keys").text
    assert found[1] not in page
    assert "never" in page
    machine = Browser(dina.client.application).client
    assert machine.get("/api/v1/services", headers={"X-API-Key": found[1]}).status_code == 200
    with line.database.reading() as tx:
        key = next(one for one in api_keys.listed(tx) if one.name == "Bed board")
    assert key.last_used_at == line.clock.now()
    assert "It has ended" in dina.post(f"/directory/keys/{key.api_key_id}/end", follow_redirects=True).text
    assert dina.post(f"/directory/keys/{key.api_key_id}/end").status_code == 409
    assert machine.get("/api/v1/services", headers={"X-API-Key": found[1]}).status_code == 401
    assert machine.get("/api/v1/services", headers={"X-API-Key": other[1]}).status_code == 200


def test_who_only_keeps_records_sees_keys_and_makes_none(line: TheLine) -> None:
    rosa = as_a(line, "admin", alias="Rosa")
    assert "Make a key" not in rosa.get("/directory/keys").text
    assert rosa.post("/directory/keys", {"organization": "x"}).status_code == 403


def test_a_number_is_asked_confirms_by_text_and_is_removed_and_never_shown(dina: Browser, line: TheLine) -> None:
    dina.get(CEDAR)
    page = dina.post(f"{CEDAR}/reporters", {"number": "210 555 0177", "language": "es"}, follow_redirects=True).text
    assert "Asked, no yes yet: a number that ends in \u202677" in page.replace("&#8230;", "\u2026")
    assert NUMBER not in page
    assert line.said(NUMBER) == ["PU14"]
    line.text("si", sender=NUMBER)
    page = dina.get(CEDAR).text
    assert "Asked, no yes yet" not in page
    assert dina.post(f"{CEDAR}/reporters", {"number": "210 555 0177"}).status_code == 409
    which = re.findall(r'name="which" value="([^"]+)"[^>]*aria-label="Remove the number that ends in .77"', page)
    assert "counts nothing any more" in dina.post(f"{CEDAR}/reporters/remove", {"which": which[0]},
                                                   follow_redirects=True).text  # fmt: skip
    assert dina.post(f"{CEDAR}/reporters/remove", {"which": which[0]}).status_code == 409


def test_an_intake_is_written_down_read_again_and_refused_where_nobody_could_be_sure(dina: Browser) -> None:
    dina.get(CEDAR)
    fields = {"warm_transfer": "yes", "by": ["phone", "text"], "who_calls": "advocate", "interview_minutes": "20",
              "decision_within_h": "4", "needs_docs": "photo ID, none if fleeing",
              "hours": "Mon-Fri 9-17\nSat 10-14"}  # fmt: skip
    assert dina.post(f"{CEDAR}/intake", fields).status_code == 302
    page = dina.get(CEDAR).text
    for words in ("Mon-Fri 09:00-17:00; Sat 10:00-14:00", "phone, text", "photo ID, none if fleeing"):
        assert words in page, words
    bad = dina.post(f"{CEDAR}/intake", {**fields, "hours": "whenever we are in"})
    assert (bad.status_code, "whenever we are in" in bad.text) == (409, True)
    assert "Mon-Fri 09:00-17:00" in dina.get(CEDAR).text
    assert dina.post(f"{CEDAR}/intake", {**fields, "interview_minutes": "999"}).status_code == 409


def test_languages_and_steps_are_criteria_with_a_basis_and_the_matcher_reads_them(dina: Browser, line: TheLine) -> None:
    dina.get(CEDAR)
    assert dina.post(f"{CEDAR}/access", {"languages": "en, fr", "step_free": "no"}).status_code == 302
    assert dina.post(f"{CEDAR}/access", {"languages": "<b>"}).status_code == 409
    with line.database.reading() as tx:
        stock = next(o for o in candidates.every(tx) if o.stock_id == ROOM)
        newest = [one for one in directory_criteria.of_program(tx, "demo-cedar-1") if one.source == "staff"]
    assert (stock.facets["languages"], stock.facets["step_free"]) == (["en", "fr"], False)
    assert {(one.facet, one.basis, one.hardness) for one in newest} == {
        ("languages", "policy", "hard"), ("step_free", "building", "hard"),
    }  # fmt: skip


def test_whom_it_knows_well_is_claimed_until_somebody_saw_it(dina: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        directory_import.claim_specialisations(tx, [("demo-cedar-1", "native")])

    def known() -> set[str]:
        with line.database.reading() as tx:
            return set(directory_criteria.known_for(tx, ["native", "deaf"]).get("demo-cedar-1", ()))

    page = dina.get(CEDAR).text
    assert re.search(r'native <span class="badge warn">claimed', page)
    assert known() == set()
    dina.post(f"{CEDAR}/knows", {"tag": "native", "act": "verify"})
    dina.post(f"{CEDAR}/knows", {"tag": "deaf", "act": "verify"})
    assert known() == {"native", "deaf"}
    dina.post(f"{CEDAR}/knows", {"tag": "deaf", "act": "drop"})
    assert known() == {"native"}
    assert dina.post(f"{CEDAR}/knows", {"tag": "victims", "act": "verify"}).status_code == 409


def test_how_firm_a_line_is_reaches_the_matcher(dina: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        draft = directory_criteria.state(tx, program_id="demo-cedar-1", facet="pets", value=False, hardness="ask_human",
                                         basis="policy", source="csv", verified_by=None)  # fmt: skip
    dina.get(CEDAR)
    assert dina.post(f"{CEDAR}/criteria/{draft}", {"basis": "law", "hardness": "granite"}).status_code == 409
    assert dina.post(f"{CEDAR}/criteria/{draft}", {"basis": "law", "hardness": "soft"}).status_code == 302
    with line.database.reading() as tx:
        program = directory_board.program(tx, "Cedar-1")
    assert program is not None
    assert (program.facets["pets"], program.facets["soft"], program.facets["law"]) == (False, ["pets"], ["pets"])


def test_what_nobody_could_give_is_shown_in_sums_with_small_ones_hidden(dina: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        for n in range(30):
            unmet.count(tx, ["bed"], area="782" if n < 26 else "787", reason="full", who="men" if n < 15 else "women")
        for _ in range(3):
            unmet.count(tx, ["legal"], area="100", reason="no_program", who="other")
    page = dina.get("/directory/unmet?days=30").text
    assert "30 times" in page
    assert "fewer than 11" in page
    assert "787" in page
    assert not re.search(r"<dd[^>]*>(4|26|3)</dd>", page), "a small cell, or the one it could be worked out from"
    rows = list(csv.reader(io.StringIO(dina.get("/directory/unmet.csv?days=30").text)))
    assert rows[0] == ["need", "by", "value", "number"]
    assert ["bed", "all", "", "30"] in rows
    assert ["bed", "area", "787", ""] in rows
    assert ["bed", "area", "782", ""] in rows
    assert ["legal", "all", "", ""] in rows
    assert all(row[3] == "" for row in rows if row[0] == "legal")
    assert dina.get("/directory/unmet?days=9999").status_code == 200


def bring(browser: Browser, words: str) -> tuple[str, str]:
    browser.get("/directory/import")
    file = {"file": (io.BytesIO(words.encode()), "../ours.csv")}
    answer = browser.post("/directory/import", file, follow_redirects=True)
    assert answer.status_code == 200
    return answer.request.path, answer.text


def test_a_large_file_is_read_by_the_worker_and_its_page_says_how_far(
    dina: Browser, line: TheLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 10)
    monkeypatch.setattr(import_directory, "BATCH", 1)
    before = line.services.nudges.rings  # type: ignore[attr-defined]
    path, page = bring(dina, TWO)
    assert line.services.nudges.rings > before  # type: ignore[attr-defined]
    assert "waits for the worker" in page
    assert 'http-equiv="refresh"' in page
    with line.database.reading() as tx:
        assert b"Maple" not in b"".join(tx.conn.execute(select(import_pages.c.body)).scalars())
        assert directory_board.program(tx, "Maple-9") is None

    put, seen = import_directory._put, []

    def dies(*args: object) -> None:
        seen.append(1)
        if len(seen) == 2:
            raise RuntimeError("killed")
        put(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(import_directory, "_put", dies)
    with pytest.raises(RuntimeError, match="killed"):
        read_import_files(line.database, line.services)
    assert "1 of 2 records are in" in dina.get(path).text
    assert not read_import_files(line.database, line.services), "its lease stands"
    line.clock.advance(LEASE)
    assert read_import_files(line.database, line.services)
    assert len(seen) == 3, "what is in is not read again"
    page = as_a(line, "lead", alias="Lena").get(path).text
    assert re.search(r"<dt>new</dt><dd>2</dd>", page)
    assert 'http-equiv="refresh"' not in page
    assert not read_import_files(line.database, line.services)
    with line.database.reading() as tx:
        assert tx.conn.execute(select(import_pages.c.page_id)).all() == []
        assert directory_board.program(tx, "Elm-9") is not None


def test_a_large_file_that_is_none_is_refused_and_says_so(dina: Browser, line: TheLine,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(imports, "AT_ONCE", 10)
    path, _ = bring(dina, "neither,this,nor\nthat,is,it\n")
    assert read_import_files(line.database, line.services)
    assert "nothing of it was taken" in dina.get(path).text
