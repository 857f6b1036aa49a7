"""What do the fault tests stand on? The line with people at its desk, and a checker that reads nothing but rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.store import handoffs, ladder_steps, pages, presence, rota, staff, threads
from bot.store.handoffs import Handoff
from bot.usecases import climb
from bot.usecases.claim import Claimed, claim
from bot.usecases.hear_page import hear
from bot.usecases.send_pages import send_pages
from bot.usecases.sweep import sweep
from tests.usecases.line import TheLine

PERSON = "+12105550142"


@dataclass
class Desk:
    """A line and whoever works at it."""

    line: TheLine

    def colleague(self, alias: str, *roles: str, sms: bool = False) -> str:
        """Somebody who works here, not on shift."""
        with self.line.database.transaction() as tx:
            staff_id = staff.add(tx, email=f"{alias.lower()}@example.org", alias=alias, roles=roles or ("advocate",))
            if sms:
                pages.add_channel(tx, staff_id, "sms", f"+1210555{len(alias):02}{ord(alias[0]):02}")
                pages.add_channel(tx, staff_id, "email", f"{alias.lower()}@calls.example.org")
        return staff_id

    def here(self, alias: str, *roles: str) -> str:
        """On shift, heard an alert, page open, hands moving."""
        staff_id = self.colleague(alias, *roles)
        with self.line.database.transaction() as tx:
            staff.begin_shift(tx, staff_id, tx.now + timedelta(hours=8))
            channel_id = pages.add_channel(tx, staff_id, "desk", staff_id)
            tx.conn.execute(
                pages.alert_channels.update().where(pages.alert_channels.c.channel_id == channel_id)
                .values(proved_at=tx.now)
            )  # fmt: skip
        self.moves(staff_id)
        return staff_id

    def moves(self, *staff_ids: str) -> None:
        with self.line.database.transaction() as tx:
            for staff_id in staff_ids:
                presence.write(tx, staff_id, polled_at=tx.now, typed_at=tx.now)

    def on_call(self, staff_id: str, line: int) -> None:
        with self.line.database.transaction() as tx:
            rota.put_on_call(tx, staff_id, line, tx.now - timedelta(hours=1), tx.now + timedelta(hours=12))

    def takes(self, staff_id: str, handoff_id: str | None = None) -> Any:
        taken = claim(self.line.database, self.line.services, handoff_id=handoff_id, staff_id=staff_id)
        assert isinstance(taken, Claimed), taken
        return taken

    def round(self, seconds: float = 0) -> None:
        """So much time passes; then the clock looks at every alarm, and calls leave."""
        self.line.clock.advance(timedelta(seconds=seconds))
        climb.climb(self.line.database, self.line.services)
        send_pages(self.line.database, self.line.services)

    def sweep(self) -> None:
        """All that the clock does in a second."""
        sweep(self.line.database, self.line.services)

    def rounds(self, seconds: int, every: int = 1, awake: tuple[str, ...] = ()) -> None:
        for _ in range(0, seconds, every):
            self.moves(*awake)
            self.round(every)

    def hand_off(self) -> Handoff:
        with self.line.database.reading() as tx:
            (one,) = handoffs.list_open(tx)
        return one

    def epoch(self, conversation_id: str) -> int:
        with self.line.database.reading() as tx:
            stored = threads.read(tx, conversation_id)
        assert stored is not None
        return stored.epoch

    def called(self, why: str | None = None) -> list[tuple[str, str]]:
        """Whom each call was for, and what became of it, in order."""
        p = pages.pages.c
        query = select(p.staff_id, p.state, p.why).order_by(p.created_at, p.page_id)
        with self.line.database.reading() as tx:
            return [(row.staff_id, row.state) for row in tx.conn.execute(query) if why in (None, row.why)]

    def hears(self, staff_id: str) -> None:
        with self.line.database.reading() as tx:
            (code, *_) = [row.code for row in pages.unheard(tx, staff_id)]
        assert hear(self.line.database, staff_id=staff_id, code=code) is None

    def steps(self, handoff_id: str) -> list[ladder_steps.LadderStep]:
        with self.line.database.reading() as tx:
            return ladder_steps.of(tx, handoff_id)


LATE = timedelta(seconds=10)


def check(desk: Desk, now: datetime | None = None) -> None:
    """G2, G3 and G5 of every hand-off, from the rows alone."""
    with desk.line.database.reading() as tx:
        every = [Handoff(*row) for row in tx.conn.execute(select(*handoffs._FIELDS))]
        climbed = {one.handoff_id: ladder_steps.of(tx, one.handoff_id) for one in every}
        active = {one.staff_id for one in staff.every(tx) if one.active}
    for one in every:
        assert (one.state == "closed") == (one.next_at is None), "an open hand-off without an alarm"
        assert one.state != "closed" or one.closed_at is not None
        assert not one.is_owned or one.owner_id in active, "owned by nobody who works here"
        assert one.is_owned == (one.owner_id is not None and one.state != "closed")
        by_climb: dict[int, list[int]] = {}
        for step in climbed[one.handoff_id]:
            by_climb.setdefault(step.climb, []).append(step.step)
            assert step.at - step.due_at <= LATE, f"step {step.step} came {step.at - step.due_at} late"
        for steps in by_climb.values():
            assert steps == list(range(len(steps))), "a step was skipped or done twice"
