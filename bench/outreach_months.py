"""Which way of pacing outreach helps most people in time? Many seeded months, in which nothing is as it should be.

`python -m bench.outreach_months` prints the tables of bench/README.md, of seeds nobody had looked at before. Nothing of
the product runs but its rules: a month is a list of draws (who would answer, when, for how long), the same for every
policy: only the pace differs.
Reply rates lie between 2 and 30 in 100 and drift from week to week; answers come after minutes or weeks; walk-ins come
in bursts; places are taken by others; feeds fall silent for days; advocates leave before their shift ends.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Protocol

from bot.rules import forecast, governor
from bot.rules.forecast import AGES, Coming, Curve, Sent
from bot.rules.freshness import Freshness, freshness, prior
from bot.rules.governor import Cell, Desk, Queue

DAY = 1440
OPENS, CLOSES = 9 * 60, 18 * 60
"""Local hours in which a first text may go."""
WAKES, SLEEPS = 8 * 60, 21 * 60
"""Outside these nobody is on shift, and nothing is looked at."""
LATE_MINUTES = 10
PLACE = prior("emergency_house")
NEEDS_A_PERSON = 0.55
"""Of those who answer; the others said stop, wrong number or nothing the line could not answer itself."""
LONG, WANTS_A_PLACE = 0.55, 0.7
"""Of those who come to an advocate, and of the long conversations among them."""


@dataclass(frozen=True, slots=True)
class Need:
    """One person at an advocate's desk: how long it takes, whether they want a place, how long they will wait."""

    minutes: float
    is_long: bool
    wants_place: bool
    patience: float


@dataclass(frozen=True, slots=True)
class Draw:
    """What the nth person texted would do."""

    luck: float
    delay: float
    screening: float
    need: Need | None


@dataclass(frozen=True, slots=True)
class Month:
    """What happens whatever we do. Shifts are (begins, ends, leaves) in minutes; places (free from, taken at)."""

    days: int
    weekly_rates: tuple[float, ...]
    median: float
    sigma: float
    draws: tuple[Draw, ...]
    shifts: tuple[tuple[tuple[int, int, int], ...], ...]
    walk_ins: tuple[tuple[float, Need], ...]
    places: tuple[tuple[float, float], ...]
    silent_days: frozenset[int]


@dataclass(slots=True)
class Tally:
    """What came of it."""

    days: int = 0
    texts: int = 0
    people: int = 0
    helped: int = 0
    late: int = 0
    after_hours: int = 0
    in_vain: int = 0
    """Came for a place when none was left."""
    late_shares: list[float] = field(default_factory=list)
    """One a day."""

    def add(self, other: Tally) -> None:
        for name in ("days", "texts", "people", "helped", "late", "after_hours", "in_vain"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.late_shares += other.late_shares

    @property
    def helped_a_day(self) -> float:
        return self.helped / self.days

    @property
    def late_share(self) -> float:
        return self.late / max(1, self.people)

    @property
    def in_vain_a_day(self) -> float:
        return self.in_vain / self.days

    @property
    def late_on_the_worst(self) -> float:
        """Share late over the worst tenth of days."""
        worst = sorted(self.late_shares)[-max(1, len(self.late_shares) // 10) :]
        return sum(worst) / len(worst)


@dataclass(slots=True)
class Seen:
    """What a policy may know at one minute."""

    minute: int
    shift_ends: list[int]
    busy: int
    waiting: int
    places: int
    """As the provider said last."""
    said_minutes_ago: float
    sent: list[int]
    """Texts by the minute they were sent."""
    came: list[int]
    """People at a desk, by the minute their text was sent."""


class Policy(Protocol):
    def __call__(self, seen: Seen) -> int: ...


def month(seed: int, days: int = 30, places_a_day: tuple[float, float] = (10, 60)) -> Month:
    """The same seed makes the same month."""
    random = Random(seed)
    rate = math.exp(random.uniform(math.log(0.02), math.log(0.30)))
    weekly = tuple(min(0.45, rate * math.exp(random.gauss(0, 0.3))) for _ in range(days // 7 + 1))
    median, sigma = random.uniform(9, 40), random.uniform(1.8, 2.6)
    draws = tuple(
        Draw(random.random(), random.gauss(0, 1), 8 * random.expovariate(1),
             _need(random) if random.random() < NEEDS_A_PERSON else None)
        for _ in range(days * 600)
    )  # fmt: skip
    shifts = _shifts(random, days)
    walk_ins = sorted(_walk_ins(random, days), key=lambda one: one[0])
    places = _places(random, days, places_a_day)
    silent = {day for day in range(days) if random.random() < 0.08}
    silent |= {day + 1 for day in silent if random.random() < 0.5}
    return Month(days, weekly, median, sigma, draws, shifts, tuple(walk_ins), places, frozenset(silent))


def _need(random: Random) -> Need:
    is_long = random.random() < LONG
    minutes = max(2.0, random.expovariate(1 / (35 if is_long else 6)))
    return Need(minutes, is_long, is_long and random.random() < WANTS_A_PLACE, random.expovariate(1 / 40))


def _shifts(random: Random, days: int) -> tuple[tuple[tuple[int, int, int], ...], ...]:
    team = random.randint(1, 5)
    planned = []
    for day in range(days):
        today = []
        for advocate in range(team):
            if random.random() < 0.12:
                continue  # ill
            begins = day * DAY + OPENS + (random.choice((0, 0, 120, 240)) if advocate else 0)
            ends = random.choice((begins + 300, day * DAY + 17 * 60, day * DAY + 18 * 60, day * DAY + 20 * 60))
            leaves = ends if random.random() > 0.12 else begins + int((ends - begins) * random.random())
            today.append((begins, ends, leaves))
        planned.append(tuple(today))
    return tuple(planned)


def _walk_ins(random: Random, days: int) -> Iterable[tuple[float, Need]]:
    """People who wrote by themselves: now and then, and a poster's worth of them at once."""
    for day in range(days):
        at = day * DAY + random.expovariate(1 / 180)
        while at < (day + 1) * DAY:
            if random.random() < 0.5:
                yield at, _need(random)
            at += random.expovariate(1 / 180)
        if random.random() < 0.15:
            burst = day * DAY + random.uniform(OPENS, CLOSES)
            for _ in range(random.randint(3, 9)):
                yield burst + random.expovariate(1 / 10), _need(random)


def _places(random: Random, days: int, a_day_range: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    a_day = math.exp(random.uniform(*map(math.log, a_day_range)))
    life = random.uniform(0.5, 4)
    at, found = -5.0 * DAY, []
    while at < days * DAY:
        at += random.expovariate(a_day / DAY)
        found.append((at, at + random.expovariate(1 / (life * DAY))))
    return tuple(found)


@dataclass(slots=True)
class _Desk:
    """The advocates' side of a month, minute by minute."""

    month: Month
    tally: Tally
    coming: list[tuple[float, int, Need, int]] = field(default_factory=list)  # at, tie, need, minute texted or -1
    waiting: deque[tuple[float, Need, bool]] = field(default_factory=deque)
    busy: list[tuple[float, int, Need, bool]] = field(default_factory=list)
    free: list[float] = field(default_factory=list)  # places, as the minute each is taken by somebody else
    next_place: int = 0
    said: int = 0
    said_at: float = -1e9
    ties: int = 0
    late_today: int = 0
    people_today: int = 0

    def comes(self, at: float, need: Need, texted: int = -1) -> None:
        self.ties += 1
        heapq.heappush(self.coming, (at, self.ties, need, texted))

    def minute(self, now: int, on: Sequence[tuple[int, int, int]], came: list[int]) -> None:
        self._places(now)
        while self.busy and self.busy[0][0] <= now:
            _, _, need, in_time = heapq.heappop(self.busy)
            self._ends(now, need, in_time)
        while self.coming and self.coming[0][0] <= now:
            at, _, need, texted = heapq.heappop(self.coming)
            closed = not on or at < now - 1
            self.tally.people += 1
            self.people_today += 1
            self.tally.after_hours += closed
            if texted >= 0:
                came[texted] += 1
            self.waiting.append((at, need, closed))
        while self.waiting and len(self.busy) < governor.PLACES_PER_ADVOCATE * len(on):
            at, need, closed = self.waiting.popleft()
            in_time = not closed and now - at <= LATE_MINUTES
            late = not in_time and not closed
            self.tally.late += late
            self.late_today += late
            if closed or now - at <= need.patience:
                self.ties += 1
                heapq.heappush(self.busy, (now + need.minutes, self.ties, need, in_time))

    def _places(self, now: int) -> None:
        places = self.month.places
        while self.next_place < len(places) and places[self.next_place][0] <= now:
            self.free.append(places[self.next_place][1])
            self.next_place += 1
        if now % 15 == 0:
            self.free = [taken_at for taken_at in self.free if taken_at > now]
        if now % 240 == 60:
            self._say(now)

    def _say(self, now: int) -> None:
        if now // DAY not in self.month.silent_days:
            self.said, self.said_at = len(self.free), now

    def _ends(self, now: int, need: Need, in_time: bool) -> None:
        if need.wants_place:
            if not self.free:
                self.tally.in_vain += 1
                return
            self.free.pop(0)
            self._say(now)
        self.tally.helped += in_time and need.is_long

    def day_ends(self) -> None:
        self.tally.late_shares.append(min(1.0, self.late_today / max(1, self.people_today)))
        self.late_today = self.people_today = 0


def live(one: Month, policy: Policy) -> Tally:
    """One month under one policy."""
    tally = Tally(days=one.days)
    desk = _Desk(one, tally)
    for at, need in one.walk_ins:
        desk.comes(at, need)
    sent, came = [0] * (one.days * DAY), [0] * (one.days * DAY)
    for day in range(one.days):
        for now in range(day * DAY + WAKES, day * DAY + SLEEPS):
            on = [shift for shift in one.shifts[day] if shift[0] <= now < shift[2]]
            desk.minute(now, on, came)
            if not day * DAY + OPENS <= now < day * DAY + CLOSES:
                continue
            n = policy(Seen(now, [ends for _, ends, _ in on], len(desk.busy), len(desk.waiting), desk.said,
                            now - desk.said_at, sent, came))  # fmt: skip
            sent[now] = n
            for _ in range(n):
                _text(one, desk, now, tally.texts)
                tally.texts += 1
        desk.day_ends()
    tally.late += sum(1 for _, _, closed in desk.waiting if not closed)
    return tally


def _text(one: Month, desk: _Desk, now: int, nth: int) -> None:
    draw = one.draws[nth % len(one.draws)]
    if draw.need is None or draw.luck >= one.weekly_rates[now // DAY // 7]:
        return
    at = now + one.median * math.exp(one.sigma * draw.delay) + draw.screening
    if at < one.days * DAY:
        desk.comes(at, draw.need, now)


# Policies


def all_at_once(texts: int) -> Policy:
    """A list every morning at ten."""
    return lambda seen: texts if seen.minute % DAY == OPENS + 60 else 0


def fixed(an_hour: int) -> Policy:
    return lambda seen: (seen.minute * an_hour) // 60 - ((seen.minute - 1) * an_hour) // 60


def back_pressure(share: float = 0.5) -> Policy:
    """Four a minute while nobody waits and at most this share of places is busy (`campaigns.md` 5.1)."""

    def policy(seen: Seen) -> int:
        places = governor.PLACES_PER_ADVOCATE * len(seen.shift_ends)
        return governor.PER_MINUTE if places and not seen.waiting and seen.busy <= share * places else 0

    return policy


class Governed:
    """The governor that is shipped, asked as the product asks it. One a month: it remembers what it has counted."""

    def __init__(self, curve: Curve = forecast.PUBLISHED) -> None:
        self._curve = curve
        self._texts: list[int] = []
        self._came: list[int] = []

    def __call__(self, seen: Seen) -> int:
        if not seen.shift_ends or seen.waiting:
            return 0  # what the governor would say of them, said before the counting
        if not self._texts or seen.minute % 5 == 0:
            self._texts, self._came = _by_age(seen.sent, seen.minute), _by_age(seen.came, seen.minute)
        self._texts[0] = sum(seen.sent[max(0, seen.minute - 4) : seen.minute + 1])
        sent = Sent(tuple(self._texts), tuple(self._came))
        return _governed(seen, forecast.coming([sent], self._curve)[0])


def _by_age(counts: list[int], now: int) -> list[int]:
    edges = [max(0, now + 1 - int(age)) for age in (0, *AGES)]
    return [sum(counts[low:high]) for high, low in pairwise(edges)]


def with_limits(share: float = 0.5, per_minute: int = governor.PER_MINUTE) -> Policy:
    """Back-pressure with the limits by openings and by shifts, and no forecast."""

    def policy(seen: Seen) -> int:
        if seen.busy > share * governor.PLACES_PER_ADVOCATE * len(seen.shift_ends):
            return 0
        return min(per_minute, _governed(seen, Coming(0.0, 0.0)))

    return policy


def without_openings(one: Month) -> Policy:
    """The same, blind to openings: back-pressure with the forecast."""
    governed = Governed()

    def policy(seen: Seen) -> int:
        return governed(replace(seen, places=99, said_minutes_ago=0.0))

    return policy


def _governed(seen: Seen, list_: Coming) -> int:
    left = tuple(float(ends - seen.minute) for ends in seen.shift_ends)
    desk = Desk(left, seen.busy, (list_,))
    fresh = freshness(PLACE, timedelta(minutes=seen.said_minutes_ago), seen.places) is Freshness.FRESH
    cell = Cell(desk, desk, seen.waiting, 0, 0, seen.places if fresh else 0, (list_,), list_)
    found = governor.speed(cell)
    if found.per_hour == 0:
        return 0
    now, sent = seen.minute, seen.sent
    queue = Queue(last_ten_here=sum(sent[max(0, now - 9) : now]), last_hour_here=sum(sent[max(0, now - 59) : now]))
    return max(0, min(governor.PER_MINUTE, governor.left_now(found.per_hour, queue)))


EVERY: tuple[tuple[str, Callable[[Month], Policy]], ...] = (
    ("600 every morning at once", lambda _: all_at_once(600)),
    ("fixed, 30 an hour", lambda _: fixed(30)),
    ("fixed, 60 an hour", lambda _: fixed(60)),
    ("fixed, 120 an hour", lambda _: fixed(120)),
    ("fixed, 180 an hour", lambda _: fixed(180)),
    ("back-pressure alone, 1/3 busy", lambda _: back_pressure(1 / 3)),
    ("back-pressure alone, 1/2 busy", lambda _: back_pressure()),
    ("back-pressure and limits, 1/2 busy", lambda _: with_limits()),
    ("back-pressure and limits, 1/3 busy", lambda _: with_limits(1 / 3)),
    ("back-pressure and limits, 1/3 busy, 2 a minute", lambda _: with_limits(1 / 3, 2)),
    ("with the forecast, blind to openings", without_openings),
    ("**ours: limits and forecast**", lambda _: Governed()),
    ("ours, knowing when answers come", lambda one: Governed(Curve.of(one.median + 8, one.sigma))),
)
FIRST_SEED = 71_000
"""The world and the rule were tuned while looking at seeds from 0 on. These were drawn once, after all of that, for the
table of bench/README.md; whoever tunes anything again takes others."""
AMPLE, SCARCE = (10.0, 60.0), (2.0, 10.0)
"""Places that become free in a day, in the whole area."""


def compare(policies: Iterable[tuple[str, Callable[[Month], Policy]]], months: Sequence[Month]) -> dict[str, Tally]:
    """Every policy through the same months."""
    found = {}
    for name, make in policies:
        total = Tally()
        for one in months:
            total.add(live(one, make(one)))
        found[name] = total
    return found


def main(seeds: int = 40) -> None:
    for places in (AMPLE, SCARCE):
        print(f"\n{seeds} months, {places[0]:.0f} to {places[1]:.0f} places free a day\n")
        print("| policy | texts a day | came | helped in time | late | late, worst tenth of days | came in vain | "
              "after hours |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
        months = [month(FIRST_SEED + n, places_a_day=places) for n in range(seeds)]
        for name, make in EVERY:
            one = compare([(name, make)], months)[name]
            print(f"| {name} | {one.texts / one.days:.0f} | {one.people / one.days:.1f} | {one.helped_a_day:.2f} "
                  f"| {100 * one.late_share:.1f} % | {100 * one.late_on_the_worst:.0f} % | {one.in_vain_a_day:.2f} "
                  f"| {one.after_hours / one.days:.1f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
