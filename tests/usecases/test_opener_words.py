"""What would a campaign's first text say, and whose name may stand in it?"""

from __future__ import annotations

import pytest

from bot.store.db import Database
from bot.usecases.campaign_pace import opener, unfit_words
from bot.usecases.refusal import Refused
from tests.web.line import services_on


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "near San Antonio area. No ID"), ("es", "Cerca de San Antonio hay doctor")],
)
def test_the_area_is_named_as_the_language_names_it(sqlite_database: Database, language: str, said: str) -> None:
    services = services_on(sqlite_database)
    assert said in opener(services, key="O2", language=language, sender="Ana", area="San Antonio area")


@pytest.mark.parametrize("sender", ["María", "Анна"])
def test_a_name_that_would_double_the_cost_is_refused_with_the_reason(sqlite_database: Database, sender: str) -> None:
    refused = unfit_words(services_on(sqlite_database), key="O1", sender=sender, area="")
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("The sender's name must do without ")


def test_a_name_inside_the_alphabet_is_fine(sqlite_database: Database) -> None:
    assert unfit_words(services_on(sqlite_database), key="O1", sender="José", area="") is None
