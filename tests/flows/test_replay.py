"""Does replay show what would be said differently, and does an exported conversation tell nobody who it was?"""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.flows import flows
from bot.script_files import FLOWS, load_script
from bot.usecases.claim import claim
from bot.usecases.export_conversation import export_conversation
from bot.usecases.finish import finish
from flows.conversation import Conversation
from flows.engine import understand
from flows.masking import Masks
from flows.replay import differences
from tests.usecases.line import PERSON, TheLine, the_line

SCRIPT = load_script()
TRANSCRIPTS = Path(__file__).parent / "transcripts"
WHOLE_WAY = TRANSCRIPTS / "en" / "the_whole_way.txt"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A folder of flows in which the question of need comes last and Q1 has other words."""
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "understanding"))
    screen = (folder / "screen.toml").read_text(encoding="utf-8")
    head, *blocks = re.split(r"(?m)^(?=\[\[question\]\])", screen)
    blocks = [blocks[0], *blocks[2:4], blocks[1], *blocks[4:]]
    (folder / "screen.toml").write_text(head + "".join(blocks), encoding="utf-8")
    copy = (folder / "copy" / "en.toml").read_text(encoding="utf-8")
    (folder / "copy" / "en.toml").write_text(copy.replace("How soon do you need help?", "How soon?"), encoding="utf-8")
    return folder


def test_the_same_flows_say_the_same(tmp_path: Path) -> None:
    text = WHOLE_WAY.read_text(encoding="utf-8")
    assert differences(text, SCRIPT, SCRIPT) == []


def test_what_would_be_said_differently_is_shown_turn_by_turn(changed: Path) -> None:
    found = differences(WHOLE_WAY.read_text(encoding="utf-8"), SCRIPT, load_script(changed))
    assert [[line.partition(":")[0] for line in (*one.was, *one.would)] for one in found][:2] == [
        ["Q1", "Q1"],  # other words
        ["Q2", "Q3"],  # another question
    ]


def test_the_command_prints_both_and_counts(changed: Path) -> None:
    ran = CliRunner().invoke(flows, ["replay", str(WHOLE_WAY), "--against", str(changed)])
    assert ran.exit_code == 0, ran.output
    assert "was    Q2: What would help most?" in ran.output
    assert "would  Q3: What city or ZIP" in ran.output
    assert "1 transcripts played, 1 would go differently." in ran.output
    same = CliRunner().invoke(flows, ["replay", str(WHOLE_WAY)])
    assert "0 would go differently" in same.output


def test_a_broken_folder_or_transcript_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("hello\n", encoding="utf-8")
    ran = CliRunner().invoke(flows, ["replay", str(tmp_path)])
    assert (ran.exit_code, "line 1" in ran.output) == (1, True)
    ran = CliRunner().invoke(flows, ["replay", str(WHOLE_WAY), "--against", str(tmp_path)])
    assert (ran.exit_code, "line.toml" in ran.output) == (1, True)


# --- Masking ------------------------------------------------------------------------------------------------------

PRIVATE = ("marisol", "gutierrez", "lincoln", "bluebird", "magnolia", "4411", "chicago", "60614", "marcus")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("hi my name is Marisol Gutierrez", "idle"),
        ("marcus is outside my house on magnolia he has a gun", "urgency"),
        ("tonight, me and my 2 kids, near chicago", "urgency"),
        ("near 60614", "area"),
        ("4411 magnolia ave 60614", "area"),
        ("chicago", "area"),
        ("im 22 and from Lincoln", "age"),
        ("i want to kill myself marcus", "need"),
    ],
)
def test_a_masked_text_means_the_same_and_names_nobody(text: str, state: str) -> None:
    conversation = Conversation(state=state, safe_now=True, marks=("limits",))
    masked = Masks(SCRIPT).mask(text, conversation)
    before, after = understand(conversation, text, SCRIPT), understand(conversation, masked, SCRIPT)
    assert (before.intent, before.flags, set(before.answers)) == (after.intent, after.flags, set(after.answers))
    assert not [word for word in PRIVATE if word in masked.casefold()], masked


def test_one_word_has_one_mask() -> None:
    masks = Masks(SCRIPT)
    first = masks.mask("bluebird", Conversation(state="code_word"))
    assert first == masks.mask("Bluebird", Conversation(state="code_check", answers={"code_word": "bluebird"}))
    assert first != masks.mask("hummingbird", Conversation(state="code_check"))


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def test_an_exported_conversation_plays_as_it_went(line) -> None:
    ana = line.somebody_on_shift()
    texts = ("hi my name is marisol", "1", "1", "1", "3", "1", "chicago", "3", "1", "4", "bluebird", "skip", "person")
    for text in texts:
        line.text(text)
        line.clock.advance(timedelta(seconds=20))
    claimed = claim(line.database, line.services, handoff_id=None, staff_id=ana)
    line.clock.advance(timedelta(seconds=20))
    line.text("marcus gutierrez hit me")
    line.clock.advance(timedelta(seconds=20))
    finish(line.database, line.services, conversation_id=claimed.conversation_id, staff_id=ana, outcome="returned")
    line.clock.advance(timedelta(hours=2))
    line.text("hello again")
    line.text("bluebird")
    written = export_conversation(line.database, SCRIPT, PERSON)
    assert written is not None
    assert not [word for word in PRIVATE if word in written], written
    assert "~ 120 minutes" in written
    assert "@ claimed" in written
    assert differences(written, SCRIPT, SCRIPT) == [], written


def test_of_a_number_nobody_knows_there_is_nothing(line) -> None:
    assert export_conversation(line.database, SCRIPT, "+12105550199") is None
