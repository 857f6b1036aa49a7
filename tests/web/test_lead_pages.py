"""What leads and auditors see: the board by who is least safe, the plan, the figures, the record; and who may not."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bot.adapters.clock import FakeClock
from bot.services import Services
from bot.store import canaries, handoffs, heartbeats, holds, messages, pages, promises, rota, rota_board, staff
from bot.store.audit import audit
from bot.store.db import Database
from bot.usecases import link_audit, prove_channel
from bot.web.auth import allowed_roles
from tests.store.rows import fill
from tests.web.line import NUMBER, Browser, add_account, app_on, services_on, someone_waits, they_wrote

MINE = {
    "team.lead": {"lead"}, "team.lead_live": {"lead"}, "team.take_person": {"lead"}, "team.try_the_way": {"lead"},
    "team.plan": {"lead"},
    "team.shifts": {"advocate", "lead"}, "team.end_planned": {"advocate", "lead"},
    "team.figures": {"lead", "admin", "auditor"}, "team.figures_file": {"lead", "admin", "auditor"},
    "team.record": {"lead", "auditor"},
    "team.record_file": {"lead", "auditor"}, "team.verify_record": {"lead", "auditor"},
    "team.bell": {"anyone"}, "team.manifest": {"anyone"},
}  # fmt: skip
"""Every other route of these rooms is about being called: for advocates, leads and admins."""


@pytest.fixture
def line(sqlite_database: Database) -> Services:
    return services_on(sqlite_database)


def as_a(line: Services, *roles: str, alias: str = "Marta") -> tuple[Browser, str]:
    staff_id = add_account(line.database, f"{alias.lower()}@example.org", alias, *roles)
    browser = Browser(app_on(line))
    browser.log_in(f"{alias.lower()}@example.org")
    return browser, staff_id


def test_each_room_is_for_those_it_names_and_for_nobody_else(line: Services) -> None:
    app = app_on(line)
    with app.app_context():
        found = {rule.endpoint: set(allowed_roles(rule.endpoint) or ()) for rule in app.url_map.iter_rules()
                 if rule.endpoint.startswith("team.")}  # fmt: skip
    assert len(found) > 15
    called = {"advocate", "lead", "admin"}
    assert {name: roles for name, roles in found.items() if roles != MINE.get(name, called)} == {}
    for path in ("/desk/lead", "/desk/figures", "/desk/audit", "/desk/shifts", "/desk/reach"):
        assert Browser(app).get(path).status_code == 302


def test_an_auditor_is_led_to_the_record_and_sees_nobody(line: Services) -> None:
    auditor, _ = as_a(line, "auditor")
    assert auditor.get("/").location == "/desk/audit"
    page = auditor.get("/desk/audit").text
    assert ('href="/desk/figures"' in page, 'href="/desk/lead"' in page) == (True, False)
    assert "data-etag" not in page, "only advocates are called"


def test_the_least_safe_stand_first_and_a_lead_takes_over(line: Services, clock: FakeClock) -> None:
    database = line.database
    lead, _ = as_a(line, "lead")
    ana = add_account(database, "ana@example.org", "Ana", "advocate")
    with database.transaction() as tx:
        staff.begin_shift(tx, ana, tx.now + timedelta(hours=4))
        held, held_id = someone_waits(tx, "+12105550111", tier="P0", reason="danger")
        handoffs.claim(tx, held_id, ana, tx.now + timedelta(minutes=1), 1)
        late, _ = someone_waits(tx, "+12105550112", tier="P2", promised_at=tx.now + timedelta(minutes=2))
        promises.make(tx, conversation_id=late, key="H1", due_at=tx.now + timedelta(minutes=2), wait=True)
        someone_waits(tx, "+12105550113", tier="P1")
        they_wrote(tx, held, "he is at the door", "SM1")
        heartbeats.beat(tx, "clock")
    page = lead.get("/desk/lead").text
    assert "3 wait for a human" in page
    assert re.findall(r'class="badge (?:good|warn|bad)">([^<]+)<', page)[:3] == [
        "Wrote, and was not seen", "Nobody has them", "Nobody has them"]  # fmt: skip
    assert "he is at the door" not in page
    assert NUMBER[:8] not in page
    clock.advance(timedelta(minutes=4))
    page = lead.get("/desk/lead").text
    order = [page.index(f"/desk/conversations/{one}") for one in (held, late)]
    assert order == sorted(order)
    assert "late by 2 min" in page
    assert "Ana has them" in page
    assert "The clock does not beat" in page
    assert "Never heard this shift" in page
    asked = lead.post(f"/desk/lead/{held_id}/take")
    assert (asked.status_code, "over from Ana?" in asked.text) == (409, True)
    nobody = lead.post(f"/desk/lead/{'0' * 32}/take", {"why": "other"}, follow_redirects=True)
    assert "There is no such hand-off." in nobody.text
    answer = lead.post(f"/desk/lead/{held_id}/take", {"why": "cannot_be_reached"})
    assert answer.location == f"/desk/conversations/{held}"
    with database.reading() as tx:
        acts = tx.conn.execute(select(audit.c.act).where(audit.c.object_id == held_id)).scalars().all()
    assert "handoff_taken_over" in acts


def test_the_board_is_asked_again_and_answers_only_when_something_changed(line: Services) -> None:
    lead, _ = as_a(line, "lead")
    etag = re.search(r'id="lead"[^>]+data-etag="([^"]+)"', lead.get("/desk/lead").text.replace("&#34;", "'"))
    assert etag is not None
    tag = {"If-None-Match": etag.group(1).replace("'", '"'), "HX-Request": "true"}
    assert lead.get("/desk/lead/live", headers=tag).status_code == 304
    with line.database.transaction() as tx:
        someone_waits(tx)
    fresh = lead.get("/desk/lead/live", headers=tag)
    assert fresh.status_code == 200
    assert "csrf" not in fresh.text, "what changes by itself would make every answer new"


def test_the_canary_and_whoever_is_behind_the_shift(line: Services) -> None:
    lead, marta = as_a(line, "lead")
    assert "No canary has been sent" in lead.get("/desk/lead").text
    with line.database.transaction() as tx:
        rota.put_on_call(tx, marta, 1, tx.now - timedelta(hours=1), tx.now + timedelta(hours=1))
        canary_id = canaries.begin(tx)
        canaries.write(tx, canary_id, called_at=tx.now, heard_at=tx.now + timedelta(seconds=41))
    page = lead.get("/desk/lead").text
    assert "human in 41 s" in page
    assert "never reached beyond the desk" in page
    sent = lead.post("/desk/lead/canary", follow_redirects=True).text
    assert ("On its way." in sent, "A canary left" in sent) == (True, True)
    assert "One is on its way already" in lead.post("/desk/lead/canary", follow_redirects=True).text
    assert "Nobody is on." in page


def test_a_plan_with_its_gaps_and_who_is_called_in_them(line: Services) -> None:
    lead, marta = as_a(line, "lead")
    advocate, ana = as_a(line, "advocate", alias="Ana")
    lead.get("/desk/shifts")
    planned = lead.post("/desk/shifts", {"what": "first", "who": marta, "starts": "2026-06-16T00:00",
                                         "ends": "2026-06-17T00:00", "weeks": "1"}, follow_redirects=True)  # fmt: skip
    assert "Planned." in planned.text
    for starts, ends in (("00:00", "03:00"), ("07:00", "23:59")):
        lead.post("/desk/shifts", {"what": "shift", "who": ana, "starts": f"2026-06-16T{starts}",
                                   "ends": f"2026-06-16T{ends}", "weeks": "2"})  # fmt: skip
    page = advocate.get("/desk/shifts").text
    assert "Nobody on Tue 03:00–07:00; on-call: first Marta" in page
    assert "Nobody on Wed, all day; nobody on call either: leads and admins are called" in page
    assert page.count("<strong>Ana</strong> on shift") == 4
    assert "Plan it" not in page
    ends = re.findall(r"/desk/shifts/(\w+)/([0-9a-f]{32})/end", page)
    assert len(ends) == 4, "their own, and no other's"
    assert advocate.post("/desk/shifts", {"what": "shift"}).status_code == 403
    advocate.post(f"/desk/shifts/shift/{ends[0][1]}/end")
    assert advocate.get("/desk/shifts").text.count("<strong>Ana</strong> on shift") == 3
    with line.database.reading() as tx:
        (call,) = [one for one in rota_board.between(tx, tx.now, tx.now + timedelta(days=3)) if one.kind == "on_call"]
    refused = advocate.post(f"/desk/shifts/on_call/{call.planned_id}/end")
    assert (refused.status_code, "nothing of yours" in refused.text) == (409, True)


NO_PLANS = (
    ({"ends": "2026-06-16T07:00"}, "ends before it begins"),
    ({"ends": "2026-06-18T07:00"}, "24 hours at the most"),
    ({"starts": "next week"}, "Give the day"),
    ({"starts": "2027-03-14T02:30", "ends": "2027-03-14T06:00"}, "never comes"),
    ({"who": "\x00"}, "Choose a colleague"),
    ({"what": "queen\x00"}, "Choose what to plan"),
    ({"weeks": "99"}, "1 to 26 weeks"),
    ({"weeks": "²"}, "1 to 26 weeks"),
    ({"starts": "2026-01-02T08:00", "ends": "2026-01-02T10:00"}, "over already"),
)


def test_what_is_no_plan_changes_nothing(line: Services) -> None:
    lead, marta = as_a(line, "lead")
    lead.get("/desk/shifts")
    good = {"what": "shift", "who": marta, "starts": "2026-06-16T08:00", "ends": "2026-06-16T10:00", "weeks": "1"}
    for fields, words in NO_PLANS:
        refused = lead.post("/desk/shifts", {**good, **fields})
        assert (refused.status_code, words in refused.text) == (409, True), fields
    assert "None in these two weeks" in lead.get("/desk/shifts").text
    lead.post("/desk/shifts", good)
    again = lead.post("/desk/shifts", {**good, "starts": "2026-06-16T09:00"})
    assert "have a shift then already" in again.text


def test_nobody_who_holds_somebody_is_taken_off_their_shift_and_leave_shows_why_it_does_not_count(
    line: Services,
) -> None:
    lead, marta = as_a(line, "lead")
    with line.database.transaction() as tx:
        shift_id = staff.plan_shift(tx, marta, tx.now - timedelta(hours=1), tx.now + timedelta(hours=3))
        _, handoff_id = someone_waits(tx)
        handoffs.claim(tx, handoff_id, marta, tx.now)
    lead.get("/desk/shifts")
    assert "in their hands" in lead.post(f"/desk/shifts/shift/{shift_id}/end").text
    with line.database.transaction() as tx:
        rota.add_absence(tx, None, tx.now - timedelta(hours=2), tx.now + timedelta(hours=9))
    page = lead.get("/desk/shifts").text
    assert "Does not count: holiday" in page
    assert "<strong>Holiday</strong>" in page


def month_of(database: Database, clock: FakeClock) -> None:
    """Nine people with danger in sight, two who only asked, and what became of them."""
    with database.transaction() as tx:
        ana = staff.add(tx, email="a@example.org", alias="Ana", roles=("advocate",))
        for n in range(11):
            tier = "P0" if n < 9 else "P3"
            talk, handoff_id = someone_waits(tx, f"+121055501{n:02}", tier=tier)
            promises.make(tx, conversation_id=talk, key="H1", due_at=tx.now + timedelta(minutes=5), wait=True)
            row = {"act": "handoff_claimed", "object_id": handoff_id, "staff_id": ana}
            tx.conn.execute(audit.insert(), {**row, "audit_id": f"{n:032x}", "at": tx.now + timedelta(seconds=30 + n)})
            if n < 8:
                promises.end(tx, talk, "kept")


def test_the_figures_of_a_month_hide_whoever_could_be_found(line: Services, clock: FakeClock) -> None:
    lead, _ = as_a(line, "lead")
    assert "Nothing to count" in lead.get("/desk/figures").text
    month_of(line.database, clock)
    page = lead.get("/desk/figures?month=2026-06").text
    assert "<svg" in page
    human = page[page.index('id="human"') : page.index('id="promises"')]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", human)
    assert cells[:4] == ["Now", "hidden", "too few", "too few"], "nine beside two would tell of the two"
    rows = list(csv.reader(io.StringIO(lead.get("/desk/figures.csv?month=2026-06").text)))
    kept = {(row[1], row[2], row[3]): row[4] for row in rows[1:]}
    assert kept["Promises", "Kept: a human wrote in time", "Promises"] == "hidden"
    assert kept["Promises", "All", "Promises"] == "11"
    assert lead.get("/desk/figures?month=2020-01").status_code == 404
    assert "2026-05" in lead.get("/desk/figures?month=2026-05").text
    with line.database.transaction() as tx:
        for n in range(11, 17):
            someone_waits(tx, f"+121055501{n:02}", tier="P3")
    page = lead.get("/desk/figures").text
    human = re.findall(r"<td[^>]*>([^<]*)</td>", page[page.index('id="human"') : page.index('id="promises"')])
    assert human[:3] == ["Now", "9", "34 s"]


def test_where_people_stop_and_how_long_the_way_to_a_place_is(line: Services, clock: FakeClock) -> None:
    lead, _ = as_a(line, "lead")
    with line.database.transaction() as tx:
        stock_id = fill(tx).ids["stocks"]
        for n in range(12):
            talk, _ = someone_waits(tx, f"+121055502{n:02}")
            they_wrote(tx, talk, "hi", f"SMa{n}")
            messages.queue_text(tx, conversation_id=talk, epoch=0, kind="reply", body="?", language="en", key="Q1")
            if n % 2:
                they_wrote(tx, talk, "1", f"SMb{n}")
            hold_id = holds.add(tx, short_id=f"A{n}"[:3], stock_id=stock_id, conversation_id=talk, staff_id="a" * 32,
                                hours=3, answer_by=tx.now + timedelta(hours=1))  # fmt: skip
            if n < 6:
                clock.advance(timedelta(minutes=10))
                tx.now = clock.now()
                holds.move(tx, hold_id, to="held", only_from=("asked",))
                clock.advance(timedelta(hours=20))
                tx.now = clock.now()
                holds.move(tx, hold_id, to="arrived", only_from=("held",))
    clock.advance(timedelta(days=2))
    lead.log_in("marta@example.org")  # a session lasts a shift
    file = lead.get("/desk/figures.csv").text
    kept = {tuple(row[1:4]): row[4] for row in csv.reader(io.StringIO(file))}
    assert [kept["Where people stop", "How soon", head] for head in ("Asked", "Wrote on", "Stopped there")] == [
        "12", "6", "6"]  # fmt: skip
    assert kept["Where people stop", "How soon", "Stopped, of a hundred"] == "50 %"
    assert kept["The way to a place", "First text to a place that said yes", "Half within"] == "10 min"
    assert kept["The way to a place", "A place asked to moving in", "Half within"] == "20 h 10 min"
    assert kept["Places asked for", "Moved in", "Places"] == "6"


def test_every_room_opens_on_rows_of_every_table_on_both_databases(database: Database) -> None:
    line = services_on(database)
    lead, marta = as_a(line, "lead")
    with database.transaction() as tx:
        fill(tx)
        pages.add_channel(tx, marta, "desk", marta)
        prove_channel.ring_all(tx, marta)
        rota.put_on_call(tx, marta, 1, tx.now, tx.now + timedelta(days=1))
    for path in ("lead", "lead/live", "figures", "figures.csv", "audit", "audit.csv", "shifts", "reach", "ring"):
        assert lead.get(f"/desk/{path}").status_code == 200, path


def test_the_record_is_found_by_person_act_object_and_day_and_looking_is_in_it(line: Services) -> None:
    auditor, marta = as_a(line, "auditor")
    ana = add_account(line.database, "ana@example.org", "Ana", "advocate")
    with line.database.transaction() as tx:
        talk, handoff_id = someone_waits(tx)
        they_wrote(tx, talk, "the blue door", "SM1")
        row = {"staff_id": ana, "act": "handoff_claimed", "object_id": handoff_id, "detail": "P1"}
        tx.conn.execute(audit.insert(), {**row, "audit_id": "f" * 32, "at": tx.now - timedelta(days=3)})
        sign = tx.conn.execute(text("SELECT call_sign FROM people")).scalar_one()
    page = auditor.get(f"/desk/audit?who={ana}").text
    assert ("Handoff claimed" in page, sign in page, "Log in" in page.split("<tbody>")[1]) == (True, True, False)
    assert "the blue door" not in page
    day = "2026-06-12"
    assert "Handoff claimed" in auditor.get(f"/desk/audit?from={day}&until={day}").text.split("<tbody>")[1]
    assert "No such line" in auditor.get("/desk/audit?act=handoff_claimed&from=2026-06-14").text
    assert auditor.get("/desk/audit?object=%00&from=9999-99-99&who=x&before=%27").status_code == 200
    rows = list(csv.reader(io.StringIO(auditor.get(f"/desk/audit.csv?object={handoff_id}").text)))
    assert [row[4:] for row in rows[1:]] == [["handoff_claimed", sign, handoff_id, "P1"]]
    with line.database.reading() as tx:
        acts = tx.conn.execute(select(audit.c.act).where(audit.c.staff_id == marta)).scalars().all()
    assert {"record_viewed", "record_taken"} <= set(acts)


def test_a_record_that_was_changed_says_so(line: Services, clock: FakeClock) -> None:
    auditor, _ = as_a(line, "auditor")
    auditor.get("/desk/audit")
    link_audit.link_audit(line.database)
    assert "Whole" in auditor.post("/desk/audit/verify").text
    assert "0 faults" in auditor.get("/desk/audit").text
    with line.database.transaction() as tx:
        tx.conn.execute(text("DROP TRIGGER IF EXISTS audit_is_append_only_update"))
        triggers = tx.conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in triggers:
            tx.conn.execute(text(f"DROP TRIGGER {name}"))
        tx.conn.execute(text("UPDATE audit SET act = 'nothing' WHERE act = 'record_viewed'"))
    page = auditor.post("/desk/audit/verify").text
    assert "Not whole" in page
    assert "was changed after it was written" in page


def test_a_table_that_a_spreadsheet_opens_runs_nothing(line: Services) -> None:
    auditor, marta = as_a(line, "auditor")
    with line.database.transaction() as tx:
        row = {"audit_id": "e" * 32, "at": tx.now, "staff_id": marta, "act": "x", "detail": "=1+1"}
        tx.conn.execute(audit.insert(), row)
    assert ",'=1+1" in auditor.get("/desk/audit.csv?act=x").text


def test_a_lead_sees_which_ways_of_a_colleague_do_not_work(line: Services) -> None:
    lead, marta = as_a(line, "lead")
    with line.database.transaction() as tx:
        staff.begin_shift(tx, marta, tx.now + timedelta(hours=1))
        channel_id = pages.add_channel(tx, marta, "sms", "+12105550133")
        changes = pages.alert_channels.update().where(pages.alert_channels.c.channel_id == channel_id)
        tx.conn.execute(changes.values(failed_at=tx.now))
    assert "Text does not work" in lead.get("/desk/lead").text
