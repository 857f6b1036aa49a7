"""Which texts does the corpus hold? Families from the files, spread into texts, each also as people type it.

Deterministic: the seed is the family's own line, so that adding a family changes no other's texts.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

HERE = Path(__file__).parent
BLIND = ("blind", "blind2", "blind3", "blind4", "blind5", "es_a", "es_b", "es_c", "es_d", "es_e")
"""Parts whose misses nobody reads: they are scored in total only."""
PARTS = ("tuning", "untouched", *BLIND)
LANGUAGES = ("en", "es")
_SPREAD = 10
"""Texts a family is sampled to, before each is also typed badly."""
_CHOICE = re.compile(r"\{([^}]*)\}")
_HEAD = re.compile(r"== (\w+)(.*)")
_SLIPS = str.maketrans({"a": "s", "e": "r", "i": "o", "o": "p", "t": "y", "r": "t", "n": "m", "l": "k", "d": "s"})
_SHORT = {
    "en": {
        "you": "u",
        "are": "r",
        "your": "ur",
        "to": "2",
        "for": "4",
        "because": "bc",
        "with": "w",
        "please": "plz",
        "that": "dat",
        "going to": "gonna",
        "right now": "rn",
        "tonight": "2nite",
        "tomorrow": "tmrw",
        "want to": "wanna",
        "someone": "sum1",
        "and": "n",
        "people": "ppl",
        "something": "smth",
        "the": "da",
        "about": "abt",
        "trying to": "tryna",
        "don't": "dont",
        "okay": "k",
        "got to": "gotta",
        "he is": "hes",
        "im": "i'm",
        "hes": "he's",
        "cant": "can’t",
        "dont": "don't",
        "wont": "won't",
        "before": "b4",
        "before i": "b4 i",
        "what": "wat",
        "just": "jus",
        "nothing": "nuthin",
        "them": "dem",
        "they": "dey",
        "with my": "wit my",
        "about to": "bouta",
        "number": "#",
    },
    "es": {
        "que": "q",
        "porque": "xq",
        "por": "x",
        "para": "pa",
        "estoy": "toy",
        "quiero": "kiero",
        "esta": "ta",
        "aqui": "aki",
        "mensajes": "msjs",
        "telefono": "tel",
        "tambien": "tmb",
        "necesito": "nesesito",
        "hola": "ola",
        "hijos": "ijos",
        "voy": "boi",
        "casa": "kasa",
        "vivir": "bibir",
        "quien": "kien",
        "hacer": "aser",
        "donde": "dnd",
        "no se": "nose",
        "a ver": "aber",
        "llama": "yama",
        "llamen": "yamen",
        "ayuda": "alluda",
        "mi": "mii",
        "por favor": "xfa",
        "hablar": "ablar",
        "estas": "stas",
        "ya": "yaa",
        "eso": "eso",
        "muchas": "muxas",
        "mucho": "muxo",
        "con": "kon",
    },
}


@dataclass(frozen=True, slots=True)
class Family:
    """One line of a file: what it must be read as, and the pattern its texts are spread from."""

    part: str
    language: str
    label: str
    pattern: str
    line: int
    asked: str = "any"
    may: frozenset[str] = frozenset()
    wanted: object = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One text to be read. `dress` says how it was typed: `plain`, `shout`, `short`, `slip` …"""

    family: Family
    text: str
    dress: str = field(compare=False)


def families(part: str, language: str) -> Iterator[Family]:
    """The families of one language, in the order of its files. A line that cannot be read is a ValueError naming it."""
    for name in (f"{language}.txt", f"{language}_answers.txt"):
        path = HERE / part / name
        head: dict[str, object] = {}
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else (), 1):
            if line.startswith("== "):
                head = _head(line, f"{path.name}:{number}")
            elif line and not line.startswith("#"):
                yield Family(part=part, language=language, pattern=line, line=number, **head)  # type: ignore[arg-type]


def _head(line: str, where: str) -> dict[str, object]:
    match = _HEAD.fullmatch(line)
    if match is None:
        raise ValueError(f"{where}: {line!r} is not a heading")
    head: dict[str, object] = {"label": match[1]}
    rest = match[2].strip()
    while rest:
        word, _, after = rest.partition(" ")
        if word.startswith("asked="):
            head["asked"] = word.removeprefix("asked=")
        elif word.startswith("may="):
            head["may"] = frozenset(word.removeprefix("may=").split(","))
        else:
            head["wanted"] = json.loads(rest) if rest.startswith("{") else rest
            break
        rest = after.strip()
    return head


def samples(part: str, language: str) -> Iterator[Sample]:
    """Every text of one file."""
    seen: set[tuple[str, str, str]] = set()
    for family in families(part, language):
        for sample in _of(family):
            key = (family.label, family.asked, sample.text)
            if key not in seen:
                seen.add(key)
                yield sample


def _of(family: Family) -> Iterator[Sample]:
    dice = random.Random(f"{family.language}|{family.label}|{family.pattern}")
    for plain in _spread(family.pattern, dice):
        yield Sample(family, plain, "plain")
        if any(ord(char) > 0x2000 for char in plain) and not any(char.isalpha() for char in plain):
            continue
        yield Sample(family, _dressed(plain, dice), "dress")
        yield Sample(family, _bare(plain), "bare")
        yield Sample(family, _shortened(plain, family.language, dice), "short")
        yield Sample(family, _slipped(plain, dice), "slip")


def _spread(pattern: str, dice: random.Random) -> list[str]:
    parts = _CHOICE.split(pattern)
    choices = [part.split("|") if at % 2 else [part] for at, part in enumerate(parts)]
    texts = [" ".join("".join(chosen).split()) for chosen in product(*choices)]
    return texts if len(texts) <= _SPREAD else dice.sample(texts, _SPREAD)


def _dressed(text: str, dice: random.Random) -> str:
    """Case, marks, signs, politeness: nothing of it may change a meaning."""
    dress = dice.choice(["{}!!", "{} 😩", "{}...", "{}  ", "😡 {}", "{}.", "{}\n", "{} 🥺", "{}!"])
    return dress.format(dice.choice([text.upper(), text.capitalize(), text.title(), text]))


def _bare(text: str) -> str:
    """Without accents and apostrophes, as phones and haste leave it."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.replace("'", "").lower()


def _shortened(text: str, language: str, dice: random.Random) -> str:
    """One to three words in shorthand."""
    text = _bare(text) if language == "es" else text
    known = [(long, short) for long, short in _SHORT[language].items() if re.search(rf"\b{long}\b", text)]
    dice.shuffle(known)
    for long, short in known[: dice.randint(1, 3)]:
        text = re.sub(rf"\b{long}\b", short, text, count=1)
    return text


def _slipped(text: str, dice: random.Random) -> str:
    """One slip of the thumb in one longer word: swapped, dropped, doubled or the key beside it."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long:
        return text
    at = dice.choice(long)
    word = words[at]
    spot = dice.randrange(1, len(word) - 1)
    match dice.randrange(4):
        case 0:
            words[at] = word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :]
        case 1:
            words[at] = word[:spot] + word[spot + 1 :]
        case 2:
            words[at] = word[:spot] + word[spot] + word[spot:]
        case _:
            words[at] = word[:spot] + word[spot].translate(_SLIPS) + word[spot + 1 :]
    return " ".join(words)
