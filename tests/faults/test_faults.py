"""The faults of `advocate-inbox.md` 5.5: what must hold, and for each a mutant that the same scenario catches.

F1 stands in test_claim_race. A scenario is a function that asserts; a mutant breaks one thing and must make it fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from bot.adapters import clock as clocks
from bot.errors import SendError
from bot.rules import ladder as rules
from bot.rules import presence as presence_rules
from bot.rules.may_send import Allowed
from bot.rules.routing import Advocate, Waits, in_order
from bot.store import handoff_offers, handoffs, heartbeats, ladder_steps, messages, pages, threads
from bot.store.db import Database
from bot.usecases import answer_offer, climb, receive, transfer
from bot.usecases.be_present import saw
from bot.usecases.claim import Claimed
from bot.usecases.end_account import end_account
from bot.usecases.refusal import Refused
from bot.usecases.reply import Queued, reply
from bot.usecases.watch import LATE, watch
from tests.faults.desk import Desk, check
from tests.usecases.line import the_line

Scenario = Callable[[Desk, pytest.MonkeyPatch], None]


@pytest.fixture
def desk(database, clock) -> Desk:  # type: ignore[no-untyped-def]
    return Desk(the_line(database, clock))


# What must hold


def one_row(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F2: the same webhook five times."""
    for _ in range(5):
        desk.line.text("person", sid="SMsame")
    with desk.line.database.reading() as tx:
        m = messages.messages.c
        assert tx.conn.execute(select(func.count()).where(m.direction == "in")).scalar_one() == 1


def committed_with_its_alarm(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    """F3, F4: killed after the commit, before the answer; killed before the commit. The carrier tries again."""
    lead = desk.colleague("Marta", "lead", sms=True)
    patch.setattr(desk.line.pager, "page", _killed)
    with pytest.raises(KeyboardInterrupt):
        desk.line.text("he hit me", sid="SMdanger")
    assert desk.line.text("he hit me", sid="SMdanger").value == "duplicate"
    check(desk)
    assert len(desk.steps(desk.hand_off().handoff_id)) == 1
    patch.undo()
    desk.rounds(61, every=20)
    assert (lead, "sent") in desk.called("waits")


def nothing_before_the_commit(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    """F4: what was not committed was not answered, and its retry lands."""
    patch.setattr(receive.turn, "_save", _killed)
    with pytest.raises(KeyboardInterrupt):
        desk.line.text("he hit me", sid="SMonce")
    patch.undo()
    assert desk.line.text("he hit me", sid="SMonce").value == "taken"
    assert desk.hand_off().tier == "P0"


def steps_once_each(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    """F5: a sweep is killed in the middle of a step, thirty times; two sweeps take the same one."""
    desk.line.text("he hit me")
    rearm = handoffs.rearm
    for n in range(30):
        patch.setattr(handoffs, "rearm", rearm if n % 2 else _killed)
        desk.line.clock.advance(timedelta(seconds=2))
        with _surviving():
            climb.climb(desk.line.database, desk.line.services)
    patch.setattr(handoffs, "rearm", rearm)
    desk.rounds(600, every=10)
    handoff = desk.hand_off()
    check(desk)
    with desk.line.database.transaction() as tx:  # another sweep that read it before
        climb._step(tx, desk.line.services, replace(handoff, step=handoff.step - 1))
    bells = [step for _, _, step in desk.line.pager.pages]
    assert len(bells) == len(set(bells)), "a step was done twice"


def redis_costs_nothing_but_time(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F6: nobody answers at the queue; the ladder climbs all the same."""
    desk.line.services.nudges.heard = False
    lead = desk.colleague("Marta", "lead", sms=True)
    desk.line.text("he hit me")
    desk.rounds(65, every=5)
    check(desk)
    assert (lead, "sent") in desk.called("waits")


def the_database_comes_back(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    """F7: it goes away in a burst: what was refused was not kept, and everything lands at the retry."""
    look = receive._look
    patch.setattr(receive, "_look", _gone)
    for n in range(5):
        with pytest.raises(OperationalError):
            desk.line.text("person", sid=f"SM{n}", sender=f"+1210555010{n}")
    patch.setattr(receive, "_look", look)
    for n in range(5):
        assert desk.line.text("person", sid=f"SM{n}", sender=f"+1210555010{n}").value == "taken"
    check(desk)


def a_silent_owner_is_noticed(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F8: the owner's browser is offline, hidden, frozen, or the lid is closed: nothing is seen, whatever polls."""
    ana, luis = desk.here("Ana"), desk.here("Luis")
    desk.line.text("he hit me")
    taken = desk.takes(ana)
    desk.line.clock.advance(timedelta(seconds=5))
    reply(desk.line.database, desk.line.services, conversation_id=taken.conversation_id, staff_id=ana,
          epoch=desk.epoch(taken.conversation_id), text="I am here")  # fmt: skip
    desk.line.text("are you there")
    desk.rounds(95, every=5, awake=(luis, ana))  # the tab polls on, though nobody sees it
    acts = [step.acts for step in desk.steps(taken.handoff_id) if step.climb == desk.hand_off().climb]
    assert acts == ["owner", "owner,lead", "owner,lead,offer_all"]
    check(desk)
    assert desk.hand_off().owner_id == ana, "the owner keeps the person until somebody has them"
    with desk.line.database.reading() as tx:
        (rescue,) = handoff_offers.open_to(tx, luis)
    assert isinstance(_accept(desk, rescue.handoff_offer_id, luis), Claimed)
    assert desk.hand_off().owner_id == luis


def sent_is_not_heard(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F9: one channel is gone, another sends and nobody hears: the next one rings within the step."""
    lead = desk.colleague("Marta", "lead", sms=True)
    desk.line.pager.broken = {"sms"}
    desk.line.text("he hit me")
    desk.rounds(65, every=5)
    assert {call.kind for call in desk.line.pager.calls} == {"email"}, "a failed channel held up the next"
    desk.line.pager.broken = set()
    desk.line.pager.calls.clear()
    desk.rounds(80, every=5)
    assert {call.kind for call in desk.line.pager.calls} == {"sms", "email"}, "sent was taken for heard"
    desk.hears(lead)


def a_transfer_leaves_no_gap(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F10: the other declines, lets it pass, or leaves: the owner and the alarm stand."""
    ana, luis = desk.here("Ana"), desk.here("Luis")
    desk.line.text("person")
    taken = desk.takes(ana)
    give = {"conversation_id": taken.conversation_id, "staff_id": ana, "epoch": desk.epoch(taken.conversation_id)}
    for ends in ("declined", "timed out", "left"):
        assert transfer.transfer(desk.line.database, desk.line.services, to_id=luis, **give) is None
        assert (desk.hand_off().state, desk.hand_off().owner_id) == ("transferring", ana)
        check(desk)
        with desk.line.database.reading() as tx:
            (offered,) = handoff_offers.open_to(tx, luis)
        if ends == "declined":
            answer_offer.decline(desk.line.database, handoff_offer_id=offered.handoff_offer_id, staff_id=luis,
                                 reason="full")  # fmt: skip
        elif ends == "timed out":
            desk.rounds(62, every=31)
            assert isinstance(_accept(desk, offered.handoff_offer_id, luis), Refused)
        else:
            end_account(desk.line.database, desk.line.services, staff_id=luis, by_id=None)
        assert (desk.hand_off().state, desk.hand_off().owner_id) == ("owned", ana), ends
        check(desk)


def one_text_whatever_the_carrier_says(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F11: the carrier took it, and its answer was lost."""
    desk.line.text("hi")
    desk.line.carrier.fail_next(SendError("timeout", "unknown", "No answer."), carried=True)
    desk.line.deliver()
    for _ in range(8):
        desk.line.clock.advance(timedelta(seconds=20))
        desk.line.settle()
        desk.line.deliver()
    assert len(desk.line.carrier.sent) == 1


def the_bot_is_silent(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F12: its answer is under way while a human takes the person."""
    ana = desk.here("Ana")
    desk.line.text("person")
    desk.takes(ana)
    assert desk.line.deliver() == []


def a_stale_draft_is_refused(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F13: two tabs of the same advocate; in one the person went to a colleague and came back."""
    ana, luis = desk.here("Ana"), desk.here("Luis")
    desk.line.text("person")
    taken = desk.takes(ana)
    stale = desk.epoch(taken.conversation_id)
    for giver, other in ((ana, luis), (luis, ana)):
        epoch = desk.epoch(taken.conversation_id)
        transfer.transfer(desk.line.database, desk.line.services, conversation_id=taken.conversation_id,
                          staff_id=giver, epoch=epoch, to_id=other)  # fmt: skip
        if giver == ana:
            with desk.line.database.reading() as tx:
                (offered,) = handoff_offers.open_to(tx, luis)
            assert isinstance(_accept(desk, offered.handoff_offer_id, luis), Claimed)
            refused = _say(desk, taken.conversation_id, ana, stale)
            assert isinstance(refused, Refused)
            assert "Luis" in refused.reason, "who has them now is named"
        else:
            with desk.line.database.reading() as tx:
                (offered,) = handoff_offers.open_to(tx, ana)
            assert isinstance(_accept(desk, offered.handoff_offer_id, ana), Claimed)
    assert isinstance(_say(desk, taken.conversation_id, ana, stale), Refused)
    assert isinstance(_say(desk, taken.conversation_id, ana, desk.epoch(taken.conversation_id)), Queued)


def the_databases_clock_rules(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    """F14: the machine's clock jumps by an hour, both ways."""
    true = datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC)  # a minute before the clocks go back in Chicago
    ticks = iter(range(1000))
    patch.setattr(clocks.time, "clock_gettime", lambda _which: float(next(ticks)))
    clock = clocks.DatabaseClock()
    clock.asks(lambda: true)
    before = clock.now()
    for jump in (timedelta(hours=1), timedelta(hours=-1)):
        patch.setattr(clocks, "datetime", SimpleNamespace(now=lambda _zone, by=jump: true + by))
        assert timedelta() < clock.now() - before < timedelta(seconds=10)


def at_three_in_the_morning(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F15: the whole team is off; a P0 reaches on-call and the director, and the person is told the truth."""
    first, director = desk.colleague("Pia", sms=True), desk.colleague("Dora", "lead", sms=True)
    desk.line.clock.set(datetime(2026, 6, 16, 8, 0, tzinfo=UTC))
    desk.on_call(first, 1)
    desk.on_call(director, 3)
    desk.line.text("he hit me")
    assert not any("min" in body for body in desk.line.deliver()), "a wait was promised that nobody can keep"
    desk.rounds(35, every=5)
    assert (first, "sent") in desk.called("waits")
    desk.rounds(460, every=10)
    assert (director, "sent") in desk.called("waits")
    check(desk)


def nobody_starves(_desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F16: three hundred in a minute, and one more P1 with each that is taken: P0 first, and the P3 has its turn."""
    now, ladder = datetime(2026, 6, 15, 17, 0, tzinfo=UTC), rules.DEFAULT
    queue = [Waits(f"{n:04}", f"P{n % 4}", now + timedelta(seconds=n / 5)) for n in range(300)]
    me = Advocate("ana", 0, 4)
    taken: list[Waits] = []
    for minute in range(1, 400):
        at = now + timedelta(minutes=minute)
        queue.append(Waits(f"x{minute:04}", "P1", at))
        taken.append(in_order(queue, me, at, ladder)[0])
        queue.remove(taken[-1])
    urgent = taken[:75]
    assert {one.tier for one in urgent} == {"P0"}
    assert [one.handoff_id for one in urgent] == sorted(one.handoff_id for one in urgent)
    assert any(one.tier == "P3" for one in taken), "a P3 waits for ever"


def poison_is_refused(_desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F17: each is one change to the file that is in force."""
    for wrong, right in POISON:
        assert right in GOOD, right
        with pytest.raises(rules.LadderRefused):
            rules.parse(GOOD.replace(right, wrong, 1))


def a_stop_hides_nothing(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F18: STOP from a P0: nothing is sent any more, everything is seen, and the ladder stays."""
    ana = desk.here("Ana")
    desk.line.text("he hit me")
    taken = desk.takes(ana)
    desk.line.text("STOP")
    desk.line.text("please")
    with desk.line.database.reading() as tx:
        shown = [one.body for one in threads.thread(tx, taken.conversation_id) if one.direction == "in"]
    assert shown == ["he hit me", "STOP", "please"]
    refused = _say(desk, taken.conversation_id, ana, desk.epoch(taken.conversation_id))
    assert isinstance(refused, Refused)
    desk.rounds(35, every=5)
    assert (ana, "sent") in desk.called("silent")
    check(desk)


def whoever_leaves_holds_nobody(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F19: an account ends in the middle of a conversation."""
    ana = desk.here("Ana")
    desk.line.text("he hit me")
    desk.takes(ana)
    end_account(desk.line.database, desk.line.services, staff_id=ana, by_id=None)
    back = desk.hand_off()
    assert (back.state, back.owner_id, back.tier) == ("waiting", None, "P0")
    check(desk)


def the_watcher_is_watched(desk: Desk, _patch: pytest.MonkeyPatch) -> None:
    """F20: the clock's process does not run at all."""
    lead = desk.colleague("Marta", "lead", sms=True)
    desk.sweep()
    assert watch(desk.line.database, desk.line.services)
    for _ in range(12):
        desk.line.clock.advance(timedelta(seconds=5))
        watch(desk.line.database, desk.line.services)
    assert desk.called("clock")[:1] == [(lead, "sent")]
    from_then = len(desk.called("clock"))
    watch(desk.line.database, desk.line.services)
    assert len(desk.called("clock")) == from_then, "one fault is one call"
    desk.sweep()
    assert watch(desk.line.database, desk.line.services)


# What breaks it


def _killed(*_args: object, **_more: object) -> None:
    raise KeyboardInterrupt


def _gone(*_args: object, **_more: object) -> None:
    raise OperationalError("SELECT", None, Exception("the server closed the connection"))


class _surviving:  # noqa: N801
    def __enter__(self) -> None: ...

    def __exit__(self, kind: type | None, *_: object) -> bool:
        return kind is KeyboardInterrupt


def _accept(desk: Desk, offer_id: str, staff_id: str) -> object:
    return answer_offer.accept(desk.line.database, desk.line.services, handoff_offer_id=offer_id, staff_id=staff_id)


def _say(desk: Desk, conversation_id: str, staff_id: str, epoch: int) -> object:
    return reply(desk.line.database, desk.line.services, conversation_id=conversation_id, staff_id=staff_id,
                 epoch=epoch, text=f"hello {epoch}")  # fmt: skip


def _without_unique(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    with desk.line.database.transaction() as tx:
        tx.conn.execute(text(f"DROP INDEX {ONE_TEXT}"))
    look = receive._look
    patch.setattr(receive, "_look", lambda *a: _Unknown(look(*a)))


ONE_TEXT = "uq_messages_provider_sid"


@pytest.fixture
def whole_again(postgres_database: Database) -> Iterator[None]:
    """The database is the whole session's: what a mutant took out of it is put back."""
    yield
    table = messages.messages
    (index,) = [index for index in table.indexes if index.name == ONE_TEXT]
    with postgres_database.transaction() as tx:
        tx.conn.execute(text("TRUNCATE messages CASCADE"))
        index.create(tx.conn, checkfirst=True)


class _Unknown:
    """A look that does not find the text it has seen."""

    def __init__(self, row: Any) -> None:
        self._row, self.known = row, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _alarm_outside(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    begin = climb.begin
    patch.setattr(climb, "begin", lambda tx, *a: tx.after_commit(lambda: begin(tx, *a)))


def _commit_too_soon(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(receive, "receive", lambda *a, **k: receive.Outcome.TAKEN)
    patch.setattr("tests.usecases.line.receive", lambda *a, **k: receive.Outcome.TAKEN)


def _no_primary_key(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder_steps, "record", lambda *a: True)


def _no_sweep(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(climb, "climb", lambda *a: None)


def _swallowed(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    real = receive.receive

    def quiet(*args: Any, **more: Any) -> Any:
        try:
            return real(*args, **more)
        except OperationalError:
            return receive.Outcome.TAKEN

    patch.setattr("tests.usecases.line.receive", quiet)


def _open_is_seen(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(receive.hand_off, "heard", lambda *a: None)


def _sent_counts(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pages, "sent", pages.hear)


def _owner_cleared_first(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    real = handoffs.offered

    def clears(tx: Any, handoff_id: str, state: str, **more: Any) -> bool:
        if state == "transferring":
            handoffs.give_back(tx, handoff_id, tx.now)
            return True
        return real(tx, handoff_id, state, **more)

    patch.setattr(handoffs, "offered", clears)


def _blind_retry(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SendError, "__init__", _always_later)


def _always_later(self: SendError, code: object, _fate: str, staff_text: str) -> None:
    Exception.__init__(self, staff_text)
    self.code, self.fate, self.staff_text, self.retry_after_s = str(code), "later", staff_text, 1.0


def _bot_without_epoch(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(threads, "refuse_queued", lambda *a: 0)
    patch.setattr("bot.usecases.claim_texts.may_send", lambda _facts: Allowed(600))


def _by_conversation_only(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("bot.usecases.composing.not_yours", lambda *a: None)


def _machines_clock(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clocks.DatabaseClock, "now", lambda self: clocks.datetime.now(UTC))


def _closed_hours(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("bot.usecases.page_staff.reach", lambda tx, act, owner_id=None: [])


def _first_in_first_out(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "DEFAULT", replace(rules.DEFAULT, age_minutes=100_000))


def _any_integer(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "_outside", lambda *a: [])


def _drops_the_stopped(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    def drops(database: Any, services: Any, one: Any) -> None:
        if one.body != "please":
            receive.receive(database, services, one)

    patch.setattr("tests.usecases.line.receive", drops)


def _only_the_key(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(handoffs, "give_back", lambda *a: None)


def _no_heartbeat(_desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(heartbeats, "last_beat", lambda tx, _name: tx.now)


GOOD = (rules.files("bot") / "ladder.toml").read_text("utf-8")
POISON = [
    ("offer_s = 86400", "offer_s = 30"),
    ("offer_s = 5", "offer_s = 30"),
    ("waiting = []\nunused = [", "waiting = ["),
    ("capacity = 0 ", "capacity = 2 "),
    ("hard_cap = 1 ", "hard_cap = 4 "),
    ("repeat_s = 0", "repeat_s = 300"),
    ('do = ["sing"]', 'do = ["offer", "ring"]'),
    ("after_s = 9000", "after_s = 0"),
    ("after_s = -1", "after_s = 30"),
    ("[P9]", "[P0]"),
    ("offer_s = true", "offer_s = 30"),
    ("not toml", "capacity = 2"),
]

FAULTS: list[tuple[str, Scenario, Callable[[Desk, pytest.MonkeyPatch], None]]] = [
    ("F2 the same webhook again", one_row, _without_unique),
    ("F3 killed after the commit", committed_with_its_alarm, _alarm_outside),
    ("F4 killed before the commit", nothing_before_the_commit, _commit_too_soon),
    ("F5 a sweep killed in a step", steps_once_each, _no_primary_key),
    ("F6 Redis gone", redis_costs_nothing_but_time, _no_sweep),
    ("F7 the database restarts", the_database_comes_back, _swallowed),
    ("F8 the owner's lid is closed", a_silent_owner_is_noticed, _open_is_seen),
    ("F9 a channel is gone", sent_is_not_heard, _sent_counts),
    ("F10 a transfer fails", a_transfer_leaves_no_gap, _owner_cleared_first),
    ("F11 the carrier's answer is lost", one_text_whatever_the_carrier_says, _blind_retry),
    ("F12 the bot is in flight", the_bot_is_silent, _bot_without_epoch),
    ("F13 a stale draft", a_stale_draft_is_refused, _by_conversation_only),
    ("F14 the clock jumps", the_databases_clock_rules, _machines_clock),
    ("F15 three in the morning", at_three_in_the_morning, _closed_hours),
    ("F16 three hundred flags", nobody_starves, _first_in_first_out),
    ("F17 poisoned configuration", poison_is_refused, _any_integer),
    ("F18 STOP from a P0", a_stop_hides_nothing, _drops_the_stopped),
    ("F19 an account ends", whoever_leaves_holds_nobody, _only_the_key),
    ("F20 nobody sweeps", the_watcher_is_watched, _no_heartbeat),
]
NAMES = [name for name, _, _ in FAULTS]


@pytest.mark.parametrize(("scenario", "_mutant"), [row[1:] for row in FAULTS], ids=NAMES)
def test_it_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch, scenario: Scenario, _mutant: object) -> None:
    scenario(desk, monkeypatch)


@pytest.mark.parametrize(("scenario", "mutant"), [row[1:] for row in FAULTS], ids=NAMES)
def test_its_mutant_is_caught(postgres_database, whole_again, clock, monkeypatch, scenario, mutant) -> None:
    desk = Desk(the_line(postgres_database, clock))
    mutant(desk, monkeypatch)
    caught = False
    try:
        scenario(desk, monkeypatch)
    except BaseException:
        caught = True
    assert caught, "the scenario does not see what it is for"


def test_where_everything_starts_at_once_the_clock_has_time_for_its_first_beat(sqlite_database, clock) -> None:
    desk = Desk(the_line(sqlite_database, clock))
    lead, began = desk.colleague("Marta", "lead", sms=True), clock.now()
    assert watch(desk.line.database, desk.line.services, began)
    clock.advance(LATE + timedelta(seconds=1))
    assert not watch(desk.line.database, desk.line.services, began)
    assert (lead, "sent") in desk.called("clock")


def test_a_step_for_what_was_seen_and_not_answered_is_due_when_it_comes(sqlite_database, clock) -> None:
    """Once seen, the rungs wait twice as long: that is when they are due, and their rows say so."""
    desk = Desk(the_line(sqlite_database, clock))
    ana = desk.here("Ana")
    desk.line.text("he hit me")
    taken = desk.takes(ana)
    clock.advance(timedelta(seconds=5))
    reply(desk.line.database, desk.line.services, conversation_id=taken.conversation_id, staff_id=ana,
          epoch=desk.epoch(taken.conversation_id), text="I am here")  # fmt: skip
    desk.line.text("are you there")
    assert saw(desk.line.database, staff_id=ana, conversation_id=taken.conversation_id, seq=desk.hand_off().inbound_seq)
    desk.rounds(130, every=5, awake=(ana,))
    steps = [step for step in desk.steps(taken.handoff_id) if step.climb == desk.hand_off().climb]
    assert [step.acts for step in steps] == ["owner", "owner,lead"]
    assert all(timedelta(0) <= step.at - step.due_at <= timedelta(seconds=5) for step in steps)
    check(desk)


@pytest.mark.parametrize("hours", [1, 23])
def test_an_alert_proves_somebody_for_their_shift_alone(hours: int) -> None:
    now = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
    signs = presence_rules.Signs(now - timedelta(hours=2), now, now, now - timedelta(hours=hours))
    want = presence_rules.Presence.HERE if hours == 1 else presence_rules.Presence.UNPROVEN
    assert presence_rules.presence(signs, now, timedelta(hours=12)) is want


