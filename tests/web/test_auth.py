"""Who gets in, how often one may guess, and what a route must declare."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import event, func, select

from bot.store import staff
from bot.store.db import Database
from bot.store.staff import sessions
from bot.usecases import accounts
from bot.usecases.refusal import Refused
from tests.web.line import PASSWORD, Browser, add_account, app_on, services_on

EMAIL = "ana@example.org"
ROUTES_WITHOUT_A_ROOM = {"static"}


@pytest.fixture
def app(database: Database):
    return app_on(services_on(database))


@pytest.fixture
def browser(app) -> Browser:
    return Browser(app)


def sessions_kept(database: Database) -> int:
    with database.reading() as tx:
        return tx.conn.execute(select(func.count()).select_from(sessions)).scalar_one()


def queries_during(database: Database, call) -> int:
    seen: list[str] = []

    def note(conn, cursor, statement, *rest) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)


def test_the_right_password_opens_and_log_out_closes(app, browser: Browser, database: Database) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    assert browser.get("/desk/").headers["Location"].endswith("/desk/login?next=/desk/")
    assert browser.log_in(EMAIL).headers["Location"].endswith("/desk/")
    assert browser.get("/desk/").status_code == 200
    assert sessions_kept(database) == 1
    browser.post("/desk/logout")
    assert sessions_kept(database) == 0
    assert browser.get("/desk/").status_code == 302


def test_the_cookie_is_for_the_server_alone_and_says_nothing(browser: Browser, database: Database) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    cookie = browser.log_in(EMAIL).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie  # the test line is plain http
    value = cookie.split("=", 1)[1].split(";")[0]
    with database.reading() as tx:
        rows = tx.conn.execute(select(sessions.c.session_key, sessions.c.data)).all()
    assert all(value not in row.session_key and EMAIL.encode() not in bytes(row.data) for row in rows)


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(database: Database) -> None:
    app = app_on(services_on(database, PUBLIC_URL="https://line.example.org"))
    cookie = app.test_client().get("/desk/login", base_url="https://line.example.org").headers["Set-Cookie"]
    assert cookie.startswith("__Host-quietline=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_a_log_in_gets_a_new_cookie_and_the_old_one_is_worth_nothing(app, browser: Browser, database: Database) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    browser.get("/desk/login")
    planted = browser.client.get_cookie("quietline").value
    browser.log_in(EMAIL)
    assert browser.client.get_cookie("quietline").value != planted
    thief = app.test_client()
    thief.set_cookie("quietline", planted)
    assert thief.get("/desk/").status_code == 302


def test_a_session_ends_after_twelve_hours(browser: Browser, database: Database, clock) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    browser.log_in(EMAIL)
    for _ in range(71):  # somebody is there all along
        clock.advance(timedelta(minutes=10))
        assert browser.get("/desk/").status_code == 200
    clock.advance(timedelta(minutes=11))
    assert browser.get("/desk/").status_code == 302


def test_a_role_taken_away_is_gone_at_once(browser: Browser, database: Database) -> None:
    staff_id = add_account(database, EMAIL, "Ana", "advocate")
    browser.log_in(EMAIL)
    with database.transaction() as tx:
        staff.update(tx, staff_id, active=False)
    assert browser.get("/desk/").status_code == 302


def test_other_sessions_can_be_ended_and_this_one_stays(app, database: Database) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    lost, here = Browser(app), Browser(app)
    lost.log_in(EMAIL)
    here.log_in(EMAIL)
    here.post("/desk/account/sessions/end")
    assert lost.get("/desk/").status_code == 302
    assert here.get("/desk/").status_code == 200


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org", "", "a\x00b", "x" * 5000])
def test_a_wrong_answer_is_the_same_for_a_known_and_an_unknown_address(
    browser: Browser, database: Database, email
) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    browser.get("/desk/login")
    page = browser.post("/desk/login", {"email": email, "password": "not the password"})
    assert page.status_code == 400
    assert "The e-mail or the password is not right, or there were too many tries" in page.text


def test_five_wrong_passwords_shut_the_door_for_five_minutes_even_for_the_right_one(
    browser: Browser, database: Database, clock
) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    for _ in range(5):
        assert accounts.check_password(database, EMAIL, "not the password") is None
    assert accounts.check_password(database, EMAIL, PASSWORD) is None
    assert browser.log_in(EMAIL).status_code == 400
    clock.advance(timedelta(minutes=5, seconds=1))
    assert accounts.check_password(database, EMAIL, PASSWORD) is not None


def test_a_right_password_gives_the_tries_back(database: Database) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    for _ in range(3):
        for _ in range(4):
            accounts.check_password(database, EMAIL, "not the password")
        assert accounts.check_password(database, EMAIL, PASSWORD) is not None


def test_a_set_up_link_opens_once_and_not_after_three_days(browser: Browser, database: Database, clock) -> None:
    token = accounts.add_staff(database, email=EMAIL, alias="Ana", roles=("advocate",))
    assert "Choose a password" in browser.get(f"/desk/setup/{token}").text
    assert "at least 12" in browser.post(f"/desk/setup/{token}", {"password": "short"}).text
    assert browser.post(f"/desk/setup/{token}", {"password": PASSWORD}).status_code == 302
    assert isinstance(accounts.set_up(database, token, PASSWORD), Refused)
    assert "opens nothing" in browser.get(f"/desk/setup/{token}").text
    assert browser.log_in(EMAIL).status_code == 302
    late = accounts.add_staff(database, email="luis@example.org", alias="Luis", roles=("lead",))
    clock.advance(timedelta(hours=72, seconds=1))
    assert isinstance(accounts.set_up(database, late, PASSWORD), Refused)


def test_a_second_invitation_is_the_way_back_in_and_ends_what_was_open(browser: Browser, database: Database) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    browser.log_in(EMAIL)
    token = accounts.add_staff(database, email=" Ana@Example.ORG ", alias="Ana", roles=("lead",))
    assert browser.get("/desk/").status_code == 302
    assert accounts.check_password(database, EMAIL, PASSWORD) is None
    assert accounts.set_up(database, token, PASSWORD) is None
    assert accounts.check_password(database, EMAIL, PASSWORD) is not None


@pytest.mark.parametrize(
    ("email", "alias", "roles"),
    [
        ("no-at-sign", "Ana", ("advocate",)),
        ("ana@example.org", "Alejandra", ("advocate",)),
        ("ana@example.org", "", ("advocate",)),
        ("ana@example.org", "A{}", ("advocate",)),
        ("ana@example.org", "María", ("advocate",)),  # í is outside the alphabet of one text
        ("ana@example.org", "Анна", ("advocate",)),
        ("ana@example.org", "Ana", ("king",)),
        ("ana@example.org", "Ana", ()),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(database: Database, email, alias, roles) -> None:
    with pytest.raises(ValueError, match=r"^The |^A role "):
        accounts.add_staff(database, email=email, alias=alias, roles=roles)


def test_what_keeps_an_alias_out_is_said(database: Database) -> None:
    with pytest.raises(ValueError, match=r"^The alias must do without í: "):
        accounts.add_staff(database, email="ana@example.org", alias="María", roles=("advocate",))
    for fits in ("José", "Begoña"):
        assert accounts.add_staff(database, email="ana@example.org", alias=fits, roles=("advocate",))


def test_the_second_factor_is_set_up_asked_for_and_works_once(database: Database, clock) -> None:
    staff_id = add_account(database, EMAIL, "Ana", "advocate")
    app = app_on(services_on(database, REQUIRE_SECOND_FACTOR="1"))
    browser = Browser(app)
    assert browser.log_in(EMAIL).headers["Location"].endswith("/desk/second-factor")
    assert browser.get("/desk/").status_code == 302  # not in yet
    browser.get("/desk/second-factor")
    assert browser.get("/desk/second-factor.svg").mimetype == "image/svg+xml"
    totp = pyotp.TOTP(accounts.begin_second_factor(database, staff_id))
    assert browser.post("/desk/second-factor", {"code": "000000"}).status_code == 400
    code = totp.at(clock.now())
    assert browser.post("/desk/second-factor", {"code": code}).headers["Location"].endswith("/desk/")
    assert browser.get("/desk/").status_code == 200
    assert browser.get("/desk/second-factor.svg").status_code == 404  # never shown again

    again = Browser(app)
    assert again.log_in(EMAIL).headers["Location"].endswith("/desk/login/code")
    again.get("/desk/login/code")
    assert again.post("/desk/login/code", {"code": code}).status_code == 400  # used already
    clock.advance(timedelta(seconds=30))
    assert again.post("/desk/login/code", {"code": totp.at(clock.now())}).status_code == 302
    assert again.get("/desk/").status_code == 200


def test_codes_cannot_be_guessed_for_long(database: Database, clock) -> None:
    staff_id = add_account(database, EMAIL, "Ana", "advocate")
    totp = pyotp.TOTP(accounts.begin_second_factor(database, staff_id))
    assert not any(accounts.check_code(database, staff_id, f"{n:06}x") for n in range(5))
    assert not accounts.check_code(database, staff_id, totp.at(clock.now()))
    clock.advance(timedelta(minutes=5, seconds=1))
    assert accounts.check_code(database, staff_id, totp.at(clock.now()))


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"])
def test_a_log_in_sends_nobody_elsewhere(browser: Browser, database: Database, wanted: str) -> None:
    add_account(database, EMAIL, "Ana", "advocate")
    browser.get("/desk/login")
    answer = browser.post("/desk/login", {"email": EMAIL, "password": PASSWORD, "next": wanted})
    assert answer.headers["Location"].endswith("/desk/")


@pytest.mark.parametrize(
    ("role", "board"),
    [("advocate", 200), ("lead", 200), ("outreach", 403), ("approver", 403), ("directory", 403), ("reviewer", 403),
     ("auditor", 403)],
)
def test_only_advocates_and_leads_see_the_desk(browser: Browser, database: Database, role: str, board: int) -> None:
    add_account(database, EMAIL, "Ana", role)
    browser.log_in(EMAIL)
    assert browser.get("/desk/").status_code == board
    assert browser.get("/desk/account").status_code == 200


def test_the_bare_address_leads_to_ones_own_room(app, browser: Browser, database: Database) -> None:
    assert browser.get("/").headers["Location"] == "/simulator/"
    add_account(database, EMAIL, "Ana", "advocate")
    browser.log_in(EMAIL)
    assert browser.get("/").headers["Location"] == "/desk/"


def test_every_route_declares_who_may_use_it(app) -> None:
    undeclared = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in ROUTES_WITHOUT_A_ROOM
        and not getattr(app.view_functions[rule.endpoint], "allowed_roles", None)
    ]
    assert undeclared == []


def test_a_route_that_forgot_to_declare_is_shut(app, database: Database) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    add_account(database, EMAIL, "Ana", *staff.ROLES)
    browser = Browser(app)
    browser.log_in(EMAIL)
    assert browser.get("/forgotten").status_code == 403


def test_a_request_that_never_looks_at_its_session_costs_no_query_and_gets_no_cookie(app, database: Database) -> None:
    client = app.test_client()
    client.set_cookie("quietline", "whatever")
    answers = []
    assert queries_during(database, lambda: answers.append(client.get("/healthz", buffered=True))) == 0
    assert queries_during(database, lambda: answers.append(client.get("/static/quietline.css", buffered=True))) == 0
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("Set-Cookie" not in answer.headers for answer in answers)
