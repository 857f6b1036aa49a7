"""What does the carrier remember? Texts, phones, opt-outs and the switches, in memory and, given a file, in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.simulator.faults import Faults
from bot.simulator.texts import Text, new_sid

_SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (sid TEXT PRIMARY KEY, n INTEGER NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS phones (number TEXT PRIMARY KEY, landline INTEGER NOT NULL, label TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocks (ours TEXT NOT NULL, phone TEXT NOT NULL, PRIMARY KEY (ours, phone));
"""

_TIMES = ("created_at", "updated_at", "sent_at")


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone somebody plays with. `landline` ones cannot be texted."""

    number: str
    landline: bool = False
    label: str = ""


class Memory:
    """Safe for many threads: every method is one step under one lock."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._texts: dict[str, Text] = {}
        self._phones: dict[str, Phone] = {}
        self._blocks: set[tuple[str, str]] = set()
        self._log: list[dict[str, Any]] = []
        self._faults = Faults()
        self._requests: dict[str, int] = {}
        self._last_n = 0
        self._file = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._file.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        self._load()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    def add(self, *, direction: str, media: int = 0, **fields: Any) -> Text:
        """A new text, last in the log."""
        with self._lock:
            now = datetime.now(UTC)
            self._last_n += 1
            text = Text(n=self._last_n, sid=new_sid(media), direction=direction, media=media, created_at=now,
                        updated_at=now, **fields)  # fmt: skip
            self._keep(text)
            if text.phone not in self._phones:
                self.add_phone(Phone(text.phone))
            return text

    def change(self, sid: str, **fields: Any) -> Text | None:
        """The text after the change; None if it was deleted meanwhile."""
        with self._lock:
            text = self._texts.get(sid)
            if text is None:
                return None
            text = replace(text, updated_at=datetime.now(UTC), **fields)
            self._keep(text)
            return text

    def delete(self, sid: str) -> None:
        with self._lock:
            self._texts.pop(sid, None)
            self._file.execute("DELETE FROM texts WHERE sid = ?", (sid,))

    def get(self, sid: str) -> Text | None:
        with self._lock:
            return self._texts.get(sid)

    def texts(self) -> list[Text]:
        """All of them, oldest first."""
        with self._lock:
            return list(self._texts.values())

    def add_phone(self, phone: Phone) -> None:
        with self._lock:
            self._phones[phone.number] = phone
            self._file.execute("INSERT OR REPLACE INTO phones VALUES (?, ?, ?)",
                               (phone.number, int(phone.landline), phone.label))  # fmt: skip

    def phones(self) -> list[Phone]:
        with self._lock:
            return list(self._phones.values())

    def phone(self, number: str) -> Phone | None:
        with self._lock:
            return self._phones.get(number)

    def block(self, ours: str, phone: str) -> bool:
        """Opt this phone out of our number. True if it was not before."""
        with self._lock:
            new = (ours, phone) not in self._blocks
            self._blocks.add((ours, phone))
            self._file.execute("INSERT OR IGNORE INTO blocks VALUES (?, ?)", (ours, phone))
            return new

    def unblock(self, ours: str, phone: str) -> bool:
        """Opt back in. True if it was opted out."""
        with self._lock:
            was = (ours, phone) in self._blocks
            self._blocks.discard((ours, phone))
            self._file.execute("DELETE FROM blocks WHERE ours = ? AND phone = ?", (ours, phone))
            return was

    def blocked(self, ours: str, phone: str) -> bool:
        with self._lock:
            return (ours, phone) in self._blocks

    @property
    def faults(self) -> Faults:
        with self._lock:
            return self._faults

    def set_faults(self, faults: Faults) -> None:
        with self._lock:
            self._faults = faults

    def take_fault(self, name: str) -> bool:
        """Use up one of a counted switch. False when none is left, or when it has no count."""
        with self._lock:
            left = getattr(self._faults, name, 0)
            if left:
                self._faults = replace(self._faults, **{name: left - 1})
            return bool(left)

    def nth_request(self, what: str) -> int:
        """How often the line has asked for this, this time included."""
        with self._lock:
            self._requests[what] = self._requests.get(what, 0) + 1
            return self._requests[what]

    def note(self, **entry: Any) -> None:
        """One line of the log for checkers."""
        with self._lock:
            self._log.append({"n": len(self._log) + 1, "at": datetime.now(UTC).isoformat(), **entry})

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        with self._lock:
            return self._log[after:]

    def _keep(self, text: Text) -> None:
        self._texts[text.sid] = text
        document = asdict(text)
        for name in _TIMES:
            document[name] = document[name].isoformat() if document[name] else None
        self._file.execute("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", (text.sid, text.n, json.dumps(document)))

    def _load(self) -> None:
        for (document,) in self._file.execute("SELECT document FROM texts ORDER BY n"):
            fields = json.loads(document)
            for name in _TIMES:
                fields[name] = datetime.fromisoformat(fields[name]) if fields[name] else None
            self._texts[fields["sid"]] = Text(**fields)
            self._last_n = fields["n"]
        for number, landline, label in self._file.execute("SELECT number, landline, label FROM phones"):
            self._phones[number] = Phone(number, bool(landline), label)
        self._blocks = set(self._file.execute("SELECT ours, phone FROM blocks"))
