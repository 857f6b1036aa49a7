"""Which sections may a word list have, and how is each kind matched?"""

from __future__ import annotations

RULES = frozenset(
    [
        "suicide",
        "self_harm",
        "means",
        "hint",
        "distress",
        "medical",
        "overdose",
        "danger",
        "stop_silent",
        "stop",
        "make_it_stop",
        "maybe_stop",
        "start",
        "wrong_number",
        "minor",
        "runaway",
        "human",
        "help",
        "third_party",
        "booking",
        "where_is_it",
        "erase",
        "known",
        "new_word",
        "unshare",
        "later",
        "unsafe",
        "bot",
        "police",
        "immigration",
        "who",
        "cost",
        "control",
        "labour",
        "service_harm",
        "grief",
        "yes",
        "no",
        "unclear",
        "skip",
        "delete_what",
        "lost",
        "thanks",
        "hostile",
        "short_time",
        "correction",
    ]
)
"""Sections of words, phrases, exact and unless."""

WORD_SETS = frozenset(
    [
        "colour.words",
        "polite.words",
        "bare.words",
        "ordinary.words",
        "language.strong",
        "language.words",
        "age.before",
        "age.after",
        "age.not_age_after",
        "age.not_age_before",
        "age.months",
        "age.of_another",
        "household.kid_words",
        "household.one_kid",
        "household.two_kids",
        "household.age_units",
        "household.month_units",
        "household.list_words",
        "household.own_words",
        "area.near",
        "area.streets",
        "area.zip_words",
        "area.drop",
        "code_word.refuse",
        "letters.both",
    ]
)
"""Lists that are asked word by word."""

PHRASE_SETS = frozenset(
    [
        "age.almost",
        "age.unknown",
        "age.under18",
        "age.adult_young",
        "age.adult",
        "household.alone",
        "household.alone_asked",
        "household.kids",
        "household.kids_asked",
        "household.pregnant",
        "household.pregnant_asked",
        "household.pet",
        "household.pet_asked",
        "household.adult_with",
        "household.adult_asked",
        "far.phrases",
        "far.asked",
        "code_word.before",
    ]
)
"""Lists of phrases that fill a slot with rules of its own (who comes, age, area)."""

VALUE_TABLES = frozenset({"options", "letters", "language_request"})
"""Sections of value = [phrases]; they count as the whole text only."""

OTHER = frozenset(
    {"spellings", "also", "groups", "endings", "joined", "numbers", "ordinals", "limits", "other_languages", "scripts"}
)
