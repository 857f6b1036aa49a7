"""A stage for each database, and one on SQLite alone for what does not depend on it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.clock import FakeClock
from bot.store.db import Database
from tests.campaigns.stage import Stage, Staged


@pytest.fixture
def stage(database: Database, clock: FakeClock) -> Stage:
    return Stage(database, clock)


@pytest.fixture
def small_stage(sqlite_database: Database, clock: FakeClock) -> Staged:
    def build(**settings: Any) -> Stage:
        return Stage(sqlite_database, clock, **settings)

    return build
