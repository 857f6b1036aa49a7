"""What do all pages of the directory share? The door, what was typed into a field, and which program is meant."""

from __future__ import annotations

import re

from flask import Blueprint, abort, request

from bot.store import directory_board
from bot.store.db import Tx
from bot.store.directory_board import Program

blueprint = Blueprint("directory", __name__, url_prefix="/directory")

DECIDES = ("directory", "lead")
"""Who suspends, moves an application on and approves; an admin keeps records."""
_CODE = re.compile(r"[A-Za-z0-9-]{1,8}")


def typed(name: str, longest: int) -> str:
    """What was typed into a field: printable, on one line, and no longer than it may be."""
    return "".join(c for c in request.form.get(name, "")[: longest * 4] if c.isprintable()).strip()[:longest]


def program_called(tx: Tx, code: str) -> Program:
    found = directory_board.program(tx, code) if _CODE.fullmatch(code) else None
    if found is None:
        abort(404)
    return found
