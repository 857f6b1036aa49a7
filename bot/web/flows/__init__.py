"""Where does anybody on staff read the script, try it, and sign its words off? Pages that change no code."""

from __future__ import annotations

from functools import lru_cache

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.phrases import phrase
from bot.script_files import sources
from bot.store.staff import ROLES
from bot.usecases.sign_off import LONGEST_REMARK, REVIEWERS, Read, sign_off
from bot.usecases.signed_off import wording_now
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.flows import trying, views, words
from bot.web.flows.word_lists import FILES, WordList, word_list
from flows.conversation import LANGUAGES
from flows.structure import doubtful

blueprint = Blueprint("flows", __name__, url_prefix="/flows")

SHOWN = {"both": "Both languages", "en": "English", "es": "Spanish"}


@blueprint.get("/")
@roles(*ROLES)
def index() -> str:
    """The whole script, in the order a person meets it."""
    built = services()
    with built.database.reading() as tx:
        texts, wording = views.all_told(tx, built), wording_now(tx, built)
    shown = request.args.get("lang", "both")
    return render_template(
        "flows/script.html",
        read=views.reading(built.script),
        script=built.script,
        texts=texts,
        progress=views.progress(wording),
        doubts=doubtful(built.script),
        shown=shown if shown in SHOWN else "both",
        languages=SHOWN,
        words=words,
    )


@blueprint.get("/review/")
@roles(*ROLES)
def review() -> str:
    """What still needs somebody's name, by language."""
    built = services()
    with built.database.reading() as tx:
        texts, wording = views.all_told(tx, built), wording_now(tx, built)
    waiting = {name: [key for key in wording.keys if not wording.is_reviewed(key, name)] for name in LANGUAGES}
    return render_template(
        "flows/review.html",
        waiting=waiting,
        texts=texts,
        progress=views.progress(wording),
        refused=not built.settings.allow_unreviewed_texts,
        words=words,
    )


@blueprint.get("/texts/<key>")
@roles(*ROLES)
def text(key: str) -> str:
    """One text in both languages: its words, its marks, its history."""
    return _text_page(key)


@blueprint.post("/texts/<key>/<language>/sign")
@roles(*REVIEWERS)
def sign(key: str, language: str) -> AnyResponse | tuple[str, int]:
    """These very words may be sent, and I answer for it."""
    return _reviewed(key, language, back=False)


@blueprint.post("/texts/<key>/<language>/take-back")
@roles(*REVIEWERS)
def take_back(key: str, language: str) -> AnyResponse | tuple[str, int]:
    """These words may not be sent any more."""
    return _reviewed(key, language, back=True)


def _reviewed(key: str, language: str, *, back: bool) -> AnyResponse | tuple[str, int]:
    built = services()
    if key not in built.script.wording.keys or language not in LANGUAGES:
        abort(404)
    remark = request.form.get("note", "").strip()
    read = Read(key, language, request.form.get("fingerprint", ""))
    refused = sign_off(built.database, built, read, staff_id=signed_in().staff_id, remark=remark, back=back)
    if refused is not None:
        return _text_page(key, problem=refused.reason, language=language, remark=remark), 409
    name = words.LANGUAGES[language]
    flash(
        phrase("%(key)s in %(name)s is not signed off any more.", key=key, name=name)
        if back
        else phrase("You signed off %(key)s in %(name)s.", key=key, name=name)
    )
    return redirect(url_for("flows.text", key=key))


def _text_page(key: str, *, problem: str = "", language: str = "", remark: str = "") -> str:
    built = services()
    if key not in built.script.wording.keys:
        abort(404)
    with built.database.reading() as tx:
        wording = wording_now(tx, built)
        past = views.history(tx, wording, key)
    keys = wording.keys
    at = keys.index(key)
    return render_template(
        "flows/text.html",
        key=key,
        told={name: views.told(built.script, wording, key, name) for name in LANGUAGES},
        uses=views.reading(built.script).uses.get(key, ()),
        outside=words.outside(key),
        past=past,
        before=keys[at - 1] if at else None,
        after=keys[at + 1] if at + 1 < len(keys) else None,
        may_sign=signed_in().may(REVIEWERS),
        longest=LONGEST_REMARK,
        problem=problem,
        typed={language: remark},
        words=words,
    )


@blueprint.route("/try/", methods=["GET", "POST"])
@roles(*ROLES)
def try_it() -> str:
    """A conversation with the engine: nothing is sent and nothing is kept."""
    built, staff_id = services(), signed_in().staff_id
    keys, form = built.database.keys, request.form
    lines = trying.opened(keys, staff_id, form.get("so_far", "")) if "so_far" in form else []
    lost = "so_far" in form and not lines
    if not lines:
        language = request.values.get("lang", "en")
        lines = [f"# lang {language if language in LANGUAGES else 'en'}"]
    happens = form.get("happens", "")
    more = happens if happens in trying.WORLD else trying.as_line(form.get("text", ""))
    if more and len(lines) < trying.MOST_LINES:
        lines.append(more)
    played, conversation = trying.play(lines, built.script)
    return render_template(
        "flows/try.html",
        played=played,
        now=conversation,
        so_far=trying.sealed(keys, staff_id, lines),
        lang=lines[0].removeprefix("# lang "),
        world=trying.WORLD,
        full=len(lines) >= trying.MOST_LINES,
        lost=lost,
        longest=trying.LONGEST_TEXT,
        words=words,
    )


@blueprint.get("/words/")
@roles(*ROLES)
def first_words() -> AnyResponse:
    return redirect(url_for("flows.word_lists", name="en"))


@blueprint.get("/words/<name>")
@roles(*ROLES)
def word_lists(name: str) -> str:
    """One file of word lists, with its authors' comments."""
    if name not in FILES:
        abort(404)
    return render_template("flows/words.html", name=name, files=FILES, found=_word_list(name), words=words,
                           script=services().script)  # fmt: skip


@lru_cache(maxsize=4)
def _word_list(name: str) -> WordList:
    return word_list(sources()[f"lexicon/{name}.toml"])
