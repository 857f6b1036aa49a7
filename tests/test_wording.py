"""Does every sentence a person can read keep its rules, and does each rule catch a sentence that breaks it?"""

from __future__ import annotations

import copy
import re
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.segments import count_segments
from bot.rules.wording import check
from flows.conversation import LANGUAGES
from flows.wording import Wording, widest

COPY = Path(__file__).parents[1] / "flows" / "copy"
DOCUMENTS = {language: tomllib.loads((COPY / f"{language}.toml").read_text("utf-8")) for language in LANGUAGES}
WORDING = Wording.parse(DOCUMENTS)

FROM_SCREEN_TEXTS = """
    O1 O2 O3 O4 O5 L0 C1 C2 C3 Q1 J1 Q2 Q3 Q4 Q5 Q6 Q7 S1 S2 S4 S3 M1 M2 SH1 SH2 M3 M4 M0 H1 H2 H3 H0 P1 X1 A1 R1 R2 R3
    G1 F1 HP1 DL1 OL1 N1 B1 W1 W2 K1 K2 D1 I1 I2 T1 T2 V1 E1 Z1 PU1 PU2 PU3 PU4
"""
NOBODY_ON_SHIFT = ["D1_OFF", "I1_OFF", "I2_OFF", "T1_OFF", "R3_OFF", "HP1_OFF", "H3N"]
FIELDS = {name: widest(name, "en") for name in ("NAME", "BRAND", "AREA", "N", "AGE", "MIN", "WHEN", "PROG", "ID", "H")}
FIELDS |= {name: widest(name, "en") for name in ("CODE", "TIME", "WHO", "OPTA", "OPTB", "LANG", "TOLD")}


def with_change(path: str, value: object) -> dict:
    """The real documents with one thing changed; `None` takes it away."""
    documents = copy.deepcopy(DOCUMENTS)
    *way, last = path.split("/")
    table = documents
    for name in way:
        table = table[name]
    if value is None:
        del table[last]
    else:
        table[last] = value
    return documents


def test_every_text_in_every_language_keeps_every_rule() -> None:
    assert check(WORDING, brand="Maple Help Desk") == []


def test_all_texts_of_the_reference_are_here() -> None:
    assert WORDING.keys[:61] == tuple(FROM_SCREEN_TEXTS.split())


@pytest.mark.parametrize(
    ("language", "key", "text", "rule"),
    [
        ("en", "R1", "Hi again. " + "Is it a good time to text? " * 6, "T-1"),
        ("en", "SH1", DOCUMENTS["en"]["texts"]["SH1"]["text"] + " here", "T-1"),  # too long only at its widest
        ("es", "R1", "Hola. ¿Estás? 1 claro 2 no", "T-2"),
        ("en", "R1", "Hi again. It’s a good time? 1 yes 2 no", "T-2"),
        ("en", "O3", "Hi, this is {NAME} from {BRAND}, for survivors. Reply 1. STOP ends texts", "T-3"),
        ("en", "H0", "Hi, it's {NAME} from the shelter. OK to text now? 1 yes 2 not now", "T-3"),
        ("es", "W1", "Somos un refugio gratis. ALTO = salir", "T-3"),
        ("es", "R1", "¿La POLICÍA? 1 claro 2 no", "T-3"),
        ("en", "R1", "An ICE check. Good time to text? 1 yes 2 no", "T-3"),
        ("en", "M2W", "The shelter is private. A person will tell you", "E11"),
        ("en", "M2W", "{PROG} is private", "T-4"),
        ("en", "M2W", "See www.example.org for the way", "T-4"),
        ("en", "M2W", "It is at 12 Maple St. A person will tell you", "T-4"),
        ("en", "HP1", "{BRAND}: a person is joining this chat. Text 233773. STOP ends texts", "T-4"),
        ("en", "M2W", "Call 210-555-0100 and ask", "T-4"),
        ("en", "R1", "Good time? Do you need help? 1 yes 2 no", "T-5"),
        ("en", "O4", "Hi, {NAME} from {BRAND} again. Reply 1", "T-6"),
        ("es", "O4", "Hola, soy {NAME} de {BRAND}. Responde 1. STOP = salir", "T-6"),
        ("en", "G1", "Notwithstanding considerable difficulties, communication continues uninterrupted", "T-7"),
        ("es", "G1", "Comunicaciones institucionales extraordinariamente significativas continuaban", "T-7"),
        ("en", "G1", "OK, no problem!", "T-8"),
        ("es", "G1", "¡Bien, no hay problema", "T-8"),
        ("en", "F1", "Why do you say that", "T-8"),
        ("es", "G1", "Bien, ¿por qué no", "T-8"),
        ("en", "F1", "You should rest", "T-8"),
        ("en", "F1", "Thank you, honey", "T-8"),
        ("en", "M3", "You're safe now. {NAME} will text for {H} hr. 1 text 2 call", "T-8"),
        ("es", "F1", "Gracias, ya estás a salvo", "T-8"),
        ("en", "B1", "I'm a real person. Text PERSON", "T-9"),
        ("en", "C1", "Thanks for writing back. OK time to text? 1 yes 2 not now 3 I want a person", "T-9"),
        ("es", "B1", "Soy una persona. Manda PERSONA", "T-9"),
        ("en", "F1", "What happened to you", "never"),
        ("en", "F1", "Send your full name", "never"),
        ("es", "F1", "Manda tu fecha de nacimiento", "never"),
        ("es", "H2", "Sigo contigo. {NAME} no tarda", "placeholders"),
        ("es", "M1", "Hay {N} lugar(es), dato de hace {AGE}. ¿Quieres? 1 claro 2 no", "options"),
    ],
)
def test_each_rule_catches_a_text_that_breaks_it(language: str, key: str, text: str, rule: str) -> None:
    found = check(Wording.parse(with_change(f"{language}/texts/{key}/text", text)))
    assert rule in {finding.rule for finding in found if (finding.language, finding.key) == (language, key)}


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("es/traits/hotel", "habitación de hotel", "T-2"),
        ("es/traits/hotel", "un cuarto de hotel por semana", "T-1"),
        ("es/languages/Arabic", "árabe", "T-2"),
        ("es/words/weekdays", ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"], "T-2"),
    ],
)
def test_the_small_words_keep_the_alphabet_and_their_room(path: str, value: object, rule: str) -> None:
    language, place = path.split("/", 1)
    found = check(Wording.parse(with_change(path, value)))
    assert [(finding.language, finding.key, finding.rule) for finding in found] == [
        (language, place.replace("/", "."), rule)
    ]


@pytest.mark.parametrize(
    "brand", ["New Hope", "Freedom Line", "Safe Text", "Survivor Help", "Línea Maple", "Maple Street Help"]
)
def test_a_brand_that_tells_or_does_not_fit_is_found(brand: str) -> None:
    assert {finding.key for finding in check(WORDING, brand)} == {"BRAND"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", NOBODY_ON_SHIFT)
def test_with_nobody_on_shift_no_text_says_that_someone_is_coming(key: str, language: str) -> None:
    text = WORDING.text(key, language).text
    assert {"en": "No one", "es": "nadie de turno"}[language].lower() in text.lower()
    assert any(line in text for line in ("911", "988", "233733"))
    for coming_now in ("I'm getting", "I'm also getting", "joining", "Ya busco", "entra ya"):
        assert coming_now not in text


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        ("es", None, "es: no copy file"),
        ("es/texts/C1", None, "es: texts.C1 is missing"),
        ("en/texts/C1", None, "en: texts.C1 is missing"),
        ("es/traits/own_room", None, "es: traits.own_room is missing"),
        ("en/texts/C1/text", "Hi {FIRST}", "en: texts.C1: unknown placeholder {FIRST}"),
        ("en/texts/M2/text", "A: {OPTA_ES}", "en: texts.M2: unknown placeholder {OPTA_ES}"),
        ("en/texts/C1/text", "Hi {NAME", "en: texts.C1: a brace stands alone"),
        ("en/texts/C1/text", 7, "en: texts.C1.text is not a text"),
        ("en/texts/C1/text", " ", "en: texts.C1.text is empty"),
        ("en/texts/C1/reviewed_on", None, "en: texts.C1.reviewed_on is not a text"),
        ("en/texts/C1/reviewed_at", "", "en: texts.C1: unknown entry reviewed_at"),
        ("en/texts/C1", "Hi", "en: texts.C1 is not a table"),
        ("en/texts", None, "en: [texts] is missing"),
        ("es/words/kids", None, "es: words.kids is not a text"),
        ("es/words/months", ["ene"], "es: words.months is not a list of 12 texts"),
        ("en/words/night", "night", "en: unknown entry words.night"),
    ],
)
def test_a_bad_copy_file_is_refused_with_its_place(path: str, value: object, names: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(names)}$"):
        Wording.parse(with_change(path, value))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_can_be_filled_in(language: str) -> None:
    for key in WORDING.keys:
        said = WORDING.render(key, language, FIELDS)
        assert said
        assert not set("{}") & set(said), key


def test_a_spanish_text_is_filled_from_the_same_fields() -> None:
    assert "A: cuarto propio. No" in WORDING.render("M2S", "es", {"OPTA": "cuarto propio", "NAME": "Ana"})
    assert "te escribe el lunes 8 am." in WORDING.render("H3", "es", {"WHEN": "el lunes 8 am"})


def test_a_missing_field_names_the_text_and_the_placeholder() -> None:
    with pytest.raises(KeyError, match=r"M2: \{OPTB\} is missing"):
        WORDING.render("M2", "es", {"OPTA": "cuarto propio"})


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    assert WORDING.render("O4", "en", {"NAME": "{BRAND}", "BRAND": "Maple"}).startswith("Hi, {BRAND} from Maple again")


def test_another_language_is_named_in_the_language_of_the_text() -> None:
    fields = {"LANG": "Haitian Creole"}
    assert "speaks Haitian Creole will" in WORDING.render("OL1N", "en", fields)
    assert "habla criollo te" in WORDING.render("OL1N", "es", fields)
    assert "habla Kanjobal te" in WORDING.render("OL1N", "es", {"LANG": "Kanjobal"})


def test_a_draft_is_unreviewed_until_both_marks_stand() -> None:
    assert not any(WORDING.is_reviewed(key, language) for key in WORDING.keys for language in LANGUAGES)
    documents = with_change("es/texts/C1/reviewed_by", "Survivor advisors")
    assert not Wording.parse(documents).is_reviewed("C1", "es")
    documents["es"]["texts"]["C1"]["reviewed_on"] = "2026-11-20"
    assert Wording.parse(documents).is_reviewed("C1", "es")
    assert not Wording.parse(documents).is_reviewed("C1", "en")


@pytest.mark.parametrize(
    ("answers", "en", "es"),
    [
        ({}, "person", "persona"),
        ({"household": "skipped", "urgency": "skipped", "age": "skipped"}, "person", "persona"),
        ({"household": {"alone": True}, "urgency": "now", "age": "25up"}, "adult, now", "adulto, ahora"),
        (
            {"household": {"kids": 2, "kid_ages": [3, 5]}, "urgency": "tonight", "age": "18-24"},
            "adult, 2 kids, tonight",
            "adulto, 2 hijos, hoy mismo",
        ),
        ({"household": {"kids": 1}, "urgency": "week"}, "person, 1 kid, this week", "persona, 1 hijo, esta semana"),
        ({"household": {"kids": None}, "urgency": "looking"}, "person, kids", "persona, hijos"),
        ({"household": {"kids": 0, "pet": True}, "age": "under18"}, "person, pet", "persona, mascota"),
        ({"household": {"adult": True, "pregnant": True}, "age": "25up"}, "2 adults, pregnant", "2 adultos, embarazo"),
        ({"household": {"adult": True}, "age": "unknown"}, "2 people", "2 personas"),
        (
            {"household": {"adult": True, "kids": 12, "pregnant": True, "pet": True}, "urgency": "week", "age": "25up"},
            "2 adults, 12 kids, pregnant, pet",  # no room for the urgency; what the place must plan for stays
            "2 adultos, 12 hijos, embarazo, mascota",
        ),
    ],
)
def test_who_would_come_as_told_to_a_place(answers: dict, en: str, es: str) -> None:
    assert (WORDING.who(answers, "en"), WORDING.who(answers, "es")) == (en, es)


HOUSEHOLDS = st.fixed_dictionaries(
    {},
    optional={
        "alone": st.just(True),
        "kids": st.none() | st.integers(0, 200),
        "kid_ages": st.lists(st.integers(0, 17)),
        "pregnant": st.booleans(),
        "pet": st.booleans(),
        "adult": st.booleans(),
    },
)
ANSWERS = st.fixed_dictionaries(
    {"area": st.just({"zip3": "782"}), "need": st.just(["bed", "legal"]), "musts": st.just(["meds"])},
    optional={
        "household": HOUSEHOLDS | st.just("skipped"),
        "urgency": st.sampled_from(["now", "tonight", "week", "looking", "skipped"]),
        "age": st.sampled_from(["under18", "18-24", "25up", "unknown"]),
    },
)


@given(ANSWERS, st.sampled_from(LANGUAGES))
def test_who_always_fits_and_tells_nothing_else(answers: dict, language: str) -> None:
    who = WORDING.who(answers, language)
    assert 0 < len(who) <= len(widest("WHO", language))
    only = {key: answers[key] for key in ("household", "urgency", "age") if key in answers}
    assert WORDING.who(only, language) == who
    household = answers.get("household")
    if isinstance(household, dict):
        for fact in ("pregnant", "pet"):
            assert (DOCUMENTS[language]["words"][fact] in who.split(", ")) == bool(household.get(fact))
    for key in ("SH1", "PU3"):
        assert count_segments(WORDING.render(key, language, {**FIELDS, "WHO": who})) == 1


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (-3, "1 min"),
        (0, "1 min"),
        (40, "40 min"),
        (59, "59 min"),
        (60, "1 h"),
        (61, "2 h"),
        (300, "5 h"),
        (2879, "48 h"),
        (2880, "2 d"),
        (2881, "3 d"),
        (10**9, "9999 d"),
    ],
)
def test_an_age_is_short_and_never_fresher_than_it_is(minutes: int, said: str) -> None:
    assert WORDING.age(minutes, "en") == WORDING.age(minutes, "es") == said
    assert len(said) <= len(widest("AGE", "en"))


SATURDAY = datetime(2026, 11, 21, 22, 0)


@pytest.mark.parametrize(
    ("local", "en", "es"),
    [
        (datetime(2026, 11, 21, 22, 30), "at 10:30 pm tonight", "esta noche 10:30 pm"),
        (datetime(2026, 11, 21, 12, 0), "at 12 pm today", "hoy 12 pm"),
        (datetime(2026, 11, 22, 0, 0), "at 12 am Sunday", "el domingo 12 am"),
        (datetime(2026, 11, 23, 8, 0), "at 8 am Monday", "el lunes 8 am"),
        (datetime(2026, 11, 25, 22, 45), "at 10:45 pm Wednesday", "el miércoles 10:45 pm"),
        (datetime(2026, 11, 27, 8, 0), "at 8 am Friday", "el viernes 8 am"),
        (datetime(2026, 11, 28, 8, 0), "at 8 am Nov 28", "el 28 de nov 8 am"),
        (datetime(2027, 1, 4, 9, 5), "at 9:05 am Jan 4", "el 4 de ene 9:05 am"),
    ],
)
def test_a_moment_in_plain_words(local: datetime, en: str, es: str) -> None:
    assert (WORDING.when(local, SATURDAY, "en"), WORDING.when(local, SATURDAY, "es")) == (en, es)


def test_a_spanish_saturday_is_said_by_its_date() -> None:
    monday = datetime(2026, 11, 23, 9, 0)
    assert WORDING.when(datetime(2026, 11, 28, 8, 0), monday, "en") == "at 8 am Saturday"
    assert WORDING.when(datetime(2026, 11, 28, 8, 0), monday, "es") == "el 28 de nov 8 am"


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.integers(0, 57_600), st.sampled_from(LANGUAGES))
def test_any_moment_leaves_a_text_in_one_segment(now: datetime, ahead_minutes: int, language: str) -> None:
    local = now + timedelta(minutes=ahead_minutes)
    when = WORDING.when(local, now, language)
    assert len(when) <= len(widest("WHEN", language))
    assert len(WORDING.time_of_day(local, language)) <= len(widest("TIME", language))
    for key in ("H3", "OL1"):
        assert count_segments(WORDING.render(key, language, {**FIELDS, "WHEN": when})) == 1


def test_traits_are_joined_as_far_as_they_fit() -> None:
    keys = ["own_room", "kids_ok", "keep_phone", "nights_90"]
    assert WORDING.traits(keys, "en", 40) == widest("OPTA", "en")
    assert WORDING.traits(keys, "es", 47) == widest("OPTA", "es")
    assert WORDING.traits(keys, "es", 40) == "cuarto propio, con hijos, tu celular"
    assert WORDING.traits(["own_room", "own_room"], "en", 40) == "own room"
    assert WORDING.traits(["own_room", "spanish_staff", "pets_ok"], "en", 20) == "own room, pets OK"
    with pytest.raises(KeyError):
        WORDING.traits(["harbor_house"], "en", 40)


def test_a_place_of_which_nothing_is_known_is_still_a_place() -> None:
    assert WORDING.traits([], "en", 40) == "a place"
    assert WORDING.traits([], "es", 47) == "un lugar"


@given(st.lists(st.sampled_from(sorted(DOCUMENTS["en"]["traits"])), max_size=12), st.sampled_from(LANGUAGES))
def test_any_traits_leave_the_offer_in_one_segment(keys: list[str], language: str) -> None:
    fields = {name: WORDING.traits(keys, language, len(widest(name, language))) for name in ("OPTA", "OPTB")}
    assert count_segments(WORDING.render("M2", language, fields)) == 1
