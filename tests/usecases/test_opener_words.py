"""What would a campaign's first text say, and whose name may stand in it?"""

from __future__ import annotations

import pytest

from bot.rules.wording import PREVIEW_CHARACTERS
from bot.store.campaigns import FOLLOW_UP, KEYS
from bot.store.db import Database
from bot.usecases.campaign_words import faults, first_line, opener, unfit_words
from bot.usecases.refusal import Refused
from flows.conversation import LANGUAGES
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
    refused = unfit_words(services_on(sqlite_database), keys=["O1"], sender=sender, area="")
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("The sender's name must do without ")


def test_a_name_inside_the_alphabet_is_fine(sqlite_database: Database) -> None:
    assert unfit_words(services_on(sqlite_database), keys=["O1"], sender="José", area="") is None


@pytest.mark.parametrize(("sender", "area", "betrays"), [("Police", "", "police"), ("Ice", "", "ice"),
                                                         ("Ana", "Refugio area", "refugio")])  # fmt: skip
def test_a_name_or_an_area_that_tells_is_refused(
    sqlite_database: Database, sender: str, area: str, betrays: str
) -> None:
    refused = unfit_words(services_on(sqlite_database), keys=["O2" if area else "O3"], sender=sender, area=area or "x")
    assert refused == Refused(f"These words cannot be sent: betrays: {betrays}.")


@pytest.mark.parametrize("key", [*KEYS, FOLLOW_UP, "O5", "OP", "OR", "OC"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_locked_screen_shows_of_a_first_text_tells_nothing(
    sqlite_database: Database, key: str, language: str
) -> None:
    """At the widest, and with an ordinary name: no rule is broken, and the first line is forty characters."""
    services = services_on(sqlite_database)
    text = opener(services, key=key, language=language, sender="Alejandr", area="San Antonio area")
    assert faults(key, language, text) == []
    line = first_line(text)
    assert text.startswith(line.removesuffix("\u2026"))
    assert len(line) <= PREVIEW_CHARACTERS + 1
    assert faults(key, language, f"{'x' * 10} shelter {text}") != []
