"""How does an open page learn that nothing has changed? It asks with the tag of what it shows, and is answered 304."""

from __future__ import annotations

from flask import Response, make_response, request


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
