"""In which language is this page, and how does a sentence get there? English is written in the code; the other
languages stand in `languages/*.po`, and are the only other place a translator touches ([docs](../../docs/desk.md)).

A language is chosen by the account; before a log-in by a press on the log-in page, else by what the browser asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import flask
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, current_app, g, has_request_context, request
from markupsafe import Markup, escape

from bot.rules.phrases import SHAPES, Phrase, listed
from bot.store.staff import Staff

NAMES = {"en": "English", "es": "Español"}
"""Each by its own name, so that whoever needs it can read it."""
COOKIE = "language"
_READER = "quietline reader"
FOLDER = Path(__file__).parent / "languages"
SCRIPTS = Path(__file__).parent / "static"
_SAY = re.compile(r'\bsay\("([^"]+)"')


@cache
def translations(language: str) -> Translations:
    """Every sentence in this language, read once a process. English is what stands in the code."""
    if language == "en":
        return Translations()
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    made = BytesIO()
    write_mo(made, catalog)
    made.seek(0)
    return Translations(made)


def language() -> str:
    """Of whoever reads this page. English where nobody does."""
    try:
        return cast(str, g.language)  # asked for by every sentence of a page
    except (AttributeError, RuntimeError):
        pass
    if not has_request_context():
        return "en"
    use(_chosen())
    return cast(str, g.language)


def use(chosen: str) -> None:
    """From here on in this request: somebody logged in, or chose another."""
    g.language = chosen


def _chosen() -> str:
    account = None if g.get("bare", False) else current_app.extensions[_READER]()
    wishes = (account.page_language if account else None, request.cookies.get(COOKIE))
    if wish := next((one for one in wishes if one in NAMES), None):
        return wish
    return request.accept_languages.best_match(list(NAMES), default="en")


def say(sentence: str, **values: Any) -> str:
    """A sentence of ours in the reader's language; its `values` are put in as they are, but for phrases among them."""
    if isinstance(sentence, Phrase) and not values:
        return _phrase(sentence)
    return _filled(translations(language()).gettext(sentence) if sentence else "", values)


def counted(one: str, many: str, n: int, **values: Any) -> str:
    """A sentence that differs by a number, which it may name as `%(n)s`."""
    return _filled(translations(language()).ngettext(one, many, n), {"n": n, **values})


def _phrase(one: Phrase) -> str:
    known = translations(language())
    if not one.pattern:
        return ""  # a catalogue answers the empty string with its own header
    text = known.ngettext(one.pattern, one.many, one.n) if one.many else known.gettext(one.pattern)
    said = _filled(text, one.values)
    return SHAPES[one.shape](said) if one.shape else said


def _filled(text: str, values: Mapping[str, Any]) -> str:
    if not values:
        return text
    said = {name: drawn(value) for name, value in values.items()}
    if any(isinstance(value, Markup) for value in said.values()):
        return escape(text) % said
    return text % said


def drawn(value: Any) -> Any:
    """What a template draws: a phrase in the reader's language, anything else as it is."""
    return _phrase(value) if isinstance(value, Phrase) else value


def flash(sentence: str, category: str = "message") -> None:
    """Flask's, in the reader's language."""
    flask.flash(say(sentence), category)


def day(at: date | datetime, form: str) -> str:
    """A day in words, by a pattern of Unicode's (`EEE d MMM`)."""
    return format_date(at, form, locale="es_US" if language() == "es" else "en_US")


@cache
def _in_scripts() -> tuple[str, ...]:
    """What scripts say: read from them, so that there is no second list to keep."""
    scripts = (path.read_text(encoding="utf-8") for path in sorted(SCRIPTS.glob("*.js")))
    return tuple(dict.fromkeys(said for script in scripts for said in _SAY.findall(script)))


def script_words() -> dict[str, str]:
    """The words of our scripts in the reader's language (`say.js`)."""
    known = translations(language())
    return {sentence: known.gettext(sentence) for sentence in _in_scripts()}


def install(app: Flask, reader: Callable[[], Staff | None]) -> None:
    """`_("…")`, `{% trans %}` and phrases in every template. `reader` tells who is logged in."""
    app.extensions[_READER] = reader
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.newstyle_gettext = True  # type: ignore[attr-defined]
    app.jinja_env.finalize = drawn
    app.jinja_env.globals.update(
        _=say, counted=counted, gettext=_block, ngettext=_counted_block, page_language=language, languages=NAMES,
        in_days=day, listed=listed, script_words=script_words,
    )  # fmt: skip


def _block(sentence: str, **values: Any) -> Markup:
    """What stands in `{% trans %}` is written by us, markup and all; what is put into it is not."""
    return _marked(translations(language()).gettext(sentence), values)


def _counted_block(one: str, many: str, n: int, **values: Any) -> Markup:
    return _marked(translations(language()).ngettext(one, many, n), values)


def _marked(text: str, values: Mapping[str, Any]) -> Markup:
    return Markup(text) % {name: drawn(value) for name, value in values.items()}  # noqa: S704 - of our own files
