"""How does an open page learn that nothing has changed? It asks with the tag of what it shows, and is answered 304.

A page of the desk is asked about many times a minute. Its tag says three things: the number of the rows it stands on
(`bot.store.versions`), until when the clock alone changes nothing on it, and its own words. While the first two hold
nothing is drawn at all; when only the words are the same, it was drawn and is not sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from flask import Response, make_response, request
from werkzeug.http import quote_etag

REDRAWN_AFTER = timedelta(seconds=20)
"""At the latest: "12 min" becomes "13 min", a colleague has another name, the clock has stopped."""
_TAG = re.compile(r"([0-9a-f]{16})-(\d{1,10})-([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A part of a page, the number it stands on, and until when it is so by the clock."""

    fragment: str
    number: str
    until: datetime

    @property
    def content(self) -> str:
        return blake2b(self.fragment.encode(), digest_size=8).hexdigest()

    @property
    def etag(self) -> str:
        """Weak: the page is the same to whoever reads it, not byte by byte."""
        return quote_etag(f"{self.number}-{int(self.until.timestamp())}-{self.content}", weak=True)


def until(now: datetime, moments: Iterable[datetime | None]) -> datetime:
    """The first of these moments that is still to come, or REDRAWN_AFTER: what is then late is shown as late."""
    return min([now + REDRAWN_AFTER, *(one for one in moments if one is not None and one > now)])


def unless_so(now: datetime, number: str, draw: Callable[[], Drawn]) -> Response:
    """The part, or 304 while it is what the page shows. Drawn only when its rows, or the clock, may have changed it."""
    shown = _shown()
    if shown is not None and shown[0] == number and now < shown[1]:
        return Response(status=304)
    drawn = draw()
    same = shown is not None and shown[2] == drawn.content
    response = Response(status=304) if same else make_response(drawn.fragment)
    response.headers["ETag"] = drawn.etag
    return response


def _shown() -> tuple[str, datetime, str] | None:
    """What the page says that it shows."""
    for tag in request.if_none_match.as_set(include_weak=True):
        found = _TAG.fullmatch(tag)
        if found:
            return found[1], datetime.fromtimestamp(int(found[2]), UTC), found[3]
    return None


def etag(fragment: str) -> str:
    """The tag of this part of a page, for the page that is drawn with it."""
    return tagged(fragment).headers["ETag"]


def tagged(fragment: str) -> Response:
    response = make_response(fragment)
    response.add_etag(weak=True)
    return response


def unless_same(fragment: str) -> Response:
    """The part, or 304 while it is what the page shows."""
    return tagged(fragment).make_conditional(request)
