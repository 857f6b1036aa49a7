"""Is the real adapter and its fake twin one and the same to their users? Each promise of SmsCarrier, on both."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.clock import FakeClock, SystemClock
from bot.adapters.fake_carrier import FakeCarrier
from bot.adapters.twilio import TwilioCarrier
from bot.errors import SendError
from bot.ports import SmsCarrier
from bot.simulator.control import Control
from tests.carrier.line import ANA, BEA, LANDLINE, OURS, settle, text_to


@dataclass
class Twin:
    """A carrier and the hand that plays the phones."""

    carrier: SmsCarrier
    receive: Callable[[str, str], str]
    opt_out: Callable[[str], None]
    settle: Callable[[], None]


@pytest.fixture(params=["twilio", "fake"])
def twin(request: pytest.FixtureRequest) -> Twin:
    if request.param == "fake":
        fake = FakeCarrier(SystemClock(), OURS)
        fake.landlines.add(LANDLINE)
        return Twin(fake, fake.receive, fake.opted_out.add, lambda: None)
    carrier: TwilioCarrier = request.getfixturevalue("twilio")
    control: Control = request.getfixturevalue("control")
    return Twin(
        carrier,
        lambda from_, body: control.text(from_, OURS, body),
        lambda number: str(control.text(number, OURS, "STOP")) and None,
        lambda: settle(control),
    )


def just_now() -> datetime:
    return datetime.now(UTC)


def test_what_was_sent_is_found_by_number_newest_first(twin: Twin) -> None:
    since = just_now()
    first = twin.carrier.send(text_to(ANA, "Hola, ¿qué necesitas?"))
    twin.carrier.send(text_to(BEA, "not hers"))
    second = twin.carrier.send(text_to(ANA, "2 camas"))
    twin.receive(ANA, "an answer is not an outbound text")
    found = twin.carrier.look_up(to=ANA, since=since)
    assert [(m.provider_sid, m.to, m.body, m.from_) for m in found] == [
        (second, ANA, "2 camas", OURS),
        (first, ANA, "Hola, ¿qué necesitas?", OURS),
    ]


def test_nothing_from_before_is_found(twin: Twin) -> None:
    twin.carrier.send(text_to(ANA))
    twin.receive(ANA, "hi")
    later = just_now() + timedelta(seconds=2)
    assert twin.carrier.look_up(to=ANA, since=later) == []
    assert twin.carrier.inbound_since(later) == []


def test_what_came_in_is_found_newest_first(twin: Twin) -> None:
    since = just_now()
    twin.carrier.send(text_to(ANA))
    sids = [twin.receive(ANA, "one"), twin.receive(BEA, "two")]
    found = twin.carrier.inbound_since(since)
    assert {(m.provider_sid, m.from_, m.to, m.body) for m in found} == {
        (sids[0], ANA, OURS, "one"), (sids[1], BEA, OURS, "two")
    }  # fmt: skip


def test_a_redacted_text_has_no_body_and_twice_is_once(twin: Twin) -> None:
    since = just_now()
    sid = twin.carrier.send(text_to(ANA, "secret"))
    twin.settle()
    twin.carrier.redact(sid)
    twin.carrier.redact(sid)
    assert [m.body for m in twin.carrier.look_up(to=ANA, since=since)] == [""]
    twin.carrier.redact("SM" + "0" * 32)  # what the carrier does not have is as good as emptied


def test_line_types(twin: Twin) -> None:
    assert [twin.carrier.line_type(n) for n in (ANA, LANDLINE)] == ["mobile", "landline"]
    assert twin.carrier.reassigned(ANA, just_now().date() - timedelta(days=100)) is False


def test_a_first_text_to_somebody_who_agreed_to_nothing_is_refused_before_anything_leaves(twin: Twin) -> None:
    with pytest.raises(SendError) as caught:
        twin.carrier.first_text(text_to(ANA))
    assert (caught.value.code, caught.value.fate) == ("30555", "refused")
    assert twin.carrier.look_up(to=ANA, since=just_now() - timedelta(minutes=1)) == []


@pytest.mark.parametrize(
    ("to", "body", "code"),
    [("911", "Hi", "21211"), ("+1", "Hi", "21211"), (LANDLINE, "Hi", "21614"), (ANA, "", "21619"),
     (ANA, "x" * 1601, "21617")],
)  # fmt: skip
def test_refusals_have_a_code_and_words_without_the_number(twin: Twin, to: str, body: str, code: str) -> None:
    if to == "+1" and isinstance(twin.carrier, FakeCarrier):
        to = "junk"
    with pytest.raises(SendError) as caught:
        twin.carrier.send(text_to(to, body))
    assert (caught.value.code, caught.value.fate) == (code, "refused")
    assert to not in str(caught.value)
    assert twin.carrier.look_up(to=to, since=just_now() - timedelta(minutes=1)) == []


def test_after_stop_nothing_can_be_sent(twin: Twin) -> None:
    twin.opt_out(ANA)
    with pytest.raises(SendError) as caught:
        twin.carrier.send(text_to(ANA))
    assert (caught.value.code, caught.value.fate) == ("21610", "refused")
    twin.carrier.send(text_to(BEA))


def test_many_at_once_each_get_their_own_id(twin: Twin) -> None:
    """Texts leave side by side from one adapter; an id under the wrong text would settle the wrong fate."""
    since = just_now()
    bodies = [f"text {i}" for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        sids = list(pool.map(lambda body: twin.carrier.send(text_to(ANA, body)), bodies))
    assert {m.provider_sid: m.body for m in twin.carrier.look_up(to=ANA, since=since)} == dict(
        zip(sids, bodies, strict=True)
    )


def test_1600_characters_pass(twin: Twin) -> None:
    twin.carrier.send(text_to(ANA, "x" * 1600))


@pytest.mark.parametrize("carried", [True, False])
def test_the_fake_twin_rehearses_an_unknown_fate(carried: bool) -> None:
    clock = FakeClock(datetime(2026, 1, 5, 18, 0, 0, 700_000, tzinfo=UTC))
    fake = FakeCarrier(clock)
    fake.fail_next(SendError("timeout", "unknown", "no answer"), carried=carried)
    with pytest.raises(SendError):
        fake.send(text_to(ANA, "once"))
    found = fake.look_up(to=ANA, since=clock.now())
    assert [m.body for m in found] == (["once"] if carried else [])


def test_the_fake_clock_stands_still_until_moved() -> None:
    clock = FakeClock(datetime(2026, 1, 5, 18, tzinfo=UTC))
    assert clock.now() == clock.now()
    assert clock.advance(timedelta(hours=1)) == datetime(2026, 1, 5, 19, tzinfo=UTC)
    with pytest.raises(ValueError, match="naive"):
        clock.set(datetime(2026, 1, 5))
