"""What do the tests of the line stand on? Real rows on both databases, a carrier without a network, a told clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.adapters.fake_carrier import FakeCarrier
from bot.adapters.nudges import CountedNudges
from bot.adapters.pagers import RecordedPager
from bot.ports import AccountSetup, SenderSetup
from bot.script_files import load_script
from bot.services import Services
from bot.settings import Settings
from bot.store import staff
from bot.store.db import Database
from bot.store.messages import messages
from bot.usecases.deliver import deliver
from bot.usecases.receive import InboundText, Outcome, receive
from bot.usecases.settle import settle
from bot.usecases.show_conversation import show_conversation
from tests.web.line import services_on

PERSON = "+12105550142"
SCRIPT = load_script()


@dataclass
class TheLine:
    """The whole line but its doors: texts in, texts out, and what stands in the rows."""

    database: Database
    services: Services
    carrier: FakeCarrier
    clock: FakeClock
    nudges: CountedNudges
    pager: RecordedPager
    _sids: Any

    def text(self, body: str, *, sender: str = PERSON, sid: str | None = None, **more: Any) -> Outcome:
        sid = sid or f"SMin{next(self._sids):028d}"
        return receive(self.database, self.services, InboundText(sid, sender, body, **more))

    def deliver(self) -> list[str]:
        """Send what is due; the bodies that reached the carrier in this round."""
        before = len(self.carrier.sent)
        deliver(self.database, self.services)
        return [t.body for t in self.carrier.sent[before:]]

    def settle(self) -> int:
        return settle(self.database, self.services)

    def shows(self, number: str = PERSON) -> dict[str, Any]:
        found = show_conversation(self.database, number)
        assert found is not None
        return found

    def said(self, number: str = PERSON) -> list[str]:
        return [m["key"] for m in self.shows(number)["messages"] if m["direction"] == "out"]

    def statuses(self) -> list[tuple[str, str, str | None]]:
        """Key, status and reason of every outbound row, in order."""
        m = messages.c
        query = select(m.key, m.status, m.reason).where(m.direction == "out").order_by(m.created_at, m.seq)
        with self.database.reading() as tx:
            return [tuple(row) for row in tx.conn.execute(query)]

    def somebody_on_shift(self, alias: str = "Ana") -> str:
        with self.database.transaction() as tx:
            staff_id = staff.add(tx, email=f"{alias.lower()}@example.org", alias=alias, roles=("advocate",))
            staff.begin_shift(tx, staff_id, tx.now + timedelta(hours=8))
        return staff_id


def well_set_up(settings: Settings) -> AccountSetup:
    """An account with nothing wrong, for these settings."""
    url, service = settings.public_url, settings.twilio_messaging_service_sid
    hooks = {"inbound": f"{url}/twilio/inbound#rc=2&rp=ct,rt,5xx", "fallback": f"{url}/twilio/fallback"}
    names = (service,) if service else settings.twilio_from
    return AccountSetup(True, None, tuple(SenderSetup(name, known=True, **hooks) for name in names))


def the_line(database: Database, clock: FakeClock, **settings: str) -> TheLine:
    carrier, nudges, pager = FakeCarrier(clock), CountedNudges(), RecordedPager()
    services = replace(services_on(database, **settings), carrier=carrier, nudges=nudges, pager=pager)
    carrier.setup = well_set_up(services.settings)
    return TheLine(database, services, carrier, clock, nudges, pager, count(1))
