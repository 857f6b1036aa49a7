"""What does a machine read at /api/v1: what is public without a key, what partners see with one, and no more?"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings

from bot import cli
from bot.adapters.clock import FakeClock
from bot.store import api_keys, directory, directory_places
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from bot.web.api import query
from tests.directory.official import faults
from tests.usecases.line import the_line
from tests.web.line import app_on


@pytest.fixture
def app(database: Database, clock: FakeClock) -> Flask:
    with database.transaction() as tx:
        add_demo_directory(tx)
    query._window.clear()
    made = app_on(the_line(database, clock).services)
    cli.register(made)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def read(client: FlaskClient, path: str, key: str | None = None, **parameters: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    response = client.get(f"/api/v1{path}", query_string=parameters, headers=headers)
    assert response.status_code == 200, response.text
    return response.json


def a_key(database: Database, organization_id: str = "demo-of-cedar", *scopes: str) -> str:
    with database.transaction() as tx:
        return api_keys.add(tx, organization_id, scopes or ("read",))


def test_every_endpoint_of_the_specification_answers(client: FlaskClient) -> None:
    about = read(client, "/")
    assert set(about) == {"version", "profile", "openapi_url"}
    for name in ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms"):
        page = read(client, f"/{name}", per_page=2)
        assert page["contents"], name
        one = read(client, f"/{name}/{page['contents'][0]['id']}")
        assert one["id"] == page["contents"][0]["id"]
        assert client.get(f"/api/v1/{name}/no-such-id").status_code == 404


def test_records_validate_against_the_official_schemas(client: FlaskClient, database: Database) -> None:
    key = a_key(database)
    for one in read(client, "/services", key, full="true", per_page=100)["contents"]:
        assert faults("service", one) == []
    for one in read(client, "/services", per_page=100)["contents"]:
        assert faults("service", one) == []
        assert not any(isinstance(value, list) for value in one.values())
    for one in read(client, "/organizations", full="true")["contents"]:
        assert faults("organization", one) == []
    for one in read(client, "/service_at_locations", full="true")["contents"]:
        assert faults("service_at_location", one) == []
    for one in read(client, "/taxonomy_terms", per_page=100)["contents"]:
        assert faults("taxonomy_term", one) == []


def test_a_key_shows_partners_records_and_a_bad_one_is_refused(client: FlaskClient, database: Database) -> None:
    key = a_key(database)
    public, partner = read(client, "/services"), read(client, "/services", key)
    assert public["total_items"] < partner["total_items"]
    with database.reading() as tx:
        seen_by = [p.visibility for p in tx.conn.execute(directory.programs.select())]
    assert public["total_items"] == seen_by.count("public")
    assert partner["total_items"] == len(seen_by) - seen_by.count("private") < len(seen_by)
    for bad in ("ql_nonsense", key + "x"):
        refused = client.get("/api/v1/services", headers={"X-API-Key": bad})
        assert (refused.status_code, set(refused.json)) == (401, {"error", "advice", "status"})
    reporting = a_key(database, "demo-of-cedar", "report")
    assert client.get("/api/v1/services", headers={"X-API-Key": reporting}).status_code == 401
    with database.transaction() as tx:
        tx.conn.execute(directory.organizations.update().values(vetting="suspended"))
    assert client.get("/api/v1/services", headers={"X-API-Key": key}).status_code == 401


def test_pages_follow_each_other_and_say_where_they_are(client: FlaskClient) -> None:
    total = read(client, "/services")["total_items"]
    seen: list[str] = []
    for page in range(1, 100):
        got = read(client, "/services", page=page, per_page=4)
        assert (got["first_page"], got["page_number"]) == (page == 1, page)
        seen += [one["id"] for one in got["contents"]]
        if got["last_page"]:
            break
    assert (len(seen), len(set(seen))) == (total, total)
    assert read(client, "/services", page=1000)["empty"]


def test_what_is_asked_for_is_what_comes(client: FlaskClient, database: Database, clock: FakeClock) -> None:
    organization = read(client, "/organizations", search="oak table")["contents"][0]
    of_it = read(client, "/services", organization_id=organization["id"], full="true")["contents"]
    assert of_it
    assert {one["organization"]["id"] for one in of_it} == {organization["id"]}
    term = next(one for one in of_it[0]["attributes"] if one["link_type"] == "service_type")["taxonomy_term_id"]
    for one in read(client, "/services", taxonomy_term_id=term, full="true")["contents"]:
        assert term in {attribute["taxonomy_term_id"] for attribute in one["attributes"]}
    assert read(client, "/services", taxonomy_term_id="nothing")["empty"]
    later = (clock.now() + timedelta(days=1)).isoformat()
    assert read(client, "/services", modified_after=later)["empty"]
    assert set(read(client, "/services", minimal="true")["contents"][0]) == {"id", "modified_date"}
    everywhere = read(client, "/service_at_locations")["total_items"]
    assert 0 < read(client, "/service_at_locations", postcode="78205")["total_items"] < everywhere


def test_a_search_does_not_tell_what_a_page_hides(client: FlaskClient, database: Database) -> None:
    with database.transaction() as tx:
        listing = {"name": "Marigold House"}
        tx.conn.execute(directory.programs.update().values(listing=listing))
    found = read(client, "/services", search="marigold", full="true")["contents"]
    assert found
    for one in found:
        assert not any(attribute.get("label") == "confidential" for attribute in one["attributes"])


def test_a_place_that_becomes_confidential_is_gone_at_once(client: FlaskClient, database: Database) -> None:
    place = read(client, "/service_at_locations", full="true")["contents"][0]
    with database.transaction() as tx:
        for row in tx.conn.execute(directory.programs.select()).all():
            directory_places.hide(tx, row.program_id)
    assert client.get(f"/api/v1/service_at_locations/{place['id']}").status_code == 404
    assert read(client, "/service_at_locations")["empty"]
    assert "Nowhere Street" not in json.dumps(read(client, "/services", full="true", per_page=100))


@pytest.mark.parametrize(
    "bad", ["page=0", "page=x", "per_page=101", "full=maybe", "modified_after=yesterday", "search=%00", "format=csv",
            "per_page=99999999999999999999", "search=" + "x" * 201]
)  # fmt: skip
def test_a_bad_question_is_answered_in_a_sentence(client: FlaskClient, bad: str) -> None:
    response = client.get(f"/api/v1/services?{bad}")
    assert response.status_code == 400
    assert bad.split("=")[0] in response.json["advice"]


def test_too_many_questions_wait(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_A_MINUTE", 2)
    codes = [client.get("/api/v1/").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert client.get("/api/v1/").headers["Retry-After"] == "60"


def test_a_key_is_printed_once_and_ends(app: Flask, client: FlaskClient) -> None:
    typed = app.test_cli_runner().invoke(args=["directory", "key", "demo-of-cedar"])
    key = typed.output.strip()
    assert typed.exit_code == 0
    assert read(client, "/services", key)["total_items"] > read(client, "/services")["total_items"]
    assert app.test_cli_runner().invoke(args=["directory", "key", "nobody"]).exit_code == 1
    app.test_cli_runner().invoke(args=["directory", "key", "demo-of-cedar", "--revoke"])
    assert client.get("/api/v1/services", headers={"X-API-Key": key}).status_code == 401


@pytest.mark.parametrize("keyed", [False, True])
def test_the_api_is_what_its_document_says(sqlite_database: Database, clock: FakeClock,
                                           monkeypatch: pytest.MonkeyPatch, keyed: bool) -> None:  # fmt: skip
    monkeypatch.setattr(query, "MOST_A_MINUTE", 1_000_000)
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    app = app_on(the_line(sqlite_database, clock).services)
    headers = {"X-API-Key": a_key(sqlite_database)} if keyed else {}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    tried: list[str] = []
    for operation in schema.get_all_operations():

        @settings(max_examples=5, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=operation.ok().as_strategy())
        def tries(case: Any) -> None:
            case.call_and_validate(headers=headers)

        tries()
        tried.append(operation.ok().label)
    described = app.test_client().get("/api/v1/openapi.json").json["paths"]
    assert set(tried) == {f"GET {path}" for path in described} - {"GET /openapi.json"}, "its own description it skips"
