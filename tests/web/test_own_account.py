"""What opens an account, what ends it, and what an idle page shows."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from bot.store import conversations, handoffs, passkeys, people, staff
from bot.store.audit import audit
from bot.store.db import Database
from bot.usecases import accounts, claim, recovery
from bot.usecases.end_account import end_account
from bot.usecases.refusal import Refused
from bot.web.sessions import IDLE_LOCK, device_of
from flows.conversation import Holder
from tests.web.line import PASSWORD, Browser, add_account, app_on, services_on, someone_waits

EMAIL = "ana@example.org"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def services(database: Database):
    return services_on(database)


@pytest.fixture
def app(services):
    return app_on(services)


@pytest.fixture
def browser(app) -> Browser:
    return Browser(app)


def logged_in(app, database: Database, *roles: str, email: str = EMAIL, alias: str = "Ana") -> tuple[Browser, str]:
    staff_id = add_account(database, email, alias, *roles)
    browser = Browser(app)
    browser.log_in(email)
    return browser, staff_id


# --- An idle page


def test_an_idle_page_shows_nothing_until_the_password_is_given_again(app, database: Database, clock) -> None:
    browser, _ = logged_in(app, database, "advocate")
    clock.advance(IDLE_LOCK)
    assert browser.get("/desk/").headers["Location"].endswith("/desk/unlock?next=/desk/")
    assert browser.get("/desk/board", headers={"HX-Request": "true"}).status_code == 423
    browser.get("/desk/unlock?next=/desk/")
    assert browser.post("/desk/unlock", {"password": "wrong", "next": "/desk/"}).status_code == 400
    assert browser.post("/desk/unlock", {"password": PASSWORD, "next": "/desk/"}).headers["Location"] == "/desk/"
    assert browser.get("/desk/").status_code == 200


def test_a_page_that_polls_by_itself_is_no_sign_of_life_and_typing_is(app, database: Database, clock) -> None:
    browser, _ = logged_in(app, database, "advocate")
    for _ in range(3):
        clock.advance(IDLE_LOCK / 3)
        browser.get("/desk/board", headers={"HX-Request": "true"})
    assert browser.get("/desk/").status_code == 302
    browser.get("/desk/unlock")
    browser.post("/desk/unlock", {"password": PASSWORD})
    for _ in range(3):
        clock.advance(IDLE_LOCK / 3)
        assert browser.post("/desk/here", headers={"HX-Request": "true"}).status_code == 204
    assert browser.get("/desk/").status_code == 200


def test_what_was_typed_into_a_locked_page_comes_back_and_is_not_sent(app, database: Database, clock) -> None:
    browser, staff_id = logged_in(app, database, "advocate")
    with database.transaction() as tx:
        conversation_id, handoff_id = someone_waits(tx)
    browser.post(f"/desk/handoffs/{handoff_id}/claim")
    clock.advance(IDLE_LOCK)
    page = browser.post(f"/desk/conversations/{conversation_id}/reply", {"text": "I am here with you", "epoch": "1"})
    assert page.status_code == 423
    assert "I am here with you" in page.text
    with database.reading() as tx:
        acts = tx.conn.execute(select(audit.c.act).where(audit.c.staff_id == staff_id)).scalars().all()
    assert "reply_queued" not in acts


def test_lock_is_at_once(app, database: Database) -> None:
    browser, _ = logged_in(app, database, "advocate")
    browser.post("/desk/lock")
    assert browser.get("/desk/").status_code == 302
    assert browser.post("/desk/logout").headers["Location"].endswith("/desk/login")


# --- Devices


def test_each_log_in_is_shown_and_can_be_ended_alone(app, database: Database) -> None:
    here, _ = logged_in(app, database, "advocate")
    lost = Browser(app)
    lost.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    lost.log_in(EMAIL)
    page = here.get("/desk/account").text
    assert "Firefox on Linux" in page
    (other,) = re.findall(r"sessions/([0-9a-f]{40})/end", page)
    here.post(f"/desk/account/sessions/{other}/end")
    assert lost.get("/desk/").status_code == 302
    assert here.get("/desk/").status_code == 200


def test_nobody_ends_the_log_in_of_another(app, database: Database) -> None:
    ana, _ = logged_in(app, database, "advocate")
    luis, luis_id = logged_in(app, database, "advocate", email="luis@example.org", alias="Luis")
    with database.reading() as tx:
        (his,) = staff.sessions_of(tx, luis_id)
    ana.post(f"/desk/account/sessions/{his.key}/end")
    assert luis.get("/desk/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1", "Safari on an iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/156.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8", "A browser on an unknown device"),
        ("", "A browser on an unknown device"),
    ],
)
def test_a_device_is_named_coarsely(agent: str, name: str) -> None:
    assert device_of(agent) == name


# --- Recovery codes


def test_a_recovery_code_stands_in_for_the_authenticator_once(app, database: Database, clock) -> None:
    staff_id = add_account(database, EMAIL, "Ana", "advocate")
    totp = pyotp.TOTP(accounts.begin_second_factor(database, staff_id))
    assert accounts.check_code(database, staff_id, totp.at(clock.now()))
    first, *rest = recovery.make_codes(database, staff_id)
    assert len({first, *rest}) == recovery.CODES
    browser = Browser(app)
    assert browser.log_in(EMAIL).headers["Location"].endswith("/desk/login/code")
    browser.get("/desk/login/code")
    assert browser.post("/desk/login/code", {"code": first.upper().replace("-", " ")}).status_code == 302
    assert browser.get("/desk/").status_code == 200
    again = Browser(app)
    again.log_in(EMAIL)
    again.get("/desk/login/code")
    assert again.post("/desk/login/code", {"code": first}).status_code == 400
    with database.reading() as tx:
        assert passkeys.recovery_codes_left(tx, staff_id) == recovery.CODES - 1


def test_new_codes_end_the_old_and_codes_are_nobody_elses(app, database: Database) -> None:
    ana = add_account(database, EMAIL, "Ana", "advocate")
    luis = add_account(database, "luis@example.org", "Luis", "advocate")
    old = recovery.make_codes(database, ana)
    new = recovery.make_codes(database, ana)
    assert not recovery.check_recovery_code(database, ana, old[0])
    assert not recovery.check_recovery_code(database, luis, new[0])
    assert recovery.check_recovery_code(database, ana, new[0])


def test_recovery_codes_cannot_be_guessed_for_long(database: Database, clock) -> None:
    staff_id = add_account(database, EMAIL, "Ana", "advocate")
    codes = recovery.make_codes(database, staff_id)
    assert not any(recovery.check_recovery_code(database, staff_id, f"aaaa-aaaa-{n:04}") for n in range(5))
    assert not recovery.check_recovery_code(database, staff_id, codes[0])
    clock.advance(timedelta(minutes=5, seconds=1))
    assert recovery.check_recovery_code(database, staff_id, codes[0])


def test_codes_are_shown_this_once(app, database: Database) -> None:
    browser, _ = logged_in(app, database, "advocate")
    shown = re.findall(r"<code>([a-z2-9-]{14})</code>", browser.post("/desk/account/recovery").text)
    assert len(shown) == recovery.CODES
    assert shown[0] not in browser.get("/desk/account").text


# --- Passkeys (that a real one opens the door is proved in a browser: test_passkeys_browser.py)


@pytest.mark.parametrize("answer", [None, {}, {"credential": None}, {"credential": {"id": "x"}}, [1], "x"])
def test_a_passkey_that_is_none_opens_nothing_and_breaks_nothing(app, database: Database, answer) -> None:
    browser, staff_id = logged_in(app, database, "advocate")
    local = {"base_url": "http://localhost", "headers": {"X-CSRFToken": browser.token}}
    browser.client.set_cookie("quietline", browser.client.get_cookie("quietline").value, domain="localhost")
    assert browser.client.post("/desk/account/passkeys/options", **local).status_code == 200
    assert browser.client.post("/desk/account/passkeys", json=answer, **local).status_code in (400, 409)
    # A challenge is good for one answer.
    assert browser.client.post("/desk/account/passkeys", json=answer, **local).status_code == 400
    assert browser.client.post("/desk/login/passkey/options", **local).status_code == 200
    assert browser.client.post("/desk/login/passkey", json=answer, **local).status_code == 400
    with database.reading() as tx:
        assert passkeys.of(tx, staff_id) == []


def test_where_the_line_has_no_name_passkeys_are_not_offered(app, database: Database) -> None:
    browser, _ = logged_in(app, database, "advocate")
    page = browser.get("/desk/account", base_url="http://127.0.0.1:8000")
    assert "data-passkey" not in Browser(app).get("/desk/login", base_url="http://127.0.0.1:8000").text
    assert page.status_code in (200, 302)


# --- The end of an account


def test_an_account_that_ends_gives_back_whom_it_held_and_opens_nothing(app, services, database: Database) -> None:
    ana, ana_id = logged_in(app, database, "advocate")
    recovery.make_codes(database, ana_id)
    with database.transaction() as tx:
        conversation_id, handoff_id = someone_waits(tx, tier="P0", reason="danger")
    claim.claim(database, services, handoff_id=handoff_id, staff_id=ana_id)
    admin, admin_id = logged_in(app, database, "admin", email="rosa@example.org", alias="Rosa")
    admin.get("/staff/")
    admin.post(f"/staff/{ana_id}/end")

    with database.reading() as tx:
        back = handoffs.get(tx, handoff_id)
        assert (back.state, back.owner_id, back.tier) == ("waiting", None, "P0")
        assert back.next_at is not None
        row = tx.conn.execute(select(conversations.conversations)).one()
        assert (row.held_by, row.epoch) == (Holder.BOT.value, 2)
        assert staff.shift_of(tx, ana_id) is None
        assert passkeys.recovery_codes_left(tx, ana_id) == 0
    assert ana.get("/desk/").status_code == 302
    assert accounts.check_password(database, EMAIL, PASSWORD) is None
    assert isinstance(end_account(database, services, staff_id=admin_id, by_id=admin_id), Refused)
    luis = add_account(database, "luis@example.org", "Luis", "advocate")
    taken = claim.claim(database, services, handoff_id=None, staff_id=luis)
    assert isinstance(taken, claim.Claimed)
    assert taken.conversation_id == conversation_id


def test_the_end_of_an_account_is_whole_or_not_at_all(app, services, database: Database, monkeypatch) -> None:
    ana_id = add_account(database, EMAIL, "Ana", "advocate")
    with database.transaction() as tx:
        _, handoff_id = someone_waits(tx)
    claim.claim(database, services, handoff_id=handoff_id, staff_id=ana_id)

    def breaks(*_: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("bot.store.passkeys.forget_all", breaks)
    with pytest.raises(RuntimeError, match="in the middle"):
        end_account(database, services, staff_id=ana_id, by_id=None)
    with database.reading() as tx:
        assert handoffs.get(tx, handoff_id).owner_id == ana_id
        assert staff.get(tx, ana_id).active


def test_an_invitation_from_the_page_makes_a_link_that_opens_once(app, database: Database) -> None:
    admin, _ = logged_in(app, database, "admin", email="rosa@example.org", alias="Rosa")
    admin.get("/staff/")
    wrong = admin.post("/staff/invite", {"email": "new@example.org", "alias": "Alejandra", "roles": "advocate"})
    assert wrong.status_code == 400
    assert 'value="new@example.org"' in wrong.text  # nothing typed is lost
    page = admin.post("/staff/invite", {"email": "new@example.org", "alias": "Nia", "roles": ["advocate", "lead"]}).text
    (token,) = re.findall(r"/desk/setup/([\w-]+)", page)
    assert accounts.set_up(database, token, PASSWORD) is None
    with database.reading() as tx:
        made = staff.find_by_email(tx, "new@example.org")
    assert made.roles == {"advocate", "lead"}


# --- Whose is what


def test_every_route_takes_any_id_and_gives_away_nothing(app, services, database: Database) -> None:
    """Ids of others, of other things, of nothing, and no ids at all: refused in words, and never a fault of ours."""
    browser, staff_id = logged_in(app, database, *staff.ROLES)
    with database.transaction() as tx:
        conversation_id, handoff_id = someone_waits(tx)
        stranger = add_stranger(tx)
    ids = [conversation_id, handoff_id, staff_id, stranger, "0" * 32, "0" * 40, "x", "' OR 1=1 --", "%00", "9" * 500]
    for rule in app.url_map.iter_rules():
        if not rule.arguments or rule.endpoint == "static":
            continue
        for one in ids:
            path = re.sub(r"<[^>]+>", one, rule.rule)
            for method in rule.methods & {"GET", "POST"}:
                data = {"csrf_token": browser.token} if method == "POST" else None
                answer = browser.client.open(path, method=method, data=data)
                assert answer.status_code < 500, (rule.rule, one, method)


def add_stranger(tx) -> str:
    """Somebody whose conversation was never handed over: no advocate may see it."""
    person = people.find_or_add(tx, "+12105550177", "en")
    return conversations.start(
        tx, person_id=person.person_id, phone_key=person.phone_key, language="en", flow_version="tests"
    ).conversation_id


def test_each_role_enters_the_rooms_it_declared_and_no_other(app, database: Database) -> None:
    """Walks every route with every role: the answer is 403 exactly where the route did not name the role."""
    browsers = {role: logged_in(app, database, role, email=f"{role}@example.org")[0] for role in staff.ROLES}
    for rule in app.url_map.iter_rules():
        allowed = getattr(app.view_functions[rule.endpoint], "allowed_roles", frozenset())
        if rule.endpoint == "static" or "anyone" in allowed or "GET" not in rule.methods:
            continue
        path = re.sub(r"<[^>]+>", "0" * 32, rule.rule)
        for role, browser in browsers.items():
            refused = browser.get(path).status_code == 403
            assert refused == (role not in allowed), (rule.rule, role)


def test_json_of_the_options_names_nobody(app) -> None:
    client = Browser(app)
    client.get("/desk/login", base_url="http://localhost")
    answer = client.client.post(
        "/desk/login/passkey/options", base_url="http://localhost", headers={"X-CSRFToken": client.token}
    )
    options = json.loads(answer.text)
    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"
