"""Whose request is this? Sessions kept in our own table, read only when a view asks for them.

The cookie is 32 random bytes and nothing else; the table knows it by a keyed hash, so neither a dump of the database
nor a cookie that was revoked opens a door. The webhook is hot: a request that never touches `session` costs no query
and sets no cookie.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin

from bot.rules.phrases import phrase, phrases
from bot.store import staff
from bot.store.db import Database

STAFF_SESSION_LASTS = timedelta(hours=12)
"""Absolute, from log-in: one shift."""
IDLE_LOCK = timedelta(minutes=15)
"""So long without a sign of its owner, and the session shows nothing until they prove again that it is them."""
_SEEN_EVERY = timedelta(minutes=1)
VISITOR_SESSION_LASTS = timedelta(hours=2)
"""For a log-in form or the simulator: long enough to fill in, short enough not to pile up."""

_BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrom", "Chrome"),
             ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("Windows", "Windows"),
            ("Mac OS", "a Mac"), ("CrOS", "a Chromebook"), ("Linux", "Linux"))  # fmt: skip
"""Signs in a browser's own words for itself, the telling ones first: most of them claim to be several."""


_NAMED = phrases(
    {name: name for _, name in _SYSTEMS} | {"A browser": "A browser", "an unknown device": "an unknown device"}
)


class StoredSession(SessionMixin):
    """A mapping that fetches itself on first use. `staff_id` in it makes it a staff session."""

    def __init__(self, database: Database, cookie: Callable[[], str | None]) -> None:
        self._database = database
        self._read_cookie = cookie
        self._values: dict[str, Any] | None = None
        self._found = False
        self._renewed = False
        self._seen_at: datetime | None = None
        self.modified = False

    @cached_property
    def _cookie(self) -> str | None:
        return self._read_cookie()

    @property
    def values_now(self) -> dict[str, Any]:
        if self._values is None:
            self._values = self._fetch()
        return self._values

    def _fetch(self) -> dict[str, Any]:
        if not self._cookie:
            return {}
        with self._database.reading() as tx:
            kept = staff.read_session(tx, staff.session_key(tx, self._cookie))
        self._found = kept is not None
        self._seen_at = None if kept is None else kept.seen_at
        return {} if kept is None else json.loads(kept.data)

    def __getitem__(self, name: str) -> Any:
        return self.values_now[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.values_now[name] = value
        self.modified = True

    def __delitem__(self, name: str) -> None:
        del self.values_now[name]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_now)

    def __len__(self) -> int:
        return len(self.values_now)

    def renew(self) -> None:
        """A new cookie and nothing of the old session: at log-in, log-out, and whenever rights change, so that an
        id fixed beforehand is worth nothing."""
        self.values_now.clear()
        self._renewed = True
        self.modified = True

    def is_idle(self) -> bool:
        """Whether its owner gave no sign for so long that somebody else may sit there now."""
        return self._found and self._seen_at is not None and self._now() - self._seen_at >= IDLE_LOCK

    def seen(self) -> None:
        """Its owner did something now; written at most once a minute."""
        if self._found and self._seen_at is not None and self._now() - self._seen_at >= _SEEN_EVERY:
            self._touch(self._now())

    def lock(self) -> None:
        """As if its owner had been away all along."""
        self._touch(self._now() - IDLE_LOCK)

    def unlock(self) -> None:
        self._touch(self._now())

    def _touch(self, at: datetime) -> None:
        with self._database.transaction() as tx:
            staff.touch_session(tx, self.key, at)
        self._seen_at = at

    def _now(self) -> datetime:
        return self._database.clock.now()

    @property
    def key(self) -> str:
        """The name this session is kept under; empty before it is kept."""
        return self._database.keys.index("session", self._cookie) if self._cookie and self._found else ""

    def keep(self) -> str | None:
        """Writes what changed. Returns the cookie to set, an empty one to take away, or None when it stays."""
        with self._database.transaction() as tx:
            old = staff.session_key(tx, self._cookie) if self._cookie else ""
            if self._found and not self._renewed:
                staff.write_session(tx, old, json.dumps(self.values_now))
                return None
            if old:
                staff.drop_session(tx, old)
            if not self.values_now:
                return ""
            cookie = secrets.token_urlsafe(32)
            staff_id = self.values_now.get("staff_id")
            lasts = STAFF_SESSION_LASTS if staff_id else VISITOR_SESSION_LASTS
            staff.add_session(
                tx, staff.session_key(tx, cookie), json.dumps(self.values_now), staff_id=staff_id,
                expires_at=tx.now + lasts,
            )  # fmt: skip
            return cookie


def device_of(user_agent: str) -> str:
    """A name for a device by which its owner knows it again: "Firefox on Linux". Coarse on purpose."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "A browser")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "an unknown device")
    return f"{browser} on {system}"


def device_words(name: str) -> str:
    """The same, for whoever reads; a name that is kept is English."""
    browser, on, system = name.partition(" on ")
    if not on:
        return name
    return phrase("%(browser)s on %(system)s", browser=_NAMED.get(browser, browser), system=_NAMED.get(system, system))


class StoredSessions(SessionInterface):
    """Flask's door to the table."""

    def __init__(self, database: Database, *, secure: bool) -> None:
        self._database = database
        self._secure = secure
        # With this prefix a browser accepts the cookie only from this very host, over https.
        self.cookie_name = "__Host-quietline" if secure else "quietline"

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        return StoredSession(self._database, lambda: request.cookies.get(self.cookie_name))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not isinstance(session, StoredSession) or not session.modified:
            return
        cookie = session.keep()
        if cookie is None:
            return
        guarded = {"secure": self._secure, "httponly": True, "samesite": "Strict"}
        if cookie:
            # No date: it goes when the browser is closed, and the table ends it in any case.
            response.set_cookie(self.cookie_name, cookie, **guarded)
        else:
            response.delete_cookie(self.cookie_name, **guarded)
