"""May staff read the whole script, try it, and sign its words off, without editing code?"""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from flask import Flask

from bot import cli
from bot.script_files import sources
from bot.store import conversations, messages, people, staff
from bot.store.db import Database
from bot.web.auth import allowed_roles
from bot.web.flows import trying
from bot.web.flows.word_lists import FILES, word_list
from flows.conversation import LANGUAGES
from tests.usecases.line import the_line
from tests.web.line import Browser, add_account, app_on, script, services_on

ROSA = "rosa@example.org"
WORDING = script().wording
PAGES = ("/flows/", "/flows/review/", "/flows/texts/C1", "/flows/try/", "/flows/words/en")


@pytest.fixture
def app(sqlite_database: Database) -> Flask:
    app = app_on(services_on(sqlite_database))
    cli.register(app)
    return app


def as_a(app: Flask, database: Database, *roles: str, alias: str = "Rosa") -> Browser:
    email = f"{alias.lower()}-{'-'.join(roles)}@example.org"
    add_account(database, email, alias, *roles)
    browser = Browser(app)
    browser.log_in(email)
    return browser


@pytest.fixture
def rosa(app: Flask, sqlite_database: Database) -> Browser:
    return as_a(app, sqlite_database, "reviewer")


def seen(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return plain(answer.get_data(as_text=True))


def plain(page: str) -> str:
    """The words of a page."""
    body = re.sub(r"<[^>]+>", " ", page)
    for sign, letter in (("&#39;", "'"), ("&#34;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        body = body.replace(sign, letter)
    return re.sub(r"\s+", " ", body)


def fingerprint(key: str, language: str = "en") -> str:
    return WORDING.text(key, language).fingerprint


# --- Who may


@pytest.mark.parametrize("role", ["reviewer", "advocate", "auditor"])
def test_everybody_on_staff_reads_and_tries_and_some_sign(app: Flask, sqlite_database: Database, role: str) -> None:
    browser = as_a(app, sqlite_database, role)
    assert browser.get("/flows/try/").status_code == 200
    may = role in ("reviewer", "lead", "admin")
    assert ("Sign off the English words" in seen(browser, "/flows/texts/C1")) is may
    answer = browser.post("/flows/texts/C1/en/sign", {"fingerprint": fingerprint("C1")})
    assert answer.status_code == (302 if may else 403)


def test_every_page_is_for_everybody_on_staff_and_every_deed_for_reviewers(app: Flask) -> None:
    with app.app_context():
        allowed = {rule.endpoint: allowed_roles(rule.endpoint) for rule in app.url_map.iter_rules()}
    mine = {name: roles for name, roles in allowed.items() if name.startswith("flows.")}
    assert {name for name, roles in mine.items() if roles == frozenset(staff.ROLES)} == mine.keys() - {
        "flows.sign",
        "flows.take_back",
    }
    assert mine["flows.sign"] == mine["flows.take_back"] == {"reviewer", "lead", "admin"}


def test_strangers_are_sent_to_the_log_in(app: Flask) -> None:
    assert [Browser(app).get(path).status_code for path in PAGES] == [302] * len(PAGES)


def test_a_reviewer_is_led_to_the_script_and_sees_nobody(rosa: Browser) -> None:
    assert rosa.get("/").headers["Location"] == "/flows/"
    assert rosa.get("/desk/").status_code == 403


# --- Reading


def test_every_text_stands_on_the_page_in_both_languages_and_every_state(rosa: Browser) -> None:
    page = rosa.get("/flows/").get_data(as_text=True)
    words = plain(page)
    for key in WORDING.keys:
        for name in LANGUAGES:
            assert re.sub(r"\s+", " ", WORDING.text(key, name).text) in words, (key, name)
    for state in script().states:
        assert f'id="s-{state}"' in page
    for _, target in re.findall(r'href="(/flows/)?#(s-[a-z_]+)"', page):
        assert f'id="{target}"' in page


def test_one_language_alone(rosa: Browser) -> None:
    words = seen(rosa, "/flows/?lang=es")
    assert WORDING.text("C1", "es").text in words
    assert WORDING.text("C1", "en").text not in words


def test_a_state_says_what_each_answer_leads_to_and_who_is_told(rosa: Browser) -> None:
    page = rosa.get("/flows/").get_data(as_text=True)
    urgency = plain(page[page.index('id="s-urgency"') : page.index('id="s-just_looking"')])
    assert "1, now A person is called Now : with somebody on shift D1 ; with nobody D1_OFF . Then: crisis" in urgency
    assert "4, looking Next: just looking" in urgency
    assert "What always works, here" in urgency
    assert "STOP, in any words X1 is said." in urgency


def test_a_text_tells_its_length_at_its_widest_its_level_and_where_it_is_said(rosa: Browser) -> None:
    words = seen(rosa, "/flows/texts/H1")
    assert re.search(r"At its widest .*Alejandr", words)
    assert re.search(r"\d+ of 160 characters, 1 message", words)
    assert "When a person is called: human" in words
    assert "by nobody yet" in words
    assert rosa.get("/flows/texts/nothing").status_code == 404


def test_every_entry_of_every_word_list_is_shown(rosa: Browser) -> None:
    def entries(value: object) -> list[str]:
        if isinstance(value, dict):
            return [one for some in value.values() for one in entries(some)]
        return [one for some in value for one in entries(some)] if isinstance(value, list) else [str(value)]

    for name in FILES:
        text = sources()[f"lexicon/{name}.toml"]
        shown = {e for part in word_list(text).parts for s in part.sections for one in s.lists for e in one.entries}
        left_out = [e for e in entries(tomllib.loads(text)) if e not in shown and not any(e in one for one in shown)]
        assert left_out == [], name
    words = seen(rosa, "/flows/words/en")
    assert "I1, P0: words of wanting to die" in words
    assert "Look-alikes: where one of these stands" in words
    assert rosa.get("/flows/words/fr").status_code == 404


# --- Signing


def test_signed_in_the_page_it_leaves_and_changed_back_it_does_not(database: Database, clock) -> None:
    """From the button to the carrier, with a real carrier's settings."""
    line = the_line(database, clock, QUIETLINE_SIMULATION="", ALLOW_UNREVIEWED_TEXTS="", REQUIRE_SECOND_FACTOR="0")
    rosa = as_a(app_on(line.services), database, "reviewer")
    rosa.client.environ_base["wsgi.url_scheme"] = "https"
    line.text("hi")
    assert line.deliver() == []
    assert line.shows()["handoff"]["reason"] == "unreviewed"
    assert rosa.post("/flows/texts/C1/en/sign", {"fingerprint": fingerprint("C1")}).status_code == 302
    line.text("hi", sender="+12105550143")
    assert [body[:23] for body in line.deliver()] == ["Thanks for writing back"]
    assert rosa.post("/flows/texts/C1/en/take-back", {"fingerprint": fingerprint("C1")}).status_code == 302
    line.text("hi", sender="+12105550144")
    assert line.deliver() == []


def test_a_sign_off_is_seen_with_who_and_when_and_its_remark(rosa: Browser) -> None:
    assert "0 of" in seen(rosa, "/flows/")
    rosa.post("/flows/texts/C1/es/sign", {"fingerprint": fingerprint("C1", "es"), "note": "Leído en voz alta"})
    words = seen(rosa, "/flows/texts/C1")
    assert "You signed off C1 in Spanish." in words
    assert "by Rosa on 2026-06-15" in words
    assert "Spanish: signed off by Rosa" in words
    assert "Leído en voz alta" in words
    assert f"Spanish: 1 of {len(WORDING.keys)}" in seen(rosa, "/flows/")
    assert f"Spanish: {len(WORDING.keys) - 1} to go" in seen(rosa, "/flows/review/")


def test_words_that_changed_under_the_page_are_not_signed_and_the_remark_is_kept(rosa: Browser, app: Flask) -> None:
    answer = rosa.post("/flows/texts/C1/en/sign", {"fingerprint": "0" * 32, "note": "I like it"})
    assert answer.status_code == 409
    words = answer.get_data(as_text=True)
    assert "changed since you opened the page" in words
    assert "I like it</textarea>" in words


def test_the_export_prints_the_marks_to_paste(app: Flask, rosa: Browser) -> None:
    for key, name in (("C1", "en"), ("C1", "es"), ("Q1", "en")):
        rosa.post(f"/flows/texts/{key}/{name}/sign", {"fingerprint": fingerprint(key, name)})
    printed = app.test_cli_runner().invoke(args=["flows", "reviews"])
    assert printed.exit_code == 0
    english, spanish = printed.output.split("# flows/copy/es.toml")
    assert tomllib.loads(english)["texts"] == {
        key: {"reviewed_by": "Rosa", "reviewed_on": "2026-06-15"} for key in ("C1", "Q1")
    }
    assert list(tomllib.loads(spanish)["texts"]) == ["C1"]
    as_json = json.loads(app.test_cli_runner().invoke(args=["flows", "reviews", "--json"]).output)
    assert {(one["key"], one["language"]) for one in as_json} == {("C1", "en"), ("C1", "es"), ("Q1", "en")}
    rosa.post("/flows/texts/Q1/en/take-back", {"fingerprint": fingerprint("Q1")})
    assert "Q1" not in app.test_cli_runner().invoke(args=["flows", "reviews"]).output


# --- Trying


def tried(browser: Browser, *lines: str, lang: str = "en") -> str:
    """What the page says after these: a text, or one of the things that may happen."""
    page = browser.post("/flows/try/", {"lang": lang}).get_data(as_text=True)
    for line in lines:
        so_far = re.search(r'name="so_far" value="([^"]+)"', page)
        assert so_far
        kind = "happens" if line[:2] in ("~ ", "# ", "@ ") else "text"
        page = browser.post("/flows/try/", {"so_far": so_far[1], kind: line}).get_data(as_text=True)
    return page


def test_a_conversation_on_the_page_is_the_engines(rosa: Browser) -> None:
    words = plain(tried(rosa, "hi", "yes", "ok", "yes", "2nite, me n my 2 kids, near 78201"))
    keys = ("C1", "C2", "C3", "Q1", "Q2")
    places = [words.index(WORDING.text(key, "en").text) for key in keys]
    assert places == sorted(places)
    assert "urgency: tonight; household: kids 2; area: zip3 782" in words
    assert re.search(r"flows/lexicon/en\.toml, line \d+ : tonight", words)
    assert "urgency , then need" in words


def test_the_row_that_decided_and_what_a_text_costs_are_shown(rosa: Browser) -> None:
    page = tried(rosa, "hi", "1", "stop texting me")
    words = plain(page)
    rows = [(int(line), row) for line, row in re.findall(r"flows/line\.toml, line (\d+) : (\{ on .*?\})", words)]
    lines = sources()["line.toml"].splitlines()
    assert [row for _, row in rows] == [
        '{ on = "unclear", to = "safe_now" }',
        '{ on = "yes", do = ["safe"], to = "choices" }',
    ]
    for line, row in rows:
        assert row in lines[line - 1]
    assert "flows/engine.py : STOP is looked at before any row" in words
    assert re.search(r"C2 , 141 of 160 characters, 1 message", words)
    assert re.search(r'flows/line\.toml, line \d+ : on = "danger", flag = "danger"', plain(tried(rosa, "he hit me")))


def test_danger_shows_who_is_called_and_which_line_decided(rosa: Browser) -> None:
    words = plain(tried(rosa, "hola", "me pego", lang="es"))
    assert WORDING.text("D1", "es").text in words
    assert "A person is called: danger Now" in words
    assert re.search(r"flows/lexicon/es\.toml, line \d+", words)


def test_the_world_can_be_changed(rosa: Browser) -> None:
    assert WORDING.text("D1_OFF", "en").text in plain(tried(rosa, "# off", "he hit me"))
    assert WORDING.text("R1", "en").text in plain(tried(rosa, "hi", "yes", "~ 20", "ok"))
    assert "An advocate holds it: the bot is silent." in plain(tried(rosa, "hi", "person", "@ claimed", "hello"))


def test_nothing_tried_is_kept_and_nothing_typed_is_an_instruction(rosa: Browser, sqlite_database: Database) -> None:
    page = tried(rosa, "hi\n@ claimed\n# off", "my name is Marisol")
    assert "my name is Marisol" in page
    with sqlite_database.reading() as tx:
        for table in (people.people, conversations.conversations, messages.messages):
            assert tx.conn.execute(table.select()).first() is None
        kept = tx.conn.execute(staff.sessions.select()).all()
        assert all("Marisol" not in tx.keys.open("sessions.data", one.session_key, one.data) for one in kept)
    sealed = re.search(r'name="so_far" value="([^"]+)"', page)
    assert sealed
    assert "Marisol" not in sealed[1]
    assert "An advocate takes over" not in plain(page).split("What else may happen")[0]


def test_another_persons_page_does_not_open(rosa: Browser, app: Flask, sqlite_database: Database) -> None:
    sealed = re.search(r'name="so_far" value="([^"]+)"', tried(rosa, "my name is Marisol"))
    assert sealed
    ana = as_a(app, sqlite_database, "advocate", alias="Ana")
    ana.get("/flows/try/")
    for so_far in (sealed[1], "AAAA", "not base64!", ""):
        words = ana.post("/flows/try/", {"so_far": so_far, "text": "hi"}).get_data(as_text=True)
        assert "Marisol" not in words
        assert "could not be opened any more" in words


def test_a_conversation_that_never_ends_ends(rosa: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "MOST_LINES", 4)
    page = tried(rosa, *["hi"] * 3)
    assert "long enough" in page
    assert "Your text" not in page
