"""Has anybody changed the record? Walks the chain from its first link and names every line that does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.store import audit
from bot.store.db import Database, Tx

CHANGED = "was changed after it was written, or its link was"
GONE = "is gone"
MISSING_LINK = "the link before it is gone"
SLIPPED_IN = "has no link: it was slipped in afterwards, or the clock has not run since"


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the record that does not fit, and what is wrong with it."""

    audit_id: str
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """`head` (number and digest of the newest link) is worth keeping elsewhere: a chain that was cut short fits in
    itself, and only a head noted earlier shows it."""

    lines: int
    head: str
    faults: tuple[Fault, ...] = field(default=())


def verify_audit(database: Database, *, noted_head: str = "") -> Verified:
    """Check every link; `noted_head` is a `head` this gave earlier, which must still be in the chain."""
    with database.reading() as tx:
        seq, digest, _ = audit.head(tx)
        faults = list(_chain_faults(tx, noted_head))
        faults += [Fault(audit_id, SLIPPED_IN) for audit_id in audit.unlinked(tx, tx.now - audit.SETTLED)]
    return Verified(seq, _head(seq, digest), tuple(faults))


def _chain_faults(tx: Tx, noted_head: str) -> Iterator[Fault]:
    expected, noted_is_there = 1, not noted_head
    for link, ought in audit.links(tx):
        if link.seq != expected:
            yield Fault(link.audit_id, MISSING_LINK)
        if link.line is None:
            yield Fault(link.audit_id, GONE)
        elif link.digest != ought:
            yield Fault(link.audit_id, CHANGED)
        noted_is_there = noted_is_there or _head(link.seq, link.digest) == noted_head
        expected = link.seq + 1
    if not noted_is_there:
        yield Fault("", "The head that was noted earlier is not in the chain: its end was cut off or made anew.")


def _head(seq: int, digest: str) -> str:
    return f"{seq}:{digest}"
