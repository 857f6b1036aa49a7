"""Somebody whom Ana has, who was told of places and said yes to SH1: what the tests of carrying through stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.rules.warm_transfer import Deed, State
from bot.store import consent, conversations, directory, handoffs, people, releases, tasks, warm_transfers
from bot.usecases import warm
from bot.usecases.claim import claim
from bot.usecases.give_release import Yes, give_release
from bot.usecases.refusal import Refused
from bot.usecases.seed import add_demo_directory
from bot.usecases.warm import Done
from tests.usecases.line import PERSON, TheLine, the_line
from tests.web.line import someone_waits

CEDAR, QUAIL = "demo-cedar-1", "demo-quail-3"
ROOM = "demo-cedar-1-room"


@dataclass
class Case:
    """One person in Ana's hands; `epoch` is the one her page was shown with."""

    line: TheLine
    ana: str
    talk: str
    epoch: int

    @property
    def by_ana(self) -> dict[str, Any]:
        return {"conversation_id": self.talk, "staff_id": self.ana, "epoch": self.epoch}

    def yes(self, *items: str, to: str = CEDAR, days: int = 3, **more: Any) -> str | Refused:
        yes = Yes(items, days, to, **more)
        return give_release(self.line.database, **self.by_ana, yes=yes)

    def begin(self, program_id: str = CEDAR) -> str | Refused:
        return warm.begin(self.line.database, **self.by_ana, program_id=program_id)

    def do(self, transfer_id: str, deed: str, **more: Any) -> State | Refused:
        return warm.do(self.line.database, self.line.services, **self.by_ana, transfer_id=transfer_id,
                       done=Done(Deed(deed), **more))  # fmt: skip

    def open_transfer(self) -> warm_transfers.Transfer | None:
        with self.line.database.reading() as tx:
            return warm_transfers.open_of(tx, self.talk)

    def tasks(self, kind: str) -> list[tasks.Task]:
        with self.line.database.reading() as tx:
            return tasks.list_open(tx, kind=kind)

    def given(self) -> list[releases.Release]:
        with self.line.database.reading() as tx:
            person = people.find(tx, PERSON)
            assert person is not None
            return releases.of_person(tx, person.person_id)

    def give_on(self, to_id: str) -> None:
        """A colleague has them now, under the same epoch: what a page of theirs would carry."""
        with self.line.database.transaction() as tx:
            mine = handoffs.owned_by(tx, self.ana)[0]
            assert handoffs.change_owner(tx, mine.handoff_id, from_id=self.ana, to_id=to_id, next_at=tx.now)

    def take_back(self) -> None:
        self.line.text("stop sharing my info")


def ana_has_somebody(database: Any, clock: Any, *, shares: bool = True) -> Case:
    with database.transaction() as tx:
        add_demo_directory(tx)
    line = the_line(database, clock)
    ana = line.somebody_on_shift()
    with database.transaction() as tx:
        talk, handoff_id = someone_waits(tx, PERSON)
        directory.add_offers(tx, talk, {"A": (CEDAR, tx.now), "B": (QUAIL, tx.now)})
        person = people.find(tx, PERSON)
        assert person is not None
        if shares:
            consent.release(tx, person.person_id, items="person", hours=72)
    claim(database, line.services, handoff_id=handoff_id, staff_id=ana)
    with database.transaction() as tx:
        stored = conversations.load(tx, talk)
        assert stored is not None
        assert handoffs.owned_by(tx, ana)
    return Case(line, ana, talk, stored.epoch)
