"""What do the tests of campaigns stand on? A directory with a free bed, an advocate on shift, a clock that beats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.adapters.fake_carrier import FakeCarrier
from bot.services import Services
from bot.store import (
    campaigns,
    consent,
    conversations,
    directory,
    handoffs,
    heartbeats,
    messages,
    openings,
    outcomes,
    people,
    staff,
    watermarks,
)
from bot.store.db import Database
from bot.usecases.approve_campaign import approve_campaign
from bot.usecases.import_recipients import Imported, import_recipients
from bot.usecases.launch_campaign import Launched, launch_campaign
from bot.usecases.refusal import Refused
from bot.usecases.release_recipients import release_recipients
from bot.usecases.stage_list import Wanted
from bot.usecases.watch_harm import watch_harm
from tests.web.line import services_on

AREA = "San Antonio area"
OUTREACH, APPROVER, ADVOCATE = "outreach@example.org", "approver@example.org", "ana@example.org"


class Stage:
    """One database with people at work in it. `said` are the texts that wait in the outbox, oldest first."""

    def __init__(self, database: Database, clock: FakeClock, **settings: str) -> None:
        self.database, self.clock = database, clock
        self.carrier = FakeCarrier(clock)
        self.services: Services = replace(services_on(database, **settings), carrier=self.carrier)
        self.colleagues: list[str] = []
        self.open_bed()
        with database.transaction() as tx:  # without passwords, whose hashing takes long on purpose
            self.outreach = staff.add(tx, email=OUTREACH, alias="Olga", roles=["outreach"])
            self.approver = staff.add(tx, email=APPROVER, alias="Petra", roles=["approver"])
            self.advocate = staff.add(tx, email=ADVOCATE, alias="Ana", roles=["advocate"])
            staff.begin_shift(tx, self.advocate, tx.now + timedelta(hours=8))

    def more_advocates(self, n: int = 1) -> None:
        """So many colleagues on shift beside Ana, so that the line may go as fast as it ever does."""
        with self.database.transaction() as tx:
            for _ in range(n):
                nth = len(self.colleagues)
                one = staff.add(tx, email=f"bea{nth}@example.org", alias="Bea", roles=["advocate"])
                staff.begin_shift(tx, one, tx.now + timedelta(hours=8))
                self.colleagues.append(one)

    def open_bed(self, available: int = 3, region: str = AREA) -> None:
        """One house with free beds, counted just now."""
        with self.database.transaction() as tx:
            insert = tx.conn.execute
            insert(directory.organizations.insert(), _row(tx, "organizations", region))
            insert(directory.programs.insert(), _row(tx, "programs", region))
            stock = {"stock_id": region, "program_id": region, "unit": "bed", "maximum": 9}
            insert(directory.stocks.insert(), stock)
        self.count(available, region)

    def count(self, available: int, region: str = AREA) -> None:
        with self.database.transaction() as tx:
            openings.observe(tx, stock_id=region, available=available, via="web")

    def load(self, *rows: str, **wanted: Any) -> Imported:
        """Import a list of `number,language,basis` rows."""
        made = self.try_load(*rows, **wanted)
        assert isinstance(made, Imported), made
        return made

    def try_load(self, *rows: str, **wanted: Any) -> Imported | Refused:
        data = "number,language,basis\n" + "\n".join(rows)
        return import_recipients(
            self.database, self.services, data=data.encode(), wanted=Wanted(**{"name": "June", **wanted}),
            author_id=self.outreach,
        )  # fmt: skip

    def run(self, *rows: str, **wanted: Any) -> str:
        """A campaign that was imported, approved by the second person and launched; returns its id."""
        campaign_id = self.load(*rows, **wanted).campaign_id
        assert self.approve(campaign_id, self.approver) is None
        assert isinstance(self.launch(campaign_id), Launched)
        return campaign_id

    def approve(self, campaign_id: str, staff_id: str) -> Refused | None:
        return approve_campaign(self.database, self.services, campaign_id=campaign_id, staff_id=staff_id)

    def launch(self, campaign_id: str) -> Launched | Refused:
        return launch_campaign(self.database, self.services, campaign_id=campaign_id, staff_id=self.outreach)

    def tick(self, seconds: float = 1) -> int:
        """The clock's process beats, reads the carrier's list and sweeps once; returns how many texts were queued."""
        self.clock.advance(timedelta(seconds=seconds))
        self.clock_lives()
        watch_harm(self.database)
        return release_recipients(self.database, self.services)

    def clock_lives(self, *, list_read: bool = True) -> None:
        """It beats, and has just read the carrier's list up to the present."""
        with self.database.transaction() as tx:
            heartbeats.beat(tx, "clock")
            mark = watermarks.claim(tx, "inbound", timedelta(minutes=2)) if list_read else None
            if mark is not None:
                watermarks.finish(tx, "inbound", mark, at=tx.now, next_at=tx.now)

    def minutes(self, n: int) -> int:
        """One tick a minute; whatever was queued leaves for the carrier at once."""
        released = 0
        for _ in range(n):
            released += self.tick(60)
            self.sent()
        return released

    def sent(self) -> None:
        with self.database.transaction() as tx:
            c = messages.messages.c
            tx.conn.execute(messages.messages.update().where(c.status == "queued").values(status="sent"))

    def texts(self) -> list[Mapping[str, Any]]:
        """Number, key, language, body, kind and due_at of every text in the thread of everybody, oldest first."""
        m, k, p = messages.messages.c, conversations.conversations.c, people.people.c
        with self.database.reading() as tx:
            query = (
                select(m.message_id, m.key, m.language, m.body, m.kind, m.status, m.due_at, m.epoch, k.state, k.epoch,
                       p.person_id, p.phone)
                .join_from(messages.messages, conversations.conversations, k.conversation_id == m.conversation_id)
                .join(people.people, p.person_id == k.person_id)
                .order_by(m.created_at, m.message_id)
            )  # fmt: skip
            return [
                {
                    **row._mapping,
                    "body": tx.keys.open("messages.body", row.message_id, row.body),
                    "number": tx.keys.open("people.phone", row.person_id, row.phone),
                }
                for row in tx.conn.execute(query)
            ]

    def campaign(self, campaign_id: str) -> campaigns.Campaign:
        with self.database.reading() as tx:
            found = campaigns.get(tx, campaign_id)
        assert found is not None
        return found

    def counts(self, campaign_id: str) -> dict[str, int]:
        with self.database.reading() as tx:
            return outcomes.counts(tx, campaign_id)

    def refusals(self, campaign_id: str) -> dict[str, int]:
        with self.database.reading() as tx:
            return outcomes.refusals(tx, campaign_id)

    def they_stop(self, number: str) -> None:
        with self.database.transaction() as tx:
            consent.withdraw(tx, tx.keys.index("phone", number), how="stop")

    def they_write(self, number: str) -> str:
        """They texted just now; returns the conversation's id."""
        with self.database.transaction() as tx:
            person = people.find_or_add(tx, number, "en")
            conversation_id = conversations.open_of(tx, person.person_id)
            if conversation_id is None:
                conversation_id = conversations.start(
                    tx, person_id=person.person_id, phone_key=person.phone_key, language="en", flow_version="tests"
                ).conversation_id
            table = conversations.conversations
            mine = table.c.conversation_id == conversation_id
            tx.conn.execute(table.update().where(mine).values(last_inbound_at=tx.now, last_activity_at=tx.now))
        return conversation_id

    def they_are_flagged(self, number: str, flag: str) -> None:
        """They texted, and what they said marked the conversation."""
        conversation_id = self.they_write(number)
        with self.database.transaction() as tx:
            stored = conversations.load(tx, conversation_id)
            assert stored is not None
            marked = replace(stored.conversation, flags=(flag,))
            mind = conversations.seal_mind(tx, conversation_id, marked)
            table = conversations.conversations
            mine = table.update().where(table.c.conversation_id == conversation_id)
            tx.conn.execute(mine.values(mind=mind, turn=1))

    def they_are_helped(self) -> None:
        with self.database.transaction() as tx:
            for one in handoffs.waiting(tx):
                handoffs.close(tx, one.handoff_id, "referred", by_id="a")

    def they_wait(self, number: str, tier: str = "P1") -> None:
        conversation_id = self.they_write(number)
        with self.database.transaction() as tx:
            handoffs.open_handoff(
                tx, conversation_id=conversation_id, tier=tier, reason="human", next_at=tx.now, promised_at=None
            )


Staged = Callable[..., Stage]


def _row(tx: Any, table: str, region: str) -> dict[str, Any]:
    if table == "organizations":
        return {"organization_id": region, "name": "A house", "vetting": "approved", "created_at": tx.now}
    return {
        "program_id": region, "organization_id": region, "code_name": region[:8], "need": "bed",
        "kind": "emergency_house", "status": "active", "region": region, "zip3": ["782"], "facets": {}, "traits": [],
        "confidential": True, "vetting": "approved",
    }  # fmt: skip
