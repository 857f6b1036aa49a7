"""What can an operator watch? Counters of what happened, and gauges that SQL answers at the moment of asking.

Labels are closed sets of words: nothing of a person, and no id, can become one. With PROMETHEUS_MULTIPROC_DIR set, all
processes that share the folder are added up; without it a process counts for itself. The gauges are right either way,
since the database is the queue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Select, func, select

from bot.store import watermarks
from bot.store.db import Database, Tx
from bot.store.handoffs import handoffs
from bot.store.heartbeats import last_beat
from bot.store.messages import PRIORITY, messages

TIERS = ("P0", "P1", "P2", "P3")
OTHER = "other"

_counters = CollectorRegistry()


class _Closed:
    """A counter with one label that takes only the words it was made with; any other counts as `other`."""

    def __init__(self, name: str, about: str, label: str, words: tuple[str, ...]) -> None:
        counter = Counter(f"quietline_{name}", about, [label], registry=_counters)
        self._cells = {word: counter.labels(word) for word in (*words, OTHER)}

    def count(self, word: str, by: int = 1) -> None:
        self._cells.get(word, self._cells[OTHER]).inc(by)


class _Plain:
    def __init__(self, name: str, about: str) -> None:
        self._counter = Counter(f"quietline_{name}", about, registry=_counters)

    def count(self, by: int = 1) -> None:
        self._counter.inc(by)


inbound = _Closed("inbound", "Texts that came in, by what became of them.", "outcome",
                  ("taken", "duplicate", "stop", "provider", "flooded", "unread", "failed"))  # fmt: skip
reconciled = _Closed("reconciled", "Texts that only the carrier's list brought in, by outcome.", "outcome",
                     ("taken", "duplicate", "stop", "provider", "flooded", "unread"))  # fmt: skip
fallbacks = _Closed("fallbacks", "Texts that came by the fallback address, by the carrier's reason.", "code",
                    ("11200", "11205", "11206", "11210", "11220", "11235", "12100", "12300"))  # fmt: skip
refused_webhooks = _Closed("refused_webhooks", "Webhooks refused, by reason.", "reason",
                           ("unsigned", "signature", "account", "malformed"))  # fmt: skip
sends = _Closed("sends", "Calls to the carrier, by fate.", "outcome",
                ("sent", "refused", "later", "unknown", "withheld", "settled"))  # fmt: skip
receipts = _Closed("receipts", "Delivery receipts, by status.", "status",
                   ("queued", "sending", "sent", "delivered", "undelivered", "failed", "stale",
                    "unmatched"))  # fmt: skip
carrier_alerts = _Plain("carrier_alerts", "Faults between us and the carrier that an operator must set right; `doctor`"
                        " names them.")  # fmt: skip
redacted = _Closed("redactions", "Copies at the carrier, by what became of emptying them.", "outcome",
                   ("done", "later", "given_up"))  # fmt: skip
unmet = _Closed("unmet_needs", "Searches that found nothing to tell, by reason.", "reason",
                ("no_program", "does_not_fit", "full", "not_sure"))  # fmt: skip
directory_records = _Closed("directory_records", "Records of imported directory files; a refused file is one.",
                            "outcome", ("imported", "updated", "quarantined", "refused"))  # fmt: skip
turns = _Plain("turns", "Turns committed.")
nudges = _Closed("nudges", "Rings of the bell, by outcome: a failed one costs time.", "outcome", ("rung", "failed"))


def render(database: Database) -> tuple[bytes, str]:
    """The exposition text and its content type. Raises what the database raises when it does not answer."""
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)
    except ValueError:  # no shared folder: this process alone
        registry = _counters
    with database.reading() as tx:
        gauges = CollectorRegistry()
        gauges.register(_Families(tuple(_gauges(tx))))
    return generate_latest(registry) + generate_latest(gauges), CONTENT_TYPE_LATEST


class _Families(Collector):
    def __init__(self, families: tuple[GaugeMetricFamily, ...]) -> None:
        self._families = families

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._families


def _gauges(tx: Tx) -> Iterator[GaugeMetricFamily]:
    tier, opened_at = handoffs.c.tier, handoffs.c.opened_at
    still_open = select(tier, func.count()).where(handoffs.c.closed_at.is_(None)).group_by(tier)
    nobodys = (handoffs.c.owner_id.is_(None), handoffs.c.closed_at.is_(None))
    waiting = select(tier, func.min(opened_at)).where(*nobodys).group_by(tier)
    yield _by("handoffs_open", "Open hand-offs.", "tier", TIERS, _pairs(tx, still_open))
    oldest = {word: _seconds_since(tx, at) for word, at in tx.conn.execute(waiting)}
    yield _by("handoffs_oldest_waiting_seconds", "Age of the oldest hand-off nobody has.", "tier", TIERS, oldest)

    kind, status = messages.c.kind, messages.c.status
    queued = select(kind, func.count()).where(status == "queued").group_by(kind)
    unknown = select(func.count()).select_from(messages).where(status == "unknown")
    yield _by("outbox_queued", "Texts not yet handed over.", "kind", tuple(PRIORITY), _pairs(tx, queued))
    yield _one("outbox_unknown", "Texts whose fate is unknown.", tx.conn.execute(unknown).scalar_one())

    beat = last_beat(tx, "clock")
    # Infinity, not zero: a clock that never ran must look worse than any that did.
    age = float("inf") if beat is None else _seconds_since(tx, beat)
    yield _one("clock_heartbeat_age_seconds", "Time since the clock's last sweep.", age)
    mark = watermarks.get(tx, "inbound")
    read = float("inf") if mark is None or mark.good_at is None else _seconds_since(tx, mark.good_at)
    yield _one("carrier_list_age_seconds", "Time since the carrier's list was last read up to the present.", read)


def _pairs(tx: Tx, query: Select[tuple[str, int]]) -> dict[str, float]:
    return {word: float(count) for word, count in tx.conn.execute(query)}


def _seconds_since(tx: Tx, at: datetime) -> float:
    return max(0.0, (tx.now - at).total_seconds())


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"quietline_{name}", about, value=value)


def _by(name: str, about: str, label: str, words: tuple[str, ...], values: Mapping[str, float]) -> GaugeMetricFamily:
    """A gauge with every word of its closed set present, at zero when SQL had no row for it."""
    family = GaugeMetricFamily(f"quietline_{name}", about, labels=[label])
    for word in words:
        family.add_metric([word], values.get(word, 0.0))
    return family
