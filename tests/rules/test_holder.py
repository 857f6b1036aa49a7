"""When may somebody else hold the phone, and what puts the doubt to rest?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rules.holder import Check, is_doubted
from tests.conftest import NOON_IN_CHICAGO as NOON

BEFORE, AFTER = NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("flags", "reason", "said", "signs_at", "doubted"),
    [
        ((), "human", None, (), False),
        (("danger", "minor"), "danger", None, (AFTER,), False),
        (("third_party",), "human", None, (), True),
        (("unsafe",), "", None, (), True),
        ((), "who", None, (), True),
        ((), "duress", None, (), True),
        (("third_party",), "third_party", "them", (), False),
        (("third_party",), "third_party", "them", (BEFORE,), False),
        (("third_party",), "third_party", "them", (BEFORE, AFTER), True),
        (("third_party",), "third_party", "not_them", (), True),
        (("third_party",), "third_party", "unsure", (), True),
    ],
)
def test_a_doubt_stands_until_a_human_says_that_it_is_them_and_comes_again_with_a_new_sign(
    flags, reason, said, signs_at, doubted
) -> None:
    check = Check(said, NOON) if said else None
    assert is_doubted(flags, reason, check, signs_at) is doubted
