"""Which rooms stand beside the board? Imported for their routes."""

from __future__ import annotations

from bot.web.desk import figures, lead, reach, record, shifts
from bot.web.desk.room import blueprint

__all__ = ["blueprint", "figures", "lead", "reach", "record", "shifts"]
