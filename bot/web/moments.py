"""How is a moment written on a staff page? In UTC, marked so that the browser turns it into the reader's own time."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from bot.web.tongue import day


def when(moment: datetime) -> Markup:
    """A day and a time of day."""
    return _time(moment, "moment", f"{day(moment, 'd MMM')} {moment:%H:%M} UTC")


def clock(moment: datetime) -> Markup:
    """A time of day, where the day is plain."""
    return _time(moment, "time", f"{moment:%H:%M} UTC")


def _time(moment: datetime, show: str, text: str) -> Markup:
    return Markup('<time datetime="{}" data-show="{}">{}</time>').format(moment.isoformat(), show, text)
