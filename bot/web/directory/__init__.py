"""Where do directory staff work? What is worth asking, one program on one screen, imports, vetting, what is due.

A program stands in an address by its code name, the one name that may leave the house; ids that others made, regions
and what somebody looks for travel in the body of a form, and what the list is narrowed to is kept in the session.
"""

from __future__ import annotations

from bot.web.directory import asking, due, imports, intake, keys, programs, unmet, vetting
from bot.web.directory.door import blueprint

__all__ = ["asking", "blueprint", "due", "imports", "intake", "keys", "programs", "unmet", "vetting"]
