"""What is handed to web, jobs and commands? Built once, in bot/app.py, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import Clock, Nudges, Pager, SignatureCheck, SmsCarrier
from bot.rules.ladder import DEFAULT, Ladder
from bot.settings import Settings
from bot.store.db import Database
from flows.script import Script


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    script: Script
    clock: Clock
    carrier: SmsCarrier
    signature: SignatureCheck
    nudges: Nudges
    pager: Pager
    ladder: Ladder = DEFAULT
    push_key: str = ""
    """What a browser subscribes with; empty where browsers are not called."""
