"""Does `flows check` find every kind of mistake, with its line and what to do, all in one run? One broken copy each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.flows import flows
from bot.rules import lint as lint_module
from bot.rules.lint import Finding, lint
from bot.script_files import FLOWS, documents, sources
from flows.positions import line_of, positions
from flows.understanding import Lexicon

SOURCES = sources()
LEXICON = Lexicon.parse(documents()["lexicon"])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The word lists are the same in most copies: compiled once."""
    monkeypatch.setattr(lint_module.Lexicon, "parse", staticmethod(lambda _documents: LEXICON))


def broken(path: str, old: str, new: str) -> list[Finding]:
    text = SOURCES[path]
    assert text.count(old) >= 1, f"{old!r} is not in {path}"
    return lint({**SOURCES, path: text.replace(old, new, 1)})


def text_of(key: str, language: str = "en") -> str:
    found = re.search(rf'\[texts\.{key}\]\nwhen = .*\ntext = "(.*)"', SOURCES[f"copy/{language}.toml"])
    assert found
    return found[1]


def test_the_flows_themselves_have_no_finding() -> None:
    assert lint(SOURCES, brand="Maple Help Desk") == []


LINE, SCREEN, EN, ES = "line.toml", "screen.toml", "copy/en.toml", "copy/es.toml"
ISLAND = '[states.island]\nabout = "x"\nrows = [{ on = "yes", to = "idle" }]\n\n[states.waiting]'
STUCK = '[states.stuck]\nabout = "x"\nexpects = { parser = "choice", options = ["a"] }\n\n[states.waiting]'
LONG = "Hi again. " + "Is it a good time to text? 1 yes 2 no. " * 5


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("path", "old", "new", "at", "what"),
    [
        (LINE, 'to = "share"', 'to = "nowhere"', 'to = "nowhere"', "there is no state 'nowhere'"),
        (LINE, 'handoff = "medical"', 'handoff = "nobody"', 'handoff = "nobody"', "no hand-off 'nobody'"),
        (LINE, 'say = "M1"', 'say = "M99"', 'say = "M99"', "there is no text 'M99'"),
        (LINE, 'if = ["option:more"]', 'if = ["full_moon"]', "full_moon", "unknown condition 'full_moon'"),
        (LINE, 'if = ["option:more"], to', 'colour = "red", to', 'colour = "red"', "unknown key 'colour'"),
        (LINE, 'do = ["release"]', 'do = ["dance"]', 'do = ["dance"]', "unknown deed 'dance'"),
        (LINE, 'flag = "suicide"', 'flag = "sad"', 'flag = "sad"', "unknown flag 'sad'"),
        (LINE, 'tell = "P3"', 'tell = "P9"', 'tell = "P9"', "unknown tier 'P9'"),
        (LINE, "[states.waiting]", ISLAND, "[states.island]", "nothing leads to island"),
        (LINE, "[states.waiting]", STUCK, "[states.stuck]", "no answer leads on from stuck"),
        (LINE, 'on = "human"\nflag = "human"\nhandoff = "human"', 'on = "human"\nflag = "human"', 'on = "human"',
         "reaches no person"),
        (LINE, '  { on = "later" },\n', '  { on = "later" },\n  { on = "later", say = ["P1"] },\n',
         '{ on = "later", say', "the same as"),
        (LINE, '{ on = "yes", if = ["flag:minor"], do = ["safe"], to = "limits" },\n',
         '{ on = "yes", do = ["safe"], to = "choices" },\n  { on = "yes", if = ["short_time"], to = "limits" },\n',
         'if = ["short_time"], to = "limits"', "never reached after"),
        (LINE, '"safe_now", "told_nothing"', '"safe_now", "not safe_now"', '"not safe_now"]', "contradict"),
        (LINE, '"mark:priced"', '"mark:paid"', "mark:paid", "nothing ever sets the mark 'paid'"),
        (SCREEN, "answer:urgency=now", "answer:urgency=soon", "urgency=soon", "'soon' is no option of 'urgency'"),
        (SCREEN, 'parser = "area"', 'parser = "map"', 'parser = "map"', "unknown parser 'map'"),
        (SCREEN, 'slot = "need"\n', "", 'name = "need"', "a question needs 'slot'"),
        (LINE, 'lost = "unclear"\n', "", "[states.idle]", "'lost' is not always answered in idle"),
        (LINE, 'H1 = "minutes"\n', "", text_of("H1"), "no row of [promises] keeps it"),
        (LINE, "M0 = 24", 'M0 = "sometime"', 'M0 = "sometime"', "unknown deadline 'sometime'"),
        (LINE, 'R1 = "R1B"', 'R1 = "R1C"', 'R1 = "R1C"', "there is no text 'R1C'"),
        (LINE, "[handoffs.share]", '[handoffs.never]\ntier = "P3"\non = []\noff = []\n\n[handoffs.share]',
         "[handoffs.never]", "no row hands anybody over"),
        ("moves.toml", "[states]\n\n", '[states]\nold = "gone"\n\n', 'old = "gone"', "there is no state 'gone'"),
        (EN, text_of("R1"), LONG, LONG, "T-1:"),
        (EN, text_of("SH1"), text_of("SH1") + " here", "OK for 3 days", "T-1:"),
        (EN, text_of("R1"), "Hi “again”. Good time? 1 yes 2 no", "“again”", "T-2:"),
        (EN, text_of("R1"), "The police ask: good time? 1 yes 2 no", "The police", "T-3:"),
        (EN, text_of("Q7"), "Shelter: " + text_of("Q7")[:80], "Shelter: ", "E11:"),
        (EN, text_of("G1"), "Notwithstanding considerable difficulties, communication continues", "Notwith", "T-7:"),
        (EN, text_of("G1"), "OK, no problem!", "no problem!", "T-8:"),
        (ES, text_of("H2", "es"), "Sigo contigo. {NAME} no tarda", "no tarda", "placeholders:"),
        (EN, text_of("P1"), "OK. Until {WHENEVER}", "[texts.P1]", "unknown placeholder {WHENEVER}"),
        (EN, "[texts.P1]\n", '[texts.P9]\nwhen = ""\ntext = "OK"\nreviewed_by = ""\nreviewed_on = ""\n\n[texts.P1]\n',
         "[texts.P9]", "no row says this text"),
        (ES, "[texts.P1]\n", "[texts.P1_OLD]\n", None, "texts.P1 is missing"),
        (EN, text_of("Q1"), text_of("Q1").replace(" 4 just looking", ""), "2 tonight 3 this week", "numbers 3 answers"),
        (EN, 'own_room = "own room"', 'own_room = "a room of your very own here"', "own_room", "T-1:"),
    ],
)  # fmt: skip
def test_each_mistake_is_found_on_its_line_with_what_to_do(path, old, new, at, what) -> None:  # type: ignore[no-untyped-def]
    found = [one for one in broken(path, old, new) if what in one.what]
    assert found, f"nothing says {what!r}"
    assert all(one.do for one in found)
    if at is not None:
        file = found[0].path
        changed = (SOURCES[path].replace(old, new, 1) if path == file else SOURCES[file]).splitlines()
        assert any(at in changed[one.line - 1] for one in found), [(one.line, changed[one.line - 1]) for one in found]


@pytest.mark.parametrize(
    ("path", "old", "new", "what"),
    [
        ("lexicon/en.toml", '[erase]  # DL1: erase what was sent\n',
         '[erase]\nwords = ["shred"]\nwordz = ["x"]\n', "wordz"),
        ("lexicon/en.toml", '[unshare]', '[quiet]\nwords = ["hush"]\n\n[unshare]', "quiet"),
        ("lexicon/es.toml", '[erase]  # DL1\n', '[erase]\nwords = ["quitalo"]\nunless = ["quitalo"]\n', ""),
    ],
)  # fmt: skip
def test_mistakes_in_word_lists_are_found_too(path, old, new, what) -> None:  # type: ignore[no-untyped-def]
    text = SOURCES[path].replace(old, new, 1)
    assert text != SOURCES[path]
    found = lint({**SOURCES, path: text}) if what else None
    if found is None:
        found = [one for one in _only_collisions() if "quitalo" in one]
        assert found
    else:
        assert any(one.path == path and what in f"{one.key} {one.what}" for one in found), found


def _only_collisions() -> list[str]:
    lists = {"en": {}, "es": {"erase": {"words": ["quitalo", "borra"], "unless": ["quitalo"]}}}
    return [fault.what for fault in lint_module._collisions(lists)]


@pytest.mark.usefixtures("quick")
def test_all_of_it_is_found_in_one_run() -> None:
    line = SOURCES[LINE].replace('to = "share"', 'to = "nowhere"', 1).replace('do = ["release"]', 'do = ["dance"]')
    en = SOURCES[EN].replace(text_of("G1"), "OK, no problem!").replace('reviewed_on = ""', "reviewed_on = 3", 2)
    screen = SOURCES[SCREEN].replace('parser = "area"', 'parser = "map"')
    es = SOURCES[ES].replace("[texts.P1]", "[texts.P1_OLD]")
    found = lint({**SOURCES, LINE: line, EN: en, SCREEN: screen, ES: es})
    told = " | ".join(f"{one.key} {one.what}" for one in found)
    for what in ("nowhere", "dance", "T-8", "map", "texts.O1.reviewed_on", "texts.O2.reviewed_on", "texts.P1"):
        assert what in told, what


def test_a_file_that_is_no_toml_is_named_with_its_line() -> None:
    found = broken(LINE, "[states.offer]", "[states.offer")
    assert (found[0].path, found[0].key) == (LINE, "TOML")
    assert "[states.offer" in SOURCES[LINE].splitlines()[found[0].line - 1]


def test_the_command_prints_file_and_line_and_exits_with_one(tmp_path: Path) -> None:
    for path, text in SOURCES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text.replace("OK, no problem.", "OK, no problem!"), encoding="utf-8")
    ran = CliRunner().invoke(flows, ["check", "--folder", str(tmp_path)])
    assert ran.exit_code == 1
    assert re.search(r"^flows/copy/en\.toml:\d+: texts\.G1\.text: T-8: exclamation mark: !\. Say it calmly", ran.output)
    assert "2 findings" in ran.output or "1 finding" in ran.output
    fine = CliRunner().invoke(flows, ["check"])
    assert fine.exit_code == 0, fine.output
    assert "no fault found" in fine.output


# --- Where a key stands -------------------------------------------------------------------------------------------

SAMPLE = '''# a remark with [brackets] and = signs
top = 1

[a.b]  # a table
text = "a ] string, with # and [signs]"
rows = [
  { on = "yes", if = ["x:y", 'z'] },  # the first
  # nothing
  { on = "no" },
]
long = """
[not.a.table]
"""

[[question]]
name = "one"

[[question]]
name = "two"
options = ["a",
  "b"]

[question.more]
"quoted key" = 2
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("top", 2), ("a.b", 4), ("a.b.text", 5), ("a.b.rows", 6), ("a.b.rows[0]", 7), ("a.b.rows[0].if[1]", 7),
        ("a.b.rows[1]", 9), ("a.b.rows[1].on", 9), ("a.b.long", 11), ("question[0]", 15), ("question[1]", 18),
        ("question[1].name", 19), ("question[1].options[1]", 21), ("question[1].more.quoted key", 24),
        ("a.b.rows[1].nothing", 9), ("a.b.missing", 4), ("nowhere.at.all", 1),
    ],
)  # fmt: skip
def test_a_key_or_what_it_stands_in_has_a_line(key: str, line: int) -> None:
    assert line_of(positions(SAMPLE), key) == line


def test_every_key_of_our_own_files_has_a_line() -> None:
    for path, text in SOURCES.items():
        lines = positions(text)
        assert lines or path == "moves.toml"
        for key, line in lines.items():
            name = re.split(r"[.\[]", key)[-1].rstrip("]")
            if not name.isdigit():
                assert name in text.splitlines()[line - 1], (path, key)


def test_the_folder_is_what_is_linted() -> None:
    assert set(SOURCES) == {str(p.relative_to(FLOWS)) for p in FLOWS.rglob("*.toml")}
