"""What may be written to the log? A static event name with ids and codes; nothing else has a way in.

The signature of `event` is the allow-list: a field that is not on it is a TypeError in the first test that meets it.
The values are checked as well, because a number can be handed in as a code: what does not look like an id, a code or a
count is written as `withheld`, and never raised, because no log line may cost a turn. Libraries write what they like
into their messages (numbers, addresses with their query, SQL parameters), so theirs are reduced to who spoke, how loud,
the class of the exception and the frames that are our own files.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_OURS = logging.getLogger("quietline")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_WITHHELD = "withheld"
_MOST_FRAMES = 12

_ID = re.compile(r"[0-9a-f]{32}")
# Seven digits in a row could be a telephone number, whatever stands around them.
_CODE = re.compile(r"(?!.*\d{7})[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_ROUTE = re.compile(r"(?!.*\d{7})/[A-Za-z0-9_.:<>/-]{0,79}")
_PARTS = {"route": _ROUTE} | {f"{noun}_id": _ID for noun in ("conversation", "message", "handoff", "campaign", "person",
                                                            "recipient", "staff")}  # fmt: skip

# A level for each library that talks. The messages are withheld all the same; this keeps the log short.
_QUIET = {
    "twilio.http_client": logging.WARNING,  # at INFO it writes the query, and with it the number
    "rq": logging.WARNING,
    "rq.worker": logging.WARNING,  # at INFO it writes each job's description
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "transitions": logging.WARNING,  # a line for every transition
    "urllib3": logging.ERROR,
    "werkzeug": logging.ERROR,  # its request lines hold paths and queries
    "gunicorn.access": logging.CRITICAL,
}


def event(
    name: str,
    *,
    level: str = "info",
    conversation_id: str | None = None,
    message_id: str | None = None,
    handoff_id: str | None = None,
    campaign_id: str | None = None,
    recipient_id: str | None = None,
    person_id: str | None = None,
    program_id: str | None = None,
    staff_id: str | None = None,
    tier: str | None = None,
    state: str | None = None,
    status: str | None = None,
    kind: str | None = None,
    code: str | int | None = None,
    reason: str | None = None,
    part: str | None = None,
    route: str | None = None,
    method: str | None = None,
    http_status: int | None = None,
    step: int | None = None,
    turn: int | None = None,
    count: int | None = None,
    duration_ms: float | None = None,
    error: BaseException | type[BaseException] | str | None = None,
) -> None:
    """Write one line. `name` is fixed words with underscores. Ids are 32 hexadecimal digits, `route` is the rule
    (`/o/<token>`) and never the address, `error` is an exception: its class and our own frames are kept, no more."""
    given = {key: value for key, value in locals().items() if value is not None}
    fields = {key: _fit(key, value) for key, value in given.items() if key not in ("name", "level", "error")}
    if error is not None:
        fields |= _about(error)
    fields = {"event": _fit("event", name)} | fields
    _OURS.log(_LEVELS.get(level, logging.INFO), "", extra={"quietline": fields})


def configure() -> None:
    """Send every logger of this process through the one format, on stderr. Safe to call again."""
    root = logging.getLogger()
    if _HANDLER not in root.handlers:
        root.addHandler(_HANDLER)
    root.setLevel(logging.INFO)
    _OURS.setLevel(logging.INFO)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    # gunicorn installs its own handlers before the app is loaded: with them its tracebacks would pass us by.
    for name in ("gunicorn.error", "gunicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = [handler for handler in logger.handlers if not getattr(handler, "_gunicorn", False)]
        logger.propagate = True
    logging.raiseExceptions = False  # logging's own error report would print the arguments of the failed line
    sys.excepthook = _process_died
    threading.excepthook = _thread_died


def _fit(key: str, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return _WITHHELD
    if isinstance(value, str):
        return value if _PARTS.get(key, _CODE).fullmatch(value) else _WITHHELD
    return value if abs(value) < 10_000_000 else _WITHHELD


def _about(error: BaseException | type[BaseException] | str) -> dict[str, Any]:
    if isinstance(error, type):
        return {"error": error.__name__}
    if not isinstance(error, BaseException):
        return {"error": error if isinstance(error, str) and error.isidentifier() else _WITHHELD}
    about: dict[str, Any] = {"error": type(error).__name__}
    cause = error.__cause__ or error.__context__
    if cause is not None:
        about["cause"] = type(cause).__name__
    frames = list(_our_frames(error.__traceback__))
    if frames:
        about["frames"] = frames[-_MOST_FRAMES:]
    return about


def _our_frames(traceback: TracebackType | None) -> Iterable[str]:
    """`bot/usecases/receive.py:88` for each frame in our own tree, outermost first."""
    while traceback is not None:
        path = Path(traceback.tb_frame.f_code.co_filename)
        if path.is_absolute() and path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
            yield f"{path.relative_to(_ROOT).as_posix()}:{traceback.tb_lineno}"
        traceback = traceback.tb_next


class _Line(logging.Formatter):
    """One record as one line of JSON. It never builds a library's message, so it cannot leak or fail on one."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower()}
        if hasattr(record, "quietline"):
            line |= record.quietline
        else:
            line |= {"event": "library", "logger": record.name}
            template = _template(record)
            if template:
                line["message"] = template
            if record.exc_info and record.exc_info[1] is not None:
                line |= _about(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, separators=(",", ":"))


def _template(record: logging.LogRecord) -> str | None:
    """gunicorn's words without their arguments: it tells of its processes. Only a line that still has its arguments,
    or an ordinary notice, is surely the template: its warnings about bad requests are filled in before."""
    if record.name != "gunicorn.error" or not isinstance(record.msg, str):
        return None
    return record.msg if record.args or record.levelno < logging.WARNING else None


class _Stderr(logging.StreamHandler[Any]):
    """Looks stderr up for each line, as logging's own last resort does: it may be replaced after import."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(_Line())

    @property
    def stream(self) -> Any:
        return sys.stderr


_HANDLER = _Stderr()


def _process_died(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    event("process_died", level="critical", error=error.with_traceback(traceback))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    event("thread_died", level="error", error=args.exc_value or args.exc_type)
