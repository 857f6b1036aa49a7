"""Where may a process die? The marked points of each act of the line, put from outside.

Nothing in the line knows of them: `mark` wraps its named seams (a transaction, the bells after it, the carrier's calls,
the use cases themselves), in the tests' own process or in one that was started for them. What happens at a point is the
caller's: a simulated process is killed or held up there, a real one is sent SIGKILL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from bot.store.db import Database, Tx

ACTS = ("receive", "receipt", "deliver", "settle", "reconcile", "sweep")
POINTS = (
    *(f"{act}.{at}" for act in ACTS for at in ("begun", "before_commit", "committed", "rung")),
    "receive.before_answer", "receipt.before_answer",
    "deliver.before_post", "deliver.after_post", "settle.before_look_up", "settle.after_look_up",
    "reconcile.before_look_up", "reconcile.after_look_up",
)  # fmt: skip
"""`begun`: the transaction is open and empty. `before_commit`: everything is written and nothing is kept. `committed`:
kept, and nobody was rung for it. `rung`: the bells have rung. A `post` is the carrier's taking of a text: after it the
carrier has it and the answer is not read."""

IN_A_TRANSACTION = frozenset(point for point in POINTS if point.endswith((".begun", ".before_commit")))

Reach = Callable[[str], None]
Patch = Callable[[Any, str, Any], None]
_act: ContextVar[str] = ContextVar("act", default="")


class Killed(BaseException):
    """kill -9: no `except Exception` of the line's may see it."""


@contextmanager
def acting(act: str) -> Iterator[None]:
    """What is done inside is this act's, and so are its points."""
    before = _act.set(act)
    try:
        yield
    finally:
        _act.reset(before)


def mark(reach: Reach, patch: Patch = setattr) -> None:
    """Call `reach` at every point. `patch` sets an attribute: monkeypatch.setattr undoes it afterwards."""

    def here(at: str) -> None:
        if _act.get():
            reach(f"{_act.get()}.{at}")

    plain_transaction, plain_bells = Database.transaction, Tx.run_after_commit

    @contextmanager
    def transaction(self: Database) -> Iterator[Tx]:
        with plain_transaction(self) as tx:
            here("begun")
            yield tx
            here("before_commit")
        here("rung")

    def run_after_commit(self: Tx) -> None:
        here("committed")
        plain_bells(self)

    patch(Database, "transaction", transaction)
    patch(Tx, "run_after_commit", run_after_commit)


def mark_act(act: str, owner: Any, name: str, patch: Patch = setattr, *, reach: Reach | None = None) -> None:
    """What this function does is this act's. `owner` is the module whose name its callers use; with `reach` there is
    one more point, before the answer that follows."""
    plain = getattr(owner, name)

    @wraps(plain)
    def marked(*args: Any, **kwargs: Any) -> Any:
        with acting(act):
            done = plain(*args, **kwargs)
        if reach is not None:
            reach(f"{act}.before_answer")
        return done

    patch(owner, name, marked)


def mark_calls(carrier: Any, reach: Reach) -> None:
    """The carrier's own points, for a class that speaks to a real one."""
    for name, before, after in (("send", "deliver.before_post", "deliver.after_post"),
                                ("look_up", "settle.before_look_up", "settle.after_look_up"),
                                ("inbound_since", "reconcile.before_look_up", "reconcile.after_look_up")):  # fmt: skip
        setattr(carrier, name, _called(getattr(carrier, name), before, after, reach))


def _called(plain: Callable[..., Any], before: str, after: str, reach: Reach) -> Callable[..., Any]:
    @wraps(plain)
    def marked(*args: Any, **kwargs: Any) -> Any:
        reach(before)
        done = plain(*args, **kwargs)
        reach(after)
        return done

    return marked
