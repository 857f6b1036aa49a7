"""Do the promises hold in any order of texts, repeats, sends, receipts, kills and hours that hypothesis can think of?

What is drawn is a sequence of deeds on real rows; after each, what must always hold is looked at, and at the end the
whole account is checked. A failure is printed as the shortest sequence that breaks a promise.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from bot import jobs
from bot.simulator.faults import AFTER, BEFORE, Faults
from bot.store import handoffs, staff
from bot.store.conversations import conversations
from bot.store.messages import messages
from bot.usecases import claim, finish, reconcile, reply, sweep
from tests.proof import checker
from tests.proof.account import Account, Heard, Taken, read_rows
from tests.proof.carrier import SimCarrier
from tests.proof.door import Door, services_of
from tests.proof.lives import Lives, seeds, simulated
from tests.proof.points import POINTS, Killed, acting
from tests.proof.world import BODIES, STOPS, TickingClock

NUMBERS = ("+12105551200", "+12105551201")
ALWAYS = (checker.kept, checker.repeated, checker.once, checker.stopped)
"""What must hold at every moment; what is due and whose alarm has come is looked at when all has been seen to."""
HEALING = 60


class NextFault(Faults):
    """The next request meets what was said; nothing else is out of order, since here the order is drawn by itself."""

    befalls = ""

    def on_request(self, subject: str) -> str:
        return NextFault.befalls


def killed_in(*acts: str) -> st.SearchStrategy[str]:
    """Nowhere, mostly."""
    return st.sampled_from(("", "", "", *(point for point in POINTS if point.startswith(acts))))


class AnyOrder(RuleBasedStateMachine):
    """The carrier's side of the line and its processes, one deed at a time."""

    def __init__(self, lives: Lives) -> None:
        super().__init__()
        lives.empty()
        lives.world = self
        self.database = lives.database
        self.clock = self.database.clock = TickingClock()
        self.carrier = SimCarrier(self.clock, self, NextFault(), random.Random(1))
        self.services = services_of(
            database=self.database, carrier=self.carrier, nudges=self, pager=self, clock=self.clock
        )
        self.door = Door(self.services)
        jobs.install(self.services)
        with self.database.transaction() as tx:
            self.ana = staff.add(tx, email="ana@example.org", alias="Ana", roles=("advocate",))
            staff.begin_shift(tx, self.ana, tx.now + timedelta(days=1))
        reconcile.reconcile(self.database, self.services)
        self.webhooks: list[Heard] = []
        self.receipts: list[tuple[Taken, str, str]] = []
        self.repeats: list[str] = []
        self._kill_at, self._dead, self._numbers = "", False, count(1)

    # The network around the carrier

    def later(self, after_s: float, deed: Callable[[], None]) -> None:
        deed()

    def post_inbound(self, text: Heard, *, attempt: int) -> None:
        self.webhooks.append(text)

    def post_receipt(self, text: Taken, status: str, code: str, *, attempt: int) -> None:
        self.receipts.append((text, status, code))

    def claimed_at(self, message_id: str) -> datetime | None:
        return self.clock.at  # here nothing comes between a claim and its post

    def tell(self, what: str) -> None: ...

    def sleep(self, seconds: float) -> None: ...

    def deliver(self) -> None: ...

    def ready(self) -> bool:
        return True

    def page(self, *, handoff_id: str, tier: str, step: int) -> None: ...

    def reach(self, point: str) -> None:
        self._dead |= point == self._kill_at
        if self._dead:
            raise Killed

    @contextmanager
    def _process(self, kill_at: str = "") -> Iterator[None]:
        self._kill_at, self._dead = kill_at, False
        try:
            yield
        except Killed:
            pass
        finally:
            self._kill_at, self._dead = "", False

    # Deeds

    @rule(number=st.sampled_from(NUMBERS), body=st.sampled_from([body for body, _ in BODIES]))
    def a_phone_texts(self, number: str, body: str) -> None:
        self.carrier.text_in(number, body)

    @precondition(lambda self: self.webhooks)
    @rule(which=st.integers(0, 99), kill_at=killed_in("receive"))
    def the_carrier_tells(self, which: int, kill_at: str) -> None:
        """Of any of its texts, whether it has told of it before or not."""
        text = self.webhooks[which % len(self.webhooks)]
        with self._process(kill_at):
            known, before = self._knows(text), self._picture()
            assert self.door.inbound(text) == 200
            if known and before != self._picture():
                self.repeats.append(f"the webhook of {text.body!r} came again and changed the rows")
            text.answered_at.append(self.clock.at)
            text.missing_at_200 |= not self._knows(text)

    @precondition(lambda self: self.receipts)
    @rule(which=st.integers(0, 99), kill_at=killed_in("receipt"))
    def a_receipt_comes(self, which: int, kill_at: str) -> None:
        """Any, in any order, as often as it likes."""
        text, status, code = self.receipts[which % len(self.receipts)]
        with self._process(kill_at):
            assert self.door.status(text, status, code) == 204
            text.told.append(status)

    @rule(befalls=st.sampled_from(("", "", *BEFORE, *AFTER)), kill_at=killed_in("deliver", "settle"))
    def a_worker_works(self, befalls: str, kill_at: str) -> None:
        NextFault.befalls = befalls
        with self._process(kill_at):
            jobs.deliver()

    @rule(kill_at=killed_in("sweep"))
    def the_clock_ticks(self, kill_at: str) -> None:
        with self._process(kill_at), acting("sweep"):
            sweep.sweep(self.database, self.services)

    @rule(kill_at=killed_in("reconcile"))
    def the_carriers_list_is_read(self, kill_at: str) -> None:
        with self._process(kill_at), acting("reconcile"):
            reconcile.reconcile(self.database, self.services)

    @rule(seconds=st.sampled_from((1, 10, 40, 400, 1200)))
    def time_passes(self, seconds: int) -> None:
        self.clock.at += timedelta(seconds=seconds)

    @rule()
    def an_advocate_takes_somebody(self) -> None:
        claim.claim(self.database, self.services, handoff_id=None, staff_id=self.ana)

    @rule(lets_go=st.booleans())
    def an_advocate_writes_or_lets_go(self, lets_go: bool) -> None:
        with self.database.reading() as tx:
            mine = handoffs.owned_by(tx, self.ana)
            c = conversations.c
            epochs = {row.conversation_id: row.epoch for row in tx.conn.execute(select(c.conversation_id, c.epoch))}
        for one in mine[:1]:
            where = {"conversation_id": one.conversation_id, "staff_id": self.ana}
            if lets_go:
                finish.finish(self.database, self.services, outcome="returned", **where)
            else:
                words = f"This is Ana {next(self._numbers)}"
                reply.reply(self.database, self.services, epoch=epochs[one.conversation_id], text=words, **where)

    # What must hold

    @invariant()
    def what_always_holds(self) -> None:
        account = self._account()
        assert not [complaint for each in ALWAYS for complaint in each(account)]

    def teardown(self) -> None:
        """Everything is told and seen to, and then everything must hold."""
        NextFault.befalls = ""
        for text in self.webhooks:
            assert self.door.inbound(text) == 200
        for _ in range(HEALING):
            self.clock.at += timedelta(seconds=31)
            jobs.deliver()
            if not any(row.status in ("queued", "sending", "unknown") for row in self._account().rows):
                break
        sweep.sweep(self.database, self.services)
        jobs.deliver()
        assert not checker.check(self._account())

    def _account(self) -> Account:
        return Account(
            now=self.clock.at, taken=self.carrier.texts, heard=self.carrier.heard, stops=STOPS, repeats=self.repeats,
            **read_rows(self.database),
        )  # type: ignore[arg-type]  # fmt: skip

    def _knows(self, text: Heard) -> bool:
        return any(row.provider_sid == text.sid and row.direction == "in" for row in self._account().rows)

    def _picture(self) -> object:
        c, m = conversations.c, messages.c
        with self.database.reading() as tx:
            turns = tx.conn.execute(select(c.conversation_id, c.turn, c.last_seq, c.epoch, c.state)).all()
            texts = tx.conn.execute(select(m.message_id, m.status, m.due_at)).all()
            return set(turns), set(texts)


@pytest.mark.parametrize(("database", "examples"), [("sqlite", 40), ("postgres", 6)])
def test_any_order_of_deeds_keeps_the_promises(
    database: str, examples: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue(f"{database}_url")
    asked = settings(
        max_examples=seeds(0) // 20 or examples, stateful_step_count=25, deadline=None, print_blob=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with simulated(monkeypatch.setattr, url) as lives:
        run_state_machine_as_test(lambda: AnyOrder(lives), settings=asked)
