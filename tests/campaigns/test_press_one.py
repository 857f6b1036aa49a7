"""One person writes to one person: however the door is pushed, N presses are N records, and a token works once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import exc, func, select

from bot.store import first_contacts, messages, people, staff
from bot.usecases import press_one as pressing
from bot.usecases.launch_campaign import stop_all
from bot.usecases.press_one import Card, Prepared, press_one, show_next, sign_off, withdraw_sign_off
from bot.usecases.refusal import Refused
from tests.campaigns.stage import OUTREACH, Stage, Staged
from tests.campaigns.test_pages import Pages

NOBODY = Refused("Nobody on this list may be written to now.")


def signed(stage: Stage, way: str = "handset") -> None:
    assert sign_off(
        stage.database, signed_by="Nora Field, counsel", signed_on="2026-01-02", way=way, staff_id=stage.approver
    ) is None  # fmt: skip


def approved(stage: Stage, n: int = 3) -> str:
    """A list of one person who agreed and `n` who did not, approved by the second person."""
    rows = [f"+1210555{k:04d},en,none" for k in range(150, 150 + n)]
    campaign_id = stage.load("+12105550101,en,opted_in", *rows).campaign_id
    assert stage.approve(campaign_id, stage.approver) is None
    return campaign_id


def show(stage: Stage, campaign_id: str, staff_id: str | None = None) -> Card | Refused:
    return show_next(
        stage.database, stage.services, campaign_id=campaign_id, staff_id=staff_id or stage.outreach
    )  # fmt: skip


def press(stage: Stage, token: str, staff_id: str | None = None) -> Prepared | Refused:
    return press_one(stage.database, stage.services, token=token, staff_id=staff_id or stage.outreach)


def records(stage: Stage) -> int:
    with stage.database.reading() as tx:
        presses = first_contacts.presses
        query = select(func.count()).select_from(presses).where(presses.c.pressed_at.is_not(None))
        return tx.conn.execute(query).scalar_one()


def test_without_a_sign_off_nobody_without_a_basis_is_even_kept(stage: Stage) -> None:
    campaign_id = approved(stage)
    with stage.database.reading() as tx:
        assert first_contacts.counts(tx, campaign_id) == (0, 0)
        assert tx.conn.execute(select(func.count()).select_from(people.people)).scalar_one() == 1
    refused = show(stage, campaign_id)
    assert refused == Refused("The organization has not signed off writing to people one by one.")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signed_by": " "}, "Name the person who signed."),
        ({"signed_on": "soon"}, "Give the day of the signature as year-month-day."),
        ({"signed_on": "2999-01-01"}, "The day of the signature lies ahead."),
        ({"way": "pigeon"}, "Say how these texts leave."),
    ],
)
def test_a_sign_off_is_named_and_dated(small_stage: Staged, changes: dict[str, str], reason: str) -> None:
    stage = small_stage()
    values = {"signed_by": "Nora Field", "signed_on": "2026-01-02", "way": "handset", **changes}
    assert sign_off(stage.database, staff_id=stage.approver, **values) == Refused(reason)


def test_one_press_prepares_one_text_on_their_own_phone_and_the_line_sends_nothing(stage: Stage) -> None:
    signed(stage)
    campaign_id = approved(stage)
    card = show(stage, campaign_id)
    assert isinstance(card, Card)
    assert card.last_contact == "never"
    assert "STOP" in card.text
    made = press(stage, card.token)
    assert isinstance(made, Prepared)
    assert made.link.startswith("sms:+1210555015")
    assert press(stage, card.token) == Refused("This card is used or too old. Ask for the next person.")
    assert records(stage) == 1
    stage.launch(campaign_id)
    assert stage.tick() == 1  # the one who agreed, by the line itself
    assert [text["number"] for text in stage.texts()] == ["+12105550101"]


def test_presses_that_come_too_soon_or_too_often_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressing, "HOURLY", 2)
    signed(stage)
    campaign_id = approved(stage, n=4)
    answers = []
    for wait in (0, 1, 3, 3):
        stage.clock.advance(timedelta(seconds=wait))
        card = show(stage, campaign_id)
        assert isinstance(card, Card)
        answers.append(press(stage, card.token))
    reasons = [one.reason if isinstance(one, Refused) else "" for one in answers]
    assert reasons == [
        "",
        "Too soon after the last one. Read the card, then press.",
        "",
        "That was enough for one hour.",
    ]
    assert records(stage) == 2


def test_a_token_is_one_persons_and_for_ten_minutes(stage: Stage) -> None:
    signed(stage)
    campaign_id = approved(stage)
    first = show(stage, campaign_id)
    assert isinstance(first, Card)
    assert isinstance(press(stage, first.token, stage.advocate), Refused)
    second = show(stage, campaign_id)  # asking again makes the card before it void
    assert isinstance(second, Card)
    assert isinstance(press(stage, first.token), Refused)
    stage.clock.advance(timedelta(minutes=11))
    assert isinstance(press(stage, second.token), Refused)
    assert records(stage) == 0


@pytest.mark.parametrize("before", ["card", "press"])
@pytest.mark.parametrize("what", ["stop", "withdrawn", "killed", "changed", "night", "minor"])
def test_what_shuts_the_door_before_the_card_and_before_the_press(small_stage: Staged, what: str, before: str) -> None:
    stage = small_stage()
    signed(stage)
    campaign_id = approved(stage, n=1)
    card = show(stage, campaign_id) if before == "press" else None
    number = "+12105550150"
    match what:
        case "stop":
            stage.they_stop(number)
        case "withdrawn":
            withdraw_sign_off(stage.database, staff_id=stage.approver)
        case "killed":
            stop_all(stage.database, on=True, staff_id=stage.approver)
        case "changed":
            with stage.database.transaction() as tx:
                pressing.campaigns.change(tx, campaign_id, key="O3")
        case "night":
            stage.clock.advance(timedelta(hours=12))
        case "minor":
            stage.they_are_flagged(number, "minor")
    found = press(stage, card.token) if isinstance(card, Card) else show(stage, campaign_id)
    assert isinstance(found, Refused)
    assert records(stage) == 0


def test_nobody_is_written_to_twice_in_180_days_by_whichever_way(stage: Stage) -> None:
    signed(stage)
    for expected in (True, False):
        campaign_id = approved(stage, n=1)
        card = show(stage, campaign_id)
        assert isinstance(card, Card) is expected
        if isinstance(card, Card):
            assert isinstance(press(stage, card.token), Prepared)
    stage.clock.advance(timedelta(days=181))
    with stage.database.reading() as tx:
        press_id = tx.conn.execute(select(first_contacts.presses.c.press_id)).scalar_one()
    with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:
        first_contacts.press(tx, press_id, nth=4)


def test_a_carrier_that_forbids_it_takes_nothing(stage: Stage) -> None:
    signed(stage, way="carrier")
    card = show(stage, approved(stage))
    assert isinstance(card, Card)
    refused = press(stage, card.token)
    assert isinstance(refused, Refused)
    assert "does not take first texts" in refused.reason
    assert stage.carrier.sent == []


def test_one_token_in_eight_hands_at_once_is_one_record(stage: Stage) -> None:
    signed(stage)
    card = show(stage, approved(stage))
    assert isinstance(card, Card)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: press(stage, card.token), range(8)))
    assert sum(isinstance(one, Prepared) for one in made) == 1
    assert records(stage) == 1


ACTS = st.lists(
    st.tuples(st.sampled_from(["show", "press", "replay", "guess", "steal"]), st.integers(0, 4)), max_size=25
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_however_the_door_is_pushed_presses_are_records(
    fuzz_stage: tuple[Stage, str], acts: list[tuple[str, int]]
) -> None:
    (stage, campaign_id), taken, tokens = fuzz_stage, 0, [""]
    before = records(stage)
    for act, wait in acts:
        stage.clock.advance(timedelta(seconds=wait))
        match act:
            case "show":
                card = show(stage, campaign_id)
                tokens += [card.token] if isinstance(card, Card) else []
            case "press" | "replay":
                for _ in range(1 if act == "press" else 2):
                    taken += isinstance(press(stage, tokens[-1]), Prepared)
            case "guess":
                assert isinstance(press(stage, "x" * 32), Refused)
            case "steal":
                assert isinstance(press(stage, tokens[-1], stage.advocate), Refused)
    assert records(stage) - before == taken
    with stage.database.reading() as tx:
        p = first_contacts.presses.c
        moments = tx.conn.execute(
            select(p.pressed_at).where(p.pressed_at.is_not(None)).order_by(p.pressed_at)
        ).scalars()
        times = list(moments)
        assert all(later - earlier >= pressing.EVERY for earlier, later in pairwise(times))
        assert tx.conn.execute(select(func.count()).select_from(messages.messages)).scalar_one() == 0


@pytest.fixture
def fuzz_stage(small_stage: Staged) -> tuple[Stage, str]:
    stage = small_stage()
    signed(stage)
    return stage, approved(stage, n=40)


# R-C1: no way round the basis


@pytest.mark.parametrize(
    ("basis", "provenance", "default"),
    [*product(["none", "", "yes"], ["own", "bought"], [""]), *product(["opted_in", ""], ["scraped"], ["opted_in"])],
)
def test_no_entry_lets_somebody_without_a_basis_onto_a_campaigns_list(
    small_stage: Staged, basis: str, provenance: str, default: str
) -> None:
    stage = small_stage(ALLOW_UNREVIEWED_TEXTS="1")
    made = stage.load(f"+12105550150,en,{basis}", provenance=provenance, basis=default)
    assert made.report["no_basis"] == 1
    assert stage.counts(made.campaign_id)["waiting"] == 0


def test_the_page_from_the_sign_off_to_the_press(small_stage: Staged) -> None:
    stage = small_stage()
    with stage.database.transaction() as tx:
        staff.add(tx, email="root@example.org", alias="Rita", roles=["admin"])
    pages = Pages(stage)
    rita, olga = pages.browser("root@example.org"), pages.browser(OUTREACH)
    rita.get("/campaigns/")
    assert olga.post("/campaigns/one-by-one/sign-off").status_code in (400, 403)
    rita.post("/campaigns/one-by-one/sign-off", {"signed_by": "Nora Field", "signed_on": "2026-01-02"})
    assert "Nora Field" in rita.get("/campaigns/").get_data(as_text=True)
    campaign_id = approved(stage)
    address = f"/campaigns/one-by-one/{campaign_id}"
    assert address in olga.get(f"/campaigns/{campaign_id}").get_data(as_text=True)
    olga.get(address)
    card = olga.post(address + "/next").get_data(as_text=True)
    assert "+1210" not in card
    token = re.search('name="token" value="([^"]+)"', card)
    assert token is not None
    done = olga.post(address + "/press", {"token": token[1]}).get_data(as_text=True)
    assert 'href="sms:+1210555015' in done
    again = olga.post(address + "/press", {"token": token[1]}).get_data(as_text=True)
    assert "This card is used or too old." in again
    assert records(stage) == 1
    rita.get("/campaigns/")
    rita.post("/campaigns/one-by-one/sign-off", {"do": "withdraw"})
    assert "Off. It needs a sign-off" in olga.get(address).get_data(as_text=True)
