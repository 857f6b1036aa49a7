"""Is nothing of a person on any page or in any answer that somebody outside can ask for?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.rules.visibility import Audience
from bot.store import directory, people
from bot.store.db import Database
from bot.usecases import provider_link
from bot.usecases.export_directory import export_directory
from bot.usecases.hold import Asked, ask
from bot.usecases.make_key import make_key
from bot.usecases.refusal import Refused
from tests.usecases.carrying import CEDAR, ROOM, Case, ana_has_somebody
from tests.usecases.line import PERSON
from tests.web.line import Browser, app_on

OUTSIDE = {"api", "openings", "observations", "health"}
"""Rooms that need no account. What the carrier posts to answers with an empty document (`test_twilio_door.py`)."""
NAME = "Marisol"


@pytest.fixture
def case(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    made = ana_has_somebody(sqlite_database, clock)
    made.yes("voice", "first_name", "number", "need", first_name=NAME)
    asked = ask(made.line.database, made.line.services, conversation_id=made.talk, stock_id=ROOM, staff_id=made.ana)
    assert isinstance(asked, Asked)
    transfer_id = made.begin()
    assert isinstance(transfer_id, str)
    made.do(transfer_id, "program_yes")
    made.line.text("I am Marisol and he comes back at six")
    return made


def of_the_person(case: Case) -> list[str]:
    with case.line.database.reading() as tx:
        person = people.find(tx, PERSON)
        assert person is not None
        return [NAME, PERSON, PERSON[2:], person.call_sign, person.person_id, case.talk, "comes back at six"]


def test_nothing_of_a_person_is_on_any_page_or_in_any_answer_to_the_outside(case: Case, tmp_path: Path) -> None:
    with case.line.database.reading() as tx:
        organization = directory.organization_of(tx, CEDAR)
    assert organization is not None
    key = make_key(case.line.database, organization, ("read", "report"))
    link = provider_link.give(case.line.database, program="Cedar-1")
    assert isinstance(key, str)
    assert not isinstance(link, Refused)
    app = app_on(case.line.services)
    browser, headers = Browser(app), {"Authorization": f"Bearer {key}"}
    seen: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] in OUTSIDE and "GET" in (rule.methods or ()):
            known = {name: link.token if name == "token" else CEDAR for name in rule.arguments}
            path = rule.rule
            for name, value in known.items():
                path = path.replace(f"<{name}>", value)
            seen[rule.endpoint] = browser.get(path, headers=headers).text
    matched = browser.client.post("/api/v1/matches", json={"need": ["bed"]}, headers=headers)
    assert matched.status_code == 200
    seen["matches"] = matched.text
    for audience in Audience:
        folder = tmp_path / f"{audience.value}.json"
        export_directory(case.line.database, folder, audience)
        seen[f"export {audience.value}"] = folder.read_text()
    assert {where.split(".")[0] for where in seen} > OUTSIDE - {"observations"}
    assert "Cedar-1" in seen["openings.show"]
    found = [(where, word) for where, text in seen.items() for word in of_the_person(case) if word in text]
    assert found == []
