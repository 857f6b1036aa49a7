"""What does the line do in one life, drawn from a seed, with processes that are held up and killed at marked points?

Phones text, the carrier misbehaves, bells are lost, advocates come and go; web, worker and clock are greenlets that
stop at every point where a process can lose its turn, and each is held up, killed, or goes on, as the seed says. Time
is the world's own: nothing is waited for. The use cases, the rows and the SQL are the real ones.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet
from sqlalchemy import select

from bot import jobs
from bot.simulator.faults import Faults
from bot.store import handoffs, staff
from bot.store.conversations import conversations
from bot.store.db import Database
from bot.usecases import claim, finish, reconcile, reply, sweep
from tests.proof.account import Account, Heard, Taken, read_rows
from tests.proof.carrier import TRIES, SimCarrier
from tests.proof.door import Door, services_of
from tests.proof.points import IN_A_TRANSACTION, POINTS, Killed, acting

MONDAY_NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
LONGEST_CALL_S = 6.0
"""A call to the carrier is cut off by its time-out, so a process can be held up in one only so long."""
LONGEST_PAUSE_S = 150.0
"""Between two calls a process may be stopped for longer than a lease."""
SWEEP_EVERY_S = 25.0
FEWEST_SWEEPS = 5
"""So that the carrier's list is read at least once while things go wrong."""
WORKERS = 2
RARE = tuple(point for point in POINTS if point.startswith(("settle.", "reconcile.")))
HEALING = 60
"""Rounds of the clock at the end, when nothing goes wrong any more."""

STOPS = frozenset({"STOP", "stop texting me", "alto"})
BODIES = (
    ("hi", 6), ("1", 6), ("yes", 3), ("2", 3), ("tonight", 2), ("hola", 2), ("near 78201", 2), ("25", 1),
    ("he hit me", 2), ("person", 3), ("HELP", 1), ("START", 2), ("STOP", 2), ("stop texting me", 1), ("alto", 1),
    ("the zinnia closet by the stairs", 1),
)  # fmt: skip


class TickingClock:
    """No two moments are the same, so that the rows tell in which order things happened."""

    def __init__(self) -> None:
        self.at = MONDAY_NOON

    def now(self) -> datetime:
        self.at += TICK
        return self.at


class InLine:
    """A pool of threads without threads: what is submitted is done at once, by whoever submits it."""

    def __init__(self, *_args: Any, **_more: Any) -> None:
        pass

    def __enter__(self) -> InLine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **more))
        except Exception as error:  # and not Killed: that is the whole process
            done.set_exception(error)
        return done

    def map(self, work: Callable[..., Any], *many: Any) -> list[Any]:
        return [work(*args) for args in zip(*many, strict=True)]

    def shutdown(self, *_args: Any, **_more: Any) -> None:
        pass


@dataclass(frozen=True)
class Plan:
    """All that the seed decides before the life begins."""

    seed: int
    texts: tuple[tuple[float, str, str], ...]
    """When, from whom, what."""
    desk: tuple[tuple[float, str], ...]
    """When an advocate does what."""
    kills: frozenset[tuple[str, int]]
    """At which point, and at which time of reaching it."""
    odds: float
    bells_lost: float
    pauses: float

    @classmethod
    def drawn(cls, seed: int) -> Plan:
        dice = random.Random(f"plan {seed}")
        words, weights = zip(*BODIES, strict=True)
        texts = []
        for n in range(dice.choice((1, 1, 1, 2, 3))):
            at = dice.uniform(0, 5)
            for _ in range(dice.randint(1, 4)):
                texts.append((at, f"+1210555{1200 + n}", dice.choices(words, weights)[0]))
                at += dice.choice((0.0, 0.3, dice.expovariate(1 / 12)))
        acts = [(dice.uniform(5, 60), act) for act in ("claim", "reply", "reply", "finish")]
        kills = {_kill(dice) for _ in range(dice.choice((0, 1, 2, 4)))}
        return cls(
            seed, tuple(texts), tuple(sorted(acts)) if dice.random() < 0.5 else (), frozenset(kills),
            odds=dice.choice((0.0, 0.15, 0.5)), bells_lost=dice.choice((0.0, 0.5, 1.0)),
            pauses=dice.choice((0.0, 0.15, 0.4)),
        )  # fmt: skip


def _kill(dice: random.Random) -> tuple[str, int]:
    """Settling and reading the list are rare: their points are chosen more often, and at their first time."""
    point = dice.choice((*POINTS, *RARE, *RARE, *RARE))
    return point, 1 if point in RARE else dice.randint(1, 4)


@dataclass
class _Process:
    """One that lives as long as what it does."""

    name: str
    dead: bool = False


class World:
    """One life of the line. `run` lives it to its end and returns the account."""

    def __init__(self, database: Database, plan: Plan) -> None:
        self.plan, self.database = plan, database
        self.clock = TickingClock()
        database.clock = self.clock
        self.dice = random.Random(f"world {plan.seed}")
        self.carrier = SimCarrier(self.clock, self, Faults(seed=plan.seed, odds=plan.odds), self.dice)
        self.services = services_of(database=database, carrier=self.carrier, nudges=self, pager=self, clock=self.clock)
        self.door = Door(self.services)
        self.killed: Counter[str] = Counter()
        self.paged: set[str] = set()
        self.repeats: list[str] = []
        self.story: list[str] = []
        """What happened, line by line, for whoever repeats a seed."""
        self._reached: Counter[str] = Counter()
        self._claims: dict[str, datetime] = {}
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._working = 0
        self._healing = False
        self._steady = False
        """Nothing else may happen meanwhile: what only came again is being looked at."""
        self._hub = getcurrent()

    # The life

    def run(self) -> Account:
        """To the end, and then on until everything that lay about has been seen to."""
        jobs.install(self.services)
        with self.database.transaction() as tx:
            self._ana = staff.add(tx, email="ana@example.org", alias="Ana", roles=("advocate",))
            if self.plan.desk:
                staff.begin_shift(tx, self._ana, tx.now + timedelta(hours=8))
        reconcile.reconcile(self.database, self.services)  # a line is read from its own first moment on
        for at, number, body in self.plan.texts:
            self.later(at, lambda number=number, body=body: self.carrier.text_in(number, body))
        for at, act in self.plan.desk:
            self.later(at, lambda act=act: self.spawn("desk", lambda: self._desk(act)))
        last = max([at for at, *_ in (*self.plan.texts, *self.plan.desk)], default=0.0)
        for n in range(max(FEWEST_SWEEPS, int(last / SWEEP_EVERY_S) + 2)):
            self.later(n * SWEEP_EVERY_S + 3, self._sweep)
        self._until_quiet()
        self._heal()
        return self.account()

    def _heal(self) -> None:
        """No more faults, no more kills: the clock ticks until there is nothing left to do."""
        self._healing = True
        self.carrier.faults = Faults()
        for _ in range(HEALING):
            self.clock.at += timedelta(seconds=31)
            self._sweep()
            self._until_quiet()
            waits = self.see("SELECT 1 FROM messages WHERE status IN ('queued', 'sending', 'unknown') LIMIT 1")
            if not waits and all(self._knows(text.sid) for text in self.carrier.heard):
                break

    def _until_quiet(self) -> None:
        while self._events:
            at, _, deed = heapq.heappop(self._events)
            self.clock.at = max(self.clock.at, at)
            deed()

    def later(self, after_s: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.clock.at + timedelta(seconds=after_s), next(self._order), deed))

    # Processes

    def spawn(self, name: str, work: Callable[[], None], after: Callable[[bool], None] = lambda alive: None) -> None:
        """A process that does this and ends. `after` is told whether it lived."""
        process = _Process(name)

        def body() -> None:
            try:
                work()
            except Killed:
                process.dead = True
            after(not process.dead)

        self._go(_Green(process, body, self._hub))

    def _go(self, green: _Green) -> None:
        pause = green.switch()
        if not green.dead:
            self.later(pause, lambda: self._go(green))

    def reach(self, point: str) -> None:
        """A process is at a point: it dies, is held up, or goes on."""
        green = getcurrent()
        if not isinstance(green, _Green):
            return
        if green.process.dead:
            raise Killed  # what a language does on the way out (`finally`), a killed process does not
        self._reached[point] += 1
        if not self._healing and (point, self._reached[point]) in self.plan.kills:
            green.process.dead = True
            self.killed[point] += 1
            self.tell(f"{green.process.name} is killed at {point}")
            raise Killed
        if point == "deliver.committed":
            self._note_claims()
        calm = self._healing or self._steady or point in IN_A_TRANSACTION
        if not calm and self.dice.random() < self.plan.pauses:
            pause = self._pause(point)
            self.tell(f"{green.process.name} is held up at {point} for {pause:.1f} s")
            self._hub.switch(pause)

    def sleep(self, seconds: float) -> None:
        """A process waits by itself."""
        if isinstance(getcurrent(), _Green):
            self._hub.switch(seconds)

    def tell(self, what: str) -> None:
        self.story.append(f"{(self.clock.at - MONDAY_NOON).total_seconds():8.3f}  {what}")

    def _pause(self, point: str) -> float:
        if point.endswith(("_post", "_look_up")):
            return self.dice.uniform(0, LONGEST_CALL_S)
        return self.dice.choice((0.0, 1.0, self.dice.uniform(0, LONGEST_PAUSE_S)))

    def _note_claims(self) -> None:
        for message_id in self.see("SELECT message_id FROM messages WHERE status = 'sending'"):
            self._claims.setdefault(message_id, self.clock.at)
        for message_id in self.see("SELECT message_id FROM messages WHERE status = 'queued'"):
            self._claims.pop(message_id, None)

    def see(self, query: str, *values: str) -> list[Any]:
        """The world's own eye, past everything of the line's: the first column."""
        with self.database.engine.connect() as conn:
            return [row[0] for row in conn.connection.driver_connection.execute(query, values)]

    def claimed_at(self, message_id: str) -> datetime | None:
        return self._claims.get(message_id)

    # The carrier calls

    def post_inbound(self, text: Heard, *, attempt: int) -> None:
        answered: list[int] = []

        def after(alive: bool) -> None:
            if alive and answered == [200]:
                return
            if attempt < TRIES and not self._healing:
                self.later(0.25 * 2**attempt, lambda: self.post_inbound(text, attempt=attempt + 1))
            elif attempt < TRIES:
                self.later(0.0, lambda: self.post_inbound(text, attempt=attempt + 1))
            else:
                text.given_up = True

        self.spawn("web", lambda: answered.append(self._answer(text)), after)

    def _answer(self, text: Heard) -> int:
        known, before = self._knows(text.sid), self._picture()
        self._steady = known
        try:
            status = self.door.inbound(text)
        finally:
            self._steady = False
        if known and self._picture() != before:
            self.repeats.append(f"the webhook of {text.sid} came again and changed the rows")
        if status == 200:
            text.answered_at.append(self.clock.at)
            text.missing_at_200 |= not self._knows(text.sid)
            text.open_at_200 |= text.body in STOPS and self._open(text)
        self.tell(f"{status} for {text.body!r} ({text.sid[-3:]})")
        return status

    def post_receipt(self, text: Taken, status: str, code: str, *, attempt: int) -> None:
        answered: list[int] = []

        def after(alive: bool) -> None:
            self.tell(f"{answered or 'nothing'} for {status} of {text.sid[-3:]}")
            if alive and answered == [204]:
                text.told.append(status)
            elif attempt < TRIES:
                self.later(0.25 * 2**attempt, lambda: self.post_receipt(text, status, code, attempt=attempt + 1))

        self.spawn("web", lambda: answered.append(self.door.status(text, status, code)), after)

    def _knows(self, sid: str) -> bool:
        return bool(self.see("SELECT 1 FROM messages WHERE direction = 'in' AND provider_sid = ?", sid))

    def _open(self, text: Heard) -> bool:
        """Is the STOP just answered not in force? (If a START came after it, the log still has the line.)"""
        key = self.database.keys.index("phone", text.from_)
        return not self.see("SELECT 1 FROM consent WHERE state = 'withdrawn' AND phone_key = ?", key)

    def _picture(self) -> object:
        """What a repeated webhook could change: the turn, the epoch and the state of everybody, and every text."""
        minds = "SELECT conversation_id || turn || ' ' || last_seq || ' ' || epoch || state FROM conversations"
        return (
            set(self.see(minds)),
            self.see("SELECT count(*) FROM messages"),
            self.see("SELECT count(*) FROM consent"),
        )

    # Bells, pages, jobs, the clock, the desk

    def deliver(self) -> None:
        """A ring. It is lost as often as Redis is; one job that waits is enough."""
        lost = not self._healing and self.dice.random() < self.plan.bells_lost
        if not lost and self._working < WORKERS:
            self._working += 1
            self.later(self.dice.uniform(0, 0.5), lambda: self.spawn("worker", jobs.deliver, self._worked))

    def _worked(self, _alive: bool) -> None:
        self._working -= 1

    def ready(self) -> bool:
        return True

    def page(self, *, handoff_id: str, tier: str, step: int) -> None:
        self.paged.add(handoff_id)

    def _sweep(self) -> None:
        """The clock's two threads; one that is killed here leaves the other to the next round, as if it began anew."""
        self.tell("the clock ticks")

        def work() -> None:
            with acting("sweep"):
                sweep.sweep(self.database, self.services)

        def read() -> None:
            with acting("reconcile"):
                brought = reconcile.reconcile(self.database, self.services)
            if brought:
                self.tell(f"the carrier's list brought {brought}")

        self.spawn("clock", work)
        self.spawn("list", read)

    def _desk(self, act: str) -> None:
        self.tell(f"Ana: {act}")
        if act == "claim":
            claim.claim(self.database, self.services, handoff_id=None, staff_id=self._ana)
            return
        with self.database.reading() as tx:
            mine = handoffs.owned_by(tx, self._ana)
            if not mine:
                return
            one = mine[0].conversation_id
            c = conversations.c
            epoch = tx.conn.execute(select(c.epoch).where(c.conversation_id == one)).scalar_one()
        if act == "reply":
            words = f"This is Ana, I am here {next(self._order)}"
            reply.reply(self.database, self.services, conversation_id=one, staff_id=self._ana, epoch=epoch, text=words)
        else:
            finish.finish(self.database, self.services, conversation_id=one, staff_id=self._ana, outcome="returned")

    def account(self) -> Account:
        """What happened until now."""
        bodies = {body for _, _, body in self.plan.texts if len(body) > 12}
        numbers = {number for _, number, _ in self.plan.texts}
        return Account(
            now=self.clock.at, taken=self.carrier.texts, heard=self.carrier.heard, stops=STOPS, paged=self.paged,
            repeats=self.repeats, secrets={*numbers, *(n[2:] for n in numbers), *bodies}, **read_rows(self.database),
        )  # type: ignore[arg-type]  # fmt: skip


class _Green(greenlet):
    """A process' thread of work."""

    def __init__(self, process: _Process, body: Callable[[], None], hub: greenlet) -> None:
        super().__init__(body, hub)
        self.process = process
