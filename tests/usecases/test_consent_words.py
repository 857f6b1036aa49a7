"""Which words stop everything, which alone bring it back, and what outlives a person who is forgotten?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.store import consent, handoffs, people
from bot.usecases.forget import forget
from bot.usecases.receive import Outcome
from flows.actions import Say
from flows.conversation import Conversation
from flows.engine import step
from flows.events import MessageReceived
from tests.campaigns.stage import Stage
from tests.usecases.line import PERSON, SCRIPT, TheLine, the_line

FEDERAL = ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe")  # 47 CFR 64.1200(a)(10)
ALSO = ("stopall", "stop all", "optout", "opt-out", "unsub", "please stop", "STOP TEXTING ME", "remove me",
        "wrong number, take me off", "leave me alone", "dont text me anymore")  # fmt: skip
SPANISH = ("alto", "parar", "pare", "baja", "detener", "detengan", "cancelar", "terminar", "fin", "revocar", "no más",
           "no mas", "quitar", "dame de baja", "no me manden más", "no me escribas más", "borra mi número",
           "ALTO por favor")  # fmt: skip
WRITTEN = ("{}", " {} ", "{}.", "{}!!", "«{}»", "{}\n")


@pytest.fixture
def line(sqlite_database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(sqlite_database, clock)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("word", [*FEDERAL, *ALSO, *SPANISH])
def test_every_word_of_the_lists_is_a_stop_however_it_is_written(word, language) -> None:
    for spelled in (word, word.upper(), word.capitalize()):
        for written in WRITTEN:
            turn = step(Conversation(language=language), MessageReceived(written.format(spelled)), SCRIPT)
            assert turn.conversation.suppressed, written.format(spelled)
            assert [a.key for a in turn.actions if isinstance(a, Say)] in (["X1"], ["N1"])


def test_every_word_of_the_lists_stops_everything_before_its_webhook_returns(line) -> None:
    for n, word in enumerate((*FEDERAL, *ALSO, *SPANISH)):
        number = f"+1210555{1000 + n}"
        line.text("hola" if word in SPANISH else "hi", sender=number)
        assert line.text(word, sender=number) is Outcome.STOP, word
        shown = line.shows(number)
        assert (shown["suppressed"], shown["consent"]) == (True, "withdrawn")
    while line.deliver():
        pass
    texts = [t.to for t in line.carrier.sent]
    assert len(texts) == len(set(texts)) == n + 1, "the one confirmation, and nothing that was queued before"


@pytest.mark.parametrize(
    "word",
    ["make it stop", "i want it to stop", "he wont stop", "stop him", "i cant stop crying", "i need to end it",
     "cancel the ride", "quit my job", "quiero salir", "sacame de aqui", "para", "basta", "ya basta"],
)  # fmt: skip
def test_the_traps_are_no_opt_out(word) -> None:
    for language in ("en", "es"):
        turn = step(Conversation(language=language), MessageReceived(word), SCRIPT)
        assert not turn.conversation.suppressed


@pytest.mark.parametrize("word", ["START", " start. ", "unstop!"])
@pytest.mark.parametrize("language", ["hi", "hola"])
def test_start_and_unstop_bring_it_back(line, word, language) -> None:
    line.text(language)
    line.text("STOP")
    line.text(word)
    shown = line.shows()
    assert (shown["suppressed"], shown["consent"]) == (False, "given")
    assert line.said()[-1] == "X2"


def test_no_other_word_lifts_a_stop(line) -> None:
    line.text("hi")
    line.text("STOP")
    line.deliver()
    ordinary = ("yes", "1", "ok", "hi", "hola", "si", "text me again", "resume", "subscribe", "empezar", "start my car",
                "can you start", "i am ready to start", "PERSON", "thanks", "no", "😀", "")  # fmt: skip
    for word, opt_out in [*((word, "") for word in ordinary), ("YES", "START"), ("sí", "START"), ("help", "HELP")]:
        line.text(word, opt_out=opt_out)
        assert line.shows()["suppressed"], word
        assert line.deliver() == []


def test_yes_is_an_answer_even_where_the_carrier_takes_it_for_an_opt_in(line) -> None:
    for text in ("hi", "yes"):
        line.text(text)
    assert line.said()[-1] == "C2"
    line.text("yes", opt_out="START")
    assert line.said() == ["C1", "C2", "C3"]


def test_the_carriers_own_start_is_not_answered_a_second_time(line) -> None:
    line.text("hi")
    line.text("STOP", opt_out="STOP")
    line.text("START", opt_out="START")
    assert not line.shows()["suppressed"]
    assert {"X1", "X2"}.isdisjoint(line.said())


@pytest.mark.parametrize(("minutes", "status"), [(4, "queued"), (6, "refused")])
def test_one_confirmation_within_five_minutes_or_none(line, minutes, status) -> None:
    line.text("hi")
    line.text("STOP")
    line.clock.advance(timedelta(minutes=minutes))
    sent = line.deliver()
    assert (len(sent) == 1) is (status == "queued")
    for _ in range(3):
        line.text("STOP")
    line.clock.advance(timedelta(minutes=1))
    assert line.deliver() == []


def test_a_silent_stop_says_nothing_and_tells_a_person(line) -> None:
    line.text("hi")
    line.text("please stop texting he sees this")
    shown = line.shows()
    assert (shown["suppressed"], shown["handoff"]["reason"], shown["flags"]) == (True, "stop_silent", ["unsafe"])
    assert line.deliver() == []


@pytest.mark.parametrize(
    ("plea", "tier"),
    [("i need help now", "P0"), ("he found me", "P0"), ("help", "P0"), ("ayuda", "P0"),
     ("can i talk to a person", "P0"), ("i want to die", "P0"), ("my boss has my passport", "P0"), ("hello?", "P2")],
)  # fmt: skip
def test_the_dangerous_corner_an_advocate_knows_before_the_webhook_returns(line, plea, tier) -> None:
    line.text("hi")
    line.text("STOP")
    line.deliver()
    line.text(plea)
    with line.database.reading() as tx:
        (waiting,) = handoffs.list_open(tx)
    assert waiting.tier == tier
    assert line.pager.pages[-1][1] == tier
    assert line.shows()["messages"][-1]["body"] == plea
    assert line.deliver() == []


def test_the_log_of_consent_only_grows(line) -> None:
    for text in ("hi", "STOP", "STOP", "START", "ALTO", "UNSTOP"):
        line.text(text)
        line.clock.advance(timedelta(minutes=1))
    with line.database.reading() as tx:
        log = tx.conn.execute(select(consent.consent).order_by(consent.consent.c.at)).all()
    assert [(row.state, row.how) for row in log] == [
        ("given", "inbound_first"), ("withdrawn", "stop"), ("given", "start"), ("withdrawn", "stop"),
        ("given", "start"),
    ]  # fmt: skip
    assert all(row.message_id for row in log[1:]), "the text that is the proof"


def test_a_stop_outlives_the_person_as_a_keyed_hash(line) -> None:
    line.text("hi")
    line.text("STOP")
    line.deliver()
    forget(line.database, line.services, PERSON)
    with line.database.reading() as tx:
        assert people.find(tx, PERSON) is None
        (row,) = tx.conn.execute(select(consent.suppressions)).all()
    assert PERSON[1:] not in "".join(map(str, row))
    assert line.text("hi") is Outcome.STOP
    shown = line.shows()
    assert (shown["suppressed"], shown["consent"], line.deliver()) == (True, "none", [])
    line.text("he found me")
    assert line.shows()["handoff"]["tier"] == "P0"
    line.text("START")
    assert (line.shows()["suppressed"], line.shows()["consent"]) == (False, "given")


def test_a_forgotten_number_that_said_stop_is_turned_away_from_every_list(sqlite_database, clock) -> None:
    stage, line = Stage(sqlite_database, clock), the_line(sqlite_database, clock)
    line.text("hi")
    line.text("STOP")
    forget(line.database, line.services, PERSON)
    report = stage.load(f"{PERSON},en,opted_in", "+12105550199,en,opted_in").report
    assert (report["suppressed"], report["accepted"]) == (1, 1)
    with line.database.reading() as tx:
        assert people.find(tx, PERSON) is None
