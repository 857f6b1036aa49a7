"""How does a test borrow the process's logging? As `bot.log.configure` makes it, and afterwards as it was."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot import log


@contextmanager
def configured() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    hooks = logging.raiseExceptions, sys.excepthook, threading.excepthook
    log.configure()
    try:
        yield
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
        logging.raiseExceptions, sys.excepthook, threading.excepthook = hooks
