"""Bringing a list in the browser: sealed while it arrives, bounded, watched, its columns chosen, thrown away."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from bot.rules.sheet import MAX_BYTES
from bot.store import campaigns, lists
from bot.usecases import approve_campaign as approving
from bot.usecases import stage_list as staging
from bot.usecases.import_recipients import read_lists
from bot.web.campaigns import spool
from bot.web.campaigns.spool import BLOCK, SealedSpool
from tests.campaigns.stage import ADVOCATE, APPROVER, OUTREACH, Staged
from tests.campaigns.test_pages import FORM, Pages
from tests.web.line import Browser

UNSURE = "who;reach\nAna;2105550101\nLuz;2105550102\n"


@pytest.fixture
def pages(small_stage: Staged) -> Pages:
    return Pages(small_stage())


def upload(browser: Browser, path: str, data: bytes) -> TestResponse:
    """As a browser sends a file; the test client's own way leaves a file open when it is large."""
    fields = {**FORM, "pasted": "", "csrf_token": browser.token}
    head = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    head += '--b\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n\r\n'
    body = head.encode() + data + b"\r\n--b--\r\n"
    return browser.client.post(path, data=body, content_type="multipart/form-data; boundary=b")


def test_the_columns_are_shown_with_hidden_digits_and_chosen(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    address = pages.make(olga, pasted=UNSURE, basis="opted_in")
    page = olga.get(address).get_data(as_text=True)
    assert "Which column is what" in page
    assert "2: reach" in page
    assert "2105550101" not in page
    campaign_id = address.rsplit("/", 1)[1]
    olga.post(f"/campaigns/lists/{campaign_id}/columns", {"column-number": "1", "column-source": "0"})
    page = olga.get(address).get_data(as_text=True)
    assert "2 of 2 rows can be texted." in page
    assert "<dt>Number read from</dt><dd>reach</dd>" in page
    again = pages.make(olga, pasted=UNSURE.replace("01\n", "03\n"), basis="opted_in")
    assert "2 of 2 rows can be texted." in olga.get(again).get_data(as_text=True)


def test_whoever_wants_to_look_first_may(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    address = pages.make(olga, look_first="1")
    assert "You asked to look at the columns first." in olga.get(address).get_data(as_text=True)


def test_a_bought_list_is_taken_in_and_nobody_on_it_can_be_texted(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    address = pages.make(olga, provenance="bought")
    page = olga.get(address).get_data(as_text=True)
    assert "0 of 3 rows can be texted." in page
    assert "consent cannot come from a bought, shared or collected list" in page


def test_a_long_list_is_watched_and_the_page_asks_for_itself_when_it_is_read(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "PAGE", 1)
    olga = pages.browser(OUTREACH)
    address = pages.make(olga)
    campaign_id = address.rsplit("/", 1)[1]
    assert "0 of 3 rows read" in olga.get(address).get_data(as_text=True)
    assert "June list" in olga.get("/campaigns/").get_data(as_text=True)
    live = f"/campaigns/lists/{campaign_id}/live"
    first = olga.get(live)
    assert olga.get(live, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    read_lists(pages.stage.database, pages.stage.services)
    assert olga.get(live).headers["HX-Refresh"] == "true"
    assert "2 of 3 rows can be texted." in olga.get(address).get_data(as_text=True)


def test_a_list_is_thrown_away_by_those_who_bring_them(pages: Pages) -> None:
    olga, petra = pages.browser(OUTREACH), pages.browser(APPROVER)
    address = pages.make(olga)
    discard = f"/campaigns/lists/{address.rsplit('/', 1)[1]}/discard"
    petra.get(address)
    assert petra.post(discard).status_code == 403
    olga.get(address)
    assert olga.post(discard).headers["Location"] == "/campaigns/"
    assert olga.get(address).status_code == 404


def test_only_this_route_takes_more_and_only_from_those_who_may(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "LARGEST_UPLOAD", 9 * 1024 * 1024)
    monkeypatch.setattr("bot.web.campaigns.lists.LARGEST_UPLOAD", 9 * 1024 * 1024)
    large = b"number,basis\n" + b"2105550101,opted_in," * 350_000  # one line of 7 MB
    olga, ana = pages.browser(OUTREACH), pages.browser(ADVOCATE)
    olga.get("/campaigns/new")
    taken = upload(olga, "/campaigns/new", large)
    assert taken.status_code == 400
    assert "cannot be read as CSV" in taken.get_data(as_text=True)
    assert upload(ana, "/campaigns/new", large).status_code == 413
    assert upload(olga, "/campaigns/preview", large).status_code == 413
    assert upload(olga, "/campaigns/new", large + large).status_code == 413
    assert spool.LARGEST_PASTE < MAX_BYTES
    with pages.stage.database.reading() as tx:
        assert lists.unfinished(tx) == []


def test_what_arrives_lies_sealed_and_reads_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = b"".join(b"+1210555%04d,opted_in\n" % (n % 10_000) for n in range(60_000))
    with SealedSpool() as kept:
        for start in range(0, len(data), 60_001):
            kept.write(data[start : start + 60_001])
        assert kept._file is not None
        on_disk = os.pread(kept._file.fileno(), len(data), 0)
        assert len(on_disk) > BLOCK
        assert b"opted_in" not in on_disk
        assert list(tmp_path.iterdir()) == []  # it has no name
        kept.seek(0)
        assert io.BufferedReader(kept).read() == data
    with SealedSpool() as small:
        small.write(b"abc")
        small.seek(-1, os.SEEK_END)
        assert small.read() == b"c"


# Whatever is changed is not approved any more


def test_a_change_voids_the_approval_and_makes_its_author_unfit_to_approve(pages: Pages) -> None:
    stage = pages.stage
    campaign_id = stage.run("+12105550101,en,opted_in", "+12105550102,en,opted_in")
    changed = approving.change_campaign(
        stage.database, stage.services, campaign_id=campaign_id, keys=["O3"], sender="Petra", window=(11, 18),
        staff_id=stage.approver,
    )  # fmt: skip
    assert changed is None
    standing = stage.campaign(campaign_id)
    assert (standing.state, standing.approver_id, standing.author_id) == ("draft", None, stage.approver)
    assert stage.tick() == 0
    refused = stage.approve(campaign_id, stage.approver)
    assert refused is not None
    assert refused.reason == "A second person must approve it: you made it."


@pytest.mark.parametrize(
    "behind",
    [{"key": "O3"}, {"also": "O3"}, {"needs": "legal"}, {"follow_up": True}, {"window_from": 11},
     {"provenance": "partner"}, {"sender": "Eve"}, {"fingerprint": "x"}],
)
def test_what_is_changed_behind_everybodys_back_stops_it(pages: Pages, behind: dict[str, object]) -> None:
    stage = pages.stage
    campaign_id = stage.run("+12105550101,en,opted_in")
    with stage.database.transaction() as tx:
        if "fingerprint" in behind:
            reading = lists.of_campaign(tx, campaign_id)
            assert reading is not None
            lists.change(tx, reading.list_id, **behind)
        else:
            sealed = {"sender": tx.keys.seal("campaigns.sender", campaign_id, "Eve")} if "sender" in behind else behind
            campaigns.change(tx, campaign_id, **sealed)
    assert stage.tick() == 0
    assert stage.campaign(campaign_id).state == "draft"
    assert stage.texts() == []


def test_the_first_texts_of_a_campaign_page_can_be_changed_there(pages: Pages) -> None:
    stage = pages.stage
    campaign_id = stage.run("+12105550101,en,opted_in")
    olga = pages.browser(OUTREACH)
    page = olga.get(f"/campaigns/{campaign_id}").get_data(as_text=True)
    assert re.search("Change the words", page)
    data = {"key": "O3", "needs": "bed", "sender": "Olga", "window_from": "12", "window_to": "18"}
    olga.post(f"/campaigns/{campaign_id}/change", data)
    standing = stage.campaign(campaign_id)
    assert (standing.state, standing.key, standing.sender, standing.window) == ("draft", "O3", "Olga", (12, 18))
    assert "approved anew" in olga.get(f"/campaigns/{campaign_id}").get_data(as_text=True)
