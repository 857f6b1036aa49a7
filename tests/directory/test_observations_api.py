"""May a machine put in its own organization's counts, once each, and ask what fits?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.adapters.clock import FakeClock
from bot.store import api_keys, directory
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from tests.directory.test_report_opening import room
from tests.usecases.line import TheLine, the_line
from tests.web.line import app_on


class Machine:
    """A client with a key of the organization that runs Cedar-1."""

    def __init__(self, line: TheLine, *scopes: str) -> None:
        with line.database.transaction() as tx:
            self.key = api_keys.add(tx, "demo-of-cedar", scopes)
        self.client: FlaskClient = app_on(line.services).test_client()

    def post(self, path: str, body: Any, key: str | None = None) -> TestResponse:
        return self.client.post(f"/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {key or self.key}"})


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(database, clock)


def test_a_count_by_key_and_the_same_again_is_one(line: TheLine) -> None:
    machine = Machine(line, "report")
    count = {"program": "Cedar-1", "available": 4, "observed_at": line.clock.now().isoformat()}
    assert [machine.post("observations", count).status_code for _ in range(2)] == [201, 200]
    assert room(line, "demo-cedar-1") == {"room": 4}
    earlier = {"program": "Cedar-1", "available": 1, "observed_at": "2026-06-14T00:00:00Z"}
    assert machine.post("observations", earlier).status_code == 201
    assert room(line, "demo-cedar-1") == {"room": 4}, "out of order: both are kept, the newest is told"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"program": "Cedar-1", "available": 99}, 422),
        ({"program": "Cedar-1", "available": -1}, 422),
        ({"program": "Birch-1", "available": 1}, 422),  # another organization's is as good as not there
        ({"program": "Cedar-1", "available": True}, 400),
        ({"program": "Cedar-1", "available": "2"}, 400),
        ({"program": "Cedar-1", "available": 1, "observed_at": "soon"}, 400),
        ({"program": "Cedar-1", "available": 1, "observed_at": "2030-01-01T00:00:00Z"}, 422),
        ([], 400),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(line: TheLine, body: Any, code: int) -> None:
    answer = Machine(line, "report").post("observations", body)
    assert (answer.status_code, set(answer.get_json())) == (code, {"error"})
    assert room(line, "demo-cedar-1") == {"room": 2}
    assert room(line, "demo-birch-1") == {"bed": 9}


def test_a_key_does_what_it_may_and_no_more(line: TheLine) -> None:
    reads, reports = Machine(line, "read"), Machine(line, "report")
    count = {"program": "Cedar-1", "available": 4}
    assert reads.post("observations", count).status_code == 403
    assert reports.post("matches", {}).status_code == 403
    assert reports.post("observations", count, key="ql_nonsense").status_code == 401
    with line.database.transaction() as tx:
        api_keys.revoke(tx, "demo-of-cedar")
    assert reports.post("observations", count).status_code == 401
    assert room(line, "demo-cedar-1") == {"room": 2}


def test_a_match_says_yes_or_ask_and_never_how_many(line: TheLine) -> None:
    machine = Machine(line, "read")
    mother = {"need": ["bed"], "area": "78201", "age": "25up", "household": {"kids": 2, "kid_ages": [3, 5]},
              "places": ["women"], "musts": ["phone"]}  # fmt: skip
    (found,) = machine.post("matches", mother).get_json()
    assert (found["program"], found["verdict"], found["open"]) == ("demo-cedar-1", "fits", "yes")
    assert "available" not in found
    for wrong in ({"area": "xyzzy"}, {"income": 3}, {"need": "bed"}, {"household": {"cousin": True}}):
        assert machine.post("matches", wrong).status_code == 400, wrong


def test_a_suspended_organizations_key_opens_nothing_in_the_same_moment(line: TheLine) -> None:
    machine = Machine(line, "report", "read")
    with line.database.transaction() as tx:
        tx.conn.execute(directory.organizations.update().values(vetting="suspended"))
    assert machine.post("observations", {"program": "Cedar-1", "available": 4}).status_code == 401
    assert machine.post("matches", {"need": ["bed"]}).status_code == 401


def test_the_use_of_a_key_is_noted_an_hour_apart(line: TheLine) -> None:
    machine = Machine(line, "read")

    def used() -> datetime | None:
        with line.database.reading() as tx:
            return api_keys.listed(tx)[0].last_used_at

    assert used() is None
    machine.post("matches", {"need": ["bed"]}, key="ql_nonsense")
    assert used() is None
    machine.post("matches", {"need": ["bed"]})
    first = used()
    assert first == line.clock.now()
    line.clock.advance(timedelta(minutes=59))
    machine.client.get("/api/v1/services", headers={"X-API-Key": machine.key})
    assert used() == first
    line.clock.advance(timedelta(minutes=1))
    machine.client.get("/api/v1/services", headers={"X-API-Key": machine.key})
    assert used() == line.clock.now()
