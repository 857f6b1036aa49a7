"""Is it noticed that somebody else types, and never that a person is in a hurry, upset, or speaks two languages?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.script_files import load_script
from flows.actions import HandOff, Say, TellAdvocates
from flows.conversation import Conversation
from flows.engine import step
from flows.events import MessageReceived
from flows.hand import FEWEST_KEPT, KEPT, changed, hand_of, remember
from flows.transcript import happen
from flows.understanding.speech import own_language
from tests.corpus.hearing import LEXICON

SCRIPT = load_script()


def alarms(thread: list[str]) -> list[str]:
    """The texts at which somebody else seems to type."""
    kept: tuple[str, ...] = ()
    found = []
    for text in thread:
        hand = hand_of(text, own_language(LEXICON.hear(text), LEXICON), LEXICON.shortened)
        if hand is None:
            continue
        if changed(kept, hand):
            found.append(text)
            kept = ()
        kept = remember(kept, hand)
    return found


SHORTHAND = ["idk if u can help me but i need a place", "its just me n my baby rn", "im by the store near u plz",
             "can u tell me wat i have 2 do"]  # fmt: skip
CARELESS_ES = ["nesesito donde dormir xfa", "tmb va mi bb con migo", "ando x el centro ahorita", "me puedes ayudar o q"]
CAREFUL = ["Hello, I need a place for tonight.", "It is just me and my daughter.", "We are near the bus station.",
           "Can somebody call me, please?"]  # fmt: skip
CAREFUL_ES = ["Hola, necesito un lugar para hoy.", "Somos mi hija y yo, nada más.", "Estamos cerca del centro.",
              "¿Me puede llamar alguien, por favor?"]  # fmt: skip
SHOUTING = ["I NEED A PLACE TONIGHT PLS", "ME AND MY SON ARE OUTSIDE", "WE ARE BY THE BUS STATION"]


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (SHORTHAND, "Good evening. Kindly inform me about the purpose of these communications."),
        (SHORTHAND, "Who has been corresponding with my wife? Explain yourselves immediately."),
        (SHORTHAND, "¿Quién manda estos mensajes? Necesito saberlo, por favor."),
        (CARELESS_ES, "Buenas noches. Quisiera conocer el motivo de estos mensajes, por favor."),
        (CARELESS_ES, "Good evening, please tell me what this number is for."),
        (CAREFUL, "yo wat u want w my girl n y u txtin her"),
        (CAREFUL, "quien eres tu o q kieres con ella wey"),
        (CAREFUL_ES, "oye kien t dio st numero o q onda cn ella"),
    ],
)
def test_somebody_else_is_noticed(before: list[str], text: str) -> None:
    assert alarms([*before, text]) == [text]


@pytest.mark.parametrize(
    "thread",
    [
        [*SHORTHAND, "OMG PLEASE HURRY I NEED U NOW", "sry im just scared rn ok"],
        [*SHORTHAND, "I dont know if i can do this...", "ok thank u so much 4 helping me"],
        [*SHORTHAND, "perdon es que tambien hablo espanol y no se como decirlo", "but english is ok 2"],
        [*SHORTHAND, "Okay so my sister said she could maybe come get me", "she gets off at 9"],
        [*SHORTHAND, "the apartment complex underneath everything", "n yes i have all my papers w me"],
        [*CARELESS_ES, "AYUDENME YA NO SE QUE HACER PORFAVOR", "ya toy mejor grax x todo"],
        [*CARELESS_ES, "i speak english a little bit too", "pero mejor en espanol xfa"],
        [*CARELESS_ES, "Necesito tambien pañales y leche para la niña", "y si se puede un raite"],
        [*CAREFUL, "Sorry, I was in a meeting. What should I do next?", "ok i will wait here then"],
        [*CAREFUL, "I REALLY NEED TO KNOW NOW, PLEASE.", "Thank you. I appreciate the help so much!"],
        [*CAREFUL, "idk what to do anymore honestly", "My son is hungry, and we have no money."],
        [*CAREFUL_ES, "Disculpe, ya no tengo mucha pila.", "ok gracias voy a esperar aqui entonces"],
        [*SHOUTING, "IS THERE ANYTHING FOR KIDS TOO", "WE CAN WALK IF ITS CLOSE!!!"],
        ["1", "2", "yes", "idk", "78201", "no", "22"],
    ],
)
def test_a_person_in_a_hurry_upset_or_of_two_languages_is_nobody_else(thread: list[str]) -> None:
    assert alarms(thread) == []


def test_no_transcript_of_one_person_looks_like_two() -> None:
    """Every conversation of the tests but those that are about it."""
    for path in Path(__file__).parent.glob("transcripts/*/*.txt"):
        if not path.stem.startswith("another_hand"):
            texts = [line[2:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("> ")]
            assert alarms(texts) == [], path


def test_what_is_kept_holds_no_word_and_is_little() -> None:
    conversation = Conversation(state="need", safe_now=True, marks=("limits",))
    for text in [*SHORTHAND, "i live at 44 oak street w my cousin maria plz", *SHORTHAND]:
        conversation = step(replace(conversation, state="need"), MessageReceived(text), SCRIPT).conversation
    assert len(conversation.hand) == KEPT
    assert all(len(one) == 5 and set(one) <= set("es-Ulcrmnsw123") for one in conversation.hand)
    assert changed(conversation.hand[: FEWEST_KEPT - 1], "ecmw3") == ()


FORMAL = "Good evening. Would you kindly tell me the purpose of these messages."


def thread(state: str, **fields: object) -> Conversation:
    hand: tuple[str, ...] = ()
    for text in SHORTHAND:
        hand = remember(hand, hand_of(text, "en", LEXICON.shortened) or "")
    return Conversation(state=state, safe_now=True, marks=("limits",), hand=hand, **fields)  # type: ignore[arg-type]


def test_one_dull_text_then_nothing_and_an_advocate_is_told() -> None:
    after, done = happen(thread("need"), MessageReceived(FORMAL), SCRIPT)
    assert [a.key for a in done if isinstance(a, Say)] == ["G1"]
    assert [(str(a.tier), a.reason) for a in done if isinstance(a, TellAdvocates)] == [("P1", "changed")]
    assert (after.state, after.safe_now, after.flags) == ("paused", False, ("third_party",))
    after, done = happen(after, MessageReceived("sry im back its me u can txt"), SCRIPT)
    assert [a.key for a in done if isinstance(a, Say)] == ["R1"]


def test_danger_help_and_stop_are_heard_whoever_types() -> None:
    heard = {
        f"{FORMAL} He is hitting me.": ["D1"],
        "Please let me talk to a real person, thank you.": ["H1"],
        "Stop. Please do not text me again.": ["X1"],
    }
    for text, keys in heard.items():
        _, done = happen(thread("need"), MessageReceived(text), SCRIPT)
        assert [a.key for a in done if isinstance(a, Say)] == keys


def test_who_asks_for_the_other_language_is_the_same_person() -> None:
    after = step(thread("need"), MessageReceived("can we speak spanish please"), SCRIPT).conversation
    assert after.hand == ()
    after, done = happen(after, MessageReceived("Buenas noches. Necesito un lugar para dormir, por favor."), SCRIPT)
    assert not [a for a in done if isinstance(a, HandOff | TellAdvocates)]
    assert after.answers["need"] == ["bed"]
