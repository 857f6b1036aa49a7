"""Would the checker notice? For each promise, and what is asked besides, the line with one thing broken on purpose."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from types import SimpleNamespace
from typing import Any

from bot.errors import SendError
from bot.rules.may_send import Allowed, may_send
from bot.store import consent, messages
from bot.store.db import Tx
from bot.usecases import claim, receipt, reconcile, settle, sweep
from bot.usecases.receive import InboundText, Outcome
from bot.web import twilio as door
from tests.proof.carrier import SimCarrier
from tests.proof.checker import BESIDES
from tests.proof.lives import Lives, Patch
from tests.proof.world import World

AFTERWARDS_S = 2.0


@dataclass(frozen=True)
class Mutant:
    """A break, and the promise it breaks."""

    promise: int
    name: str
    breaks: Callable[[Patch, Lives], None]


def _later(lives: Lives, work: Callable[[], Any]) -> None:
    world = lives.world
    assert isinstance(world, World)
    world.later(AFTERWARDS_S, lambda: world.spawn("web", work))


def answers_before_it_commits(patch: Patch, lives: Lives) -> None:
    plain = door.receive

    def early(*args: Any) -> Outcome:
        _later(lives, lambda: plain(*args))
        return Outcome.TAKEN

    patch(door, "receive", early)


def writes_the_replies_in_a_transaction_of_their_own(patch: Patch, lives: Lives) -> None:
    plain = messages.insert_rows

    def apart(tx: Tx, rows: list[dict[str, Any]], **more: Any) -> None:
        plain(tx, [row for row in rows if row["direction"] == "in"] or rows, **more)
        replies = [row for row in rows if row["direction"] == "out"]

        def write() -> None:
            with lives.database.transaction() as second:
                plain(second, replies)

        if replies and len(replies) < len(rows):
            tx.after_commit(write)

    patch(messages, "insert_rows", apart)


def rings_for_nothing_that_waits(patch: Patch, lives: Lives) -> None:
    patch(sweep, "_texts", lambda *_: None)


def never_looks_after_a_send_that_broke_off(patch: Patch, lives: Lives) -> None:
    patch(settle, "settle", lambda *_: 0)


def never_reads_the_carriers_list(patch: Patch, lives: Lives) -> None:
    patch(reconcile, "reconcile", lambda *_: 0)


def takes_every_webhook_for_a_new_one(patch: Patch, lives: Lives) -> None:
    plain, numbers = door.receive, count(1)
    patch(door, "receive", lambda d, s, text: plain(d, s, replace(text, provider_sid=f"SMx{next(numbers)}")))


def lets_a_receipt_move_a_text_back(patch: Patch, lives: Lives) -> None:
    patch(receipt, "RANK", receipt.RANK | {"sent": 9})


def sends_again_what_may_have_left(patch: Patch, lives: Lives) -> None:
    plain = SendError.__init__

    def hopeful(self: SendError, code: Any, fate: str, words: str, retry_after_s: float | None = None) -> None:
        plain(self, code, "later" if fate == "unknown" else fate, words, retry_after_s)

    patch(SendError, "__init__", hopeful)


def forgets_what_it_has_claimed(patch: Patch, lives: Lives) -> None:
    plain, forgotten = World.reach, set[str]()

    def forgetful(self: World, point: str) -> None:
        plain(self, point)
        if point == "deliver.committed":
            for message_id in set(self.see("SELECT message_id FROM messages WHERE status = 'sending'")) - forgotten:
                self.see("UPDATE messages SET status = 'queued', lease_until = NULL WHERE message_id = ?", message_id)
                forgotten.add(message_id)  # once: or it would be sent for ever

    patch(World, "reach", forgetful)


def does_not_ask_the_carriers_list(patch: Patch, lives: Lives) -> None:
    patch(SimCarrier, "look_up", lambda *_, **__: [])


def stops_after_it_has_answered(patch: Patch, lives: Lives) -> None:
    plain = consent.withdraw

    def late(tx: Tx, phone_key: str, **more: Any) -> bool:
        def write() -> None:
            with lives.database.transaction() as second:
                plain(second, phone_key, **more)

        tx.after_commit(lambda: _later(lives, write))
        return True

    patch(consent, "withdraw", late)


def does_not_ask_again_at_the_door(patch: Patch, lives: Lives) -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("bot.usecases.") and getattr(module, "may_send", None) is may_send:
            patch(module, "may_send", lambda _facts: Allowed())


def lets_an_alarm_pass(patch: Patch, lives: Lives) -> None:
    patch(sweep, "_alarms", lambda *_: None)


def lets_the_bot_go_on_beside_an_advocate(patch: Patch, lives: Lives) -> None:
    patch(claim, "turn", SimpleNamespace(take=lambda *_: None))


def writes_down_what_was_said(patch: Patch, lives: Lives) -> None:
    plain = door.receive

    def chatty(database: Any, services: Any, text: InboundText) -> Outcome:
        sys.stderr.write(f"a text from {text.sender}\n")
        return plain(database, services, text)

    patch(door, "receive", chatty)


MUTANTS = tuple(
    Mutant(promise, breaks.__name__, breaks)
    for promise, breaks in (
        (BESIDES, never_reads_the_carriers_list),
        (1, answers_before_it_commits),
        (1, writes_the_replies_in_a_transaction_of_their_own),
        (2, rings_for_nothing_that_waits),
        (2, never_looks_after_a_send_that_broke_off),
        (3, takes_every_webhook_for_a_new_one),
        (3, lets_a_receipt_move_a_text_back),
        (4, sends_again_what_may_have_left),
        (4, forgets_what_it_has_claimed),
        (4, does_not_ask_the_carriers_list),
        (5, stops_after_it_has_answered),
        (5, does_not_ask_again_at_the_door),
        (6, lets_an_alarm_pass),
        (6, lets_the_bot_go_on_beside_an_advocate),
        (7, writes_down_what_was_said),
    )
)
