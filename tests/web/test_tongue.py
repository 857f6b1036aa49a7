"""Is every page of the desk whole in Spanish, and does each account get its own language?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO

import pytest
from babel.messages.mofile import write_mo
from babel.support import Translations
from flask import Flask
from sqlalchemy import select

from bot.rules.phrases import counted, listed, phrase, phrases
from bot.store import pages, people, staff
from bot.store.db import Database
from bot.store.directory import programs
from bot.usecases import page_staff
from bot.usecases.hold import ask
from bot.usecases.send_pages import send_pages
from bot.web import tongue
from tests.sentences import FOLDER, all_of_them, catalogue, glued
from tests.usecases.carrying import ROOM, Case, ana_has_somebody
from tests.usecases.line import PERSON
from tests.web.line import PASSWORD, Browser, add_account, app_on, services_on, staff_login

PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|<[^>]+>")
ROOMS = ("desk", "team", "search", "promises", "follow_ups", "account", "auth", "staff")
SAID_AS_IT_IS = {"alt", "aria-label", "title", "placeholder", "data-head", "data-say", "data-title"}
"""Attributes that somebody reads or hears."""
NOBODYS = re.compile(
    r"\b(Ana|ZIP|UTC|CSV|Maple Help Desk|Quietline|GSM-7|America/Chicago|English|Español|jun|"
    r"lun|mar|mié|jue|vie|sáb|dom|lunes|martes|miércoles|jueves|viernes|sábado|domingo|junio|A|B|[0-9a-f]{8}|"
    r"(San Antonio|Dallas|Houston|Seattle) area|United States)\b"
)
"""Names, and what has no language."""


def words_of(sentence: object) -> list[str]:
    return [sentence] if isinstance(sentence, str) else list(sentence)  # type: ignore[call-overload]


@pytest.mark.parametrize("language", [name for name in tongue.NAMES if name != "en"])
def test_every_sentence_is_said_in_it_and_nothing_else_stands_there(language: str) -> None:
    said = {message.id: message for message in catalogue(FOLDER / f"{language}.po") if message.id}
    found = all_of_them()
    assert len(found) > 1_000, "the sources are no longer read"
    assert set(found) - set(said) == set(), "run: python -m tests.sentences, then translate"
    assert set(said) - set(found) == set(), "nobody says this any more: run python -m tests.sentences"
    for sentence, message in said.items():
        for text in words_of(message.string):
            assert text, sentence
            assert sorted(set(PLACEHOLDER.findall(text))) == sorted(set(PLACEHOLDER.findall(words_of(sentence)[-1])))
            assert (text[0] == " ", text[-1] in ".?…") == (words_of(sentence)[0][0] == " ", text[-1] in ".?…")


def test_no_sentence_is_glued_of_fragments() -> None:
    assert glued() == [], "write phrase('… %(name)s …', name=…)"


def test_a_phrase_is_english_and_remembers_how_it_was_made() -> None:
    said = phrase("%(who)s, late by %(ago)s", who="Ana", ago=counted("%(n)s hour", "%(n)s hours", 2))
    assert said == "Ana, late by 2 hours"
    assert tongue._phrase(said) == said
    table = phrases({"a": ("Taken back", "Kept")})
    assert table == {"a": ("Taken back", "Kept")}
    assert listed([table["a"][0].lower(), "x"], phrase(" and ")) == "taken back and x"


def test_a_phrase_is_said_in_the_readers_language_with_everything_in_it(case: Case) -> None:
    app = app_on(case.line.services)
    hours = counted("%(n)s hour", "%(n)s hours", 2)
    with app.test_request_context(headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}):
        assert tongue.say(phrase("late by %(ago)s", ago=hours)) == "con retraso de 2 horas"
        assert tongue.say(listed([phrase("English"), phrase("Spanish")], phrase(" and ")).lower()) == "inglés y español"
        assert tongue.say("Take %(call_sign)s", call_sign="<b>") == "Tomar a <b>", "escaped where it is drawn"
        assert tongue.say("") == ""
        drawn = app.jinja_env.from_string("{{ _(x) }} {% trans who %}Take {{ who }}{% endtrans %} {{ p }}")
        assert drawn.render(x="<i>", who="<b>", p=phrase("Kept")) == "&lt;i&gt; Take &lt;b&gt; Cumplida"
    with app.test_request_context(headers={"Accept-Language": "fr,de;q=0.9"}):
        assert tongue.say(phrase("late by %(ago)s", ago=hours)) == "late by 2 hours"


class Read(HTMLParser):
    """What somebody sees or hears of a page, but for a person's own words and what is marked as another language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language, self.said, self._within, self._quiet = language, [], [], 0  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        other = given.get("lang") not in (None, self.language) or "auto" in (given.get("dir"), given.get("data-copy"))
        self._within.append((tag, other or tag in ("script", "style", "code", "textarea")))
        if not any(quiet for _, quiet in self._within):
            self.said += [value for name, value in attrs if name in SAID_AS_IT_IS and value]
        if tag in ("meta", "link", "input", "br", "img", "hr", "path", "rect"):
            self._within.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(quiet for _, quiet in self._within):
            self.said.append(data.strip())


def bracketed() -> Translations:
    """A language in which every sentence we have stands in brackets: what does not was never asked for."""
    pseudo = catalogue(FOLDER / "es.po")
    for message in pseudo:
        if message.id and message.pluralizable:
            message.string = tuple(f"⟦{one}⟧" for one in message.id)
        elif message.id:
            message.string = f"⟦{message.id}⟧"
    made = BytesIO()
    write_mo(made, pseudo)
    made.seek(0)
    return Translations(made)


def without_ours(page: str) -> str:
    """The page without any sentence of ours, and without what was put into one."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", page)) != page:
        page = shorter
    return page


def bare(text: str) -> str:
    return re.sub(r"[\d\W_]+", " ", NOBODYS.sub("", text)).strip()


@pytest.fixture
def case(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    """Somebody in Ana's hands for whom everything is under way that a page can show."""
    made = ana_has_somebody(sqlite_database, clock)
    made.line.text("he comes back at 6, where can I go?")
    made.yes("voice", "need")
    ask(made.line.database, made.line.services, conversation_id=made.talk, stock_id=ROOM, staff_id=made.ana)
    made.begin()
    with made.line.database.transaction() as tx:
        staff.update(tx, made.ana, roles="advocate,lead,admin,auditor", page_language="es")
    return made


def pages_of(app: Flask, case: Case) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] in ROOMS and "GET" in (rule.methods or ()):
            path = rule.rule
            for name in rule.arguments:
                path = re.sub(rf"<(\w+(\(\d+\))?:)?{name}>", case.talk if "conversation" in name else "es", path)
            if not path.endswith((".csv", ".svg", ".js", ".webmanifest")):
                yield path


def test_no_page_of_the_desk_shows_a_word_that_was_not_asked_for_in_spanish(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    pseudo = bracketed()
    monkeypatch.setattr(tongue, "translations", lambda language: pseudo if language == "es" else Translations())
    staff_login(case.line.database, case.ana)
    app = app_on(case.line.services)
    browser = Browser(app)
    assert browser.log_in("ana@example.org", PASSWORD).status_code == 302
    with case.line.database.reading() as tx:
        person = people.find(tx, PERSON)
        assert person is not None
        names = [person.call_sign, *tx.conn.execute(select(programs.c.code_name)).scalars()]
    nobodys = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    left: dict[str, set[str]] = {}
    seen = 0
    for path in pages_of(app, case):
        answer = browser.get(path, headers={"Accept-Language": "es"})
        if answer.status_code != 200 or "html" not in answer.content_type:
            continue
        seen += 1
        page = Read("es")
        page.feed(without_ours(nobodys.sub("", answer.text)))
        if found := {bare(text) for text in page.said} - {""}:
            left[path] = found
    assert seen > 15
    assert left == {}


def lang_of(page: str) -> str:
    found = re.search(r'<html lang="(\w+)"', page)
    assert found
    return found[1]


def test_before_a_log_in_the_browser_is_asked_and_a_press_says_otherwise(sqlite_database: Database) -> None:
    browser = Browser(app_on(services_on(sqlite_database)))
    assert lang_of(browser.get("/desk/login").text) == "en"
    spanish = browser.get("/desk/login", headers={"Accept-Language": "es-US,es;q=0.9"}).text
    assert lang_of(spanish) == "es"
    assert "Contraseña" in spanish
    assert browser.get("/desk/language/es?next=/desk/login?next=/desk/lead").location == "/desk/login?next=/desk/lead"
    assert browser.get("/desk/language/es?next=https://elsewhere.example/").location == "/desk/login"
    assert lang_of(browser.get("/desk/login").text) == "es"
    assert "Aquí no hay nada" in browser.get("/desk/nothing").text
    assert "no son correctos" in browser.post("/desk/login", {"email": "x@y.zz", "password": "no"}).text
    assert browser.get("/desk/language/tlh").status_code == 404


def test_an_account_keeps_its_language_on_every_device(sqlite_database: Database) -> None:
    line = services_on(sqlite_database)
    add_account(sqlite_database, "ana@example.org", "Ana", "advocate", "admin")
    browser = Browser(app_on(line))
    browser.log_in("ana@example.org")
    assert lang_of(browser.get("/desk/", headers={"Accept-Language": "es"}).text) == "es", "until one is chosen"
    page = browser.post("/desk/account/language", {"page_language": "es"}, follow_redirects=True).text
    assert "Sus páginas están ahora en español." in page
    assert browser.post("/desk/account/language", {"page_language": "tlh"}).status_code == 400
    elsewhere = Browser(app_on(line))
    elsewhere.log_in("ana@example.org")
    assert lang_of(elsewhere.get("/desk/", headers={"Accept-Language": "en"}).text) == "es"
    answer = elsewhere.post("/desk/shift/off", follow_redirects=True).text
    assert "Está fuera de turno. Que descanse." in answer
    refused = elsewhere.post("/staff/invite", {"email": "no", "alias": "Luz", "roles": "lead"}).text
    assert "La dirección de correo no parece válida." in refused
    invited = elsewhere.post("/staff/invite", {"email": "luz@example.org", "alias": "Luz", "roles": "lead",
                                               "page_language": "es"}).text  # fmt: skip
    link = re.search(r"/desk/setup/[\w-]+", invited)
    assert link
    newcomer = Browser(app_on(line))
    assert lang_of(newcomer.get(link[0]).text) == "es", "as whoever invited them chose"
    short = newcomer.post(link[0], {"password": "corta", "page_language": "es"}).text
    assert "Use al menos 12 caracteres." in short
    assert newcomer.post(link[0], {"password": PASSWORD, "page_language": "en"}).status_code == 302
    with sqlite_database.reading() as tx:
        luz = staff.find_by_email(tx, "luz@example.org")
    assert luz is not None
    assert luz.page_language == "en", "and as they chose themselves"


def test_who_is_called_is_called_in_their_own_language(case: Case) -> None:
    with case.line.database.transaction() as tx:
        pages.add_channel(tx, case.ana, "sms", "+12105550133")
        page_staff.call(tx, case.line.services, [case.ana], why="waits", tier="P0", occasion="x")
    send_pages(case.line.database, case.line.services)
    assert "te necesitan" in case.line.pager.calls[-1].words
