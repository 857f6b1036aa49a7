"""`campaign import · approve · launch · pause · status`: the same rules through the operator's door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from bot.cli.campaign import campaign
from tests.campaigns.stage import APPROVER, OUTREACH, Stage, Staged
from tests.web.line import app_on

LIST = "number,language,basis\n+12105550101,en,opted_in\nnonsense,en,opted_in\n+12105550102,es,none\n"


class Door:
    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.path = stage, folder / "list.csv"
        self.path.write_text(LIST, encoding="utf-8")
        self._runner = app_on(stage.services).test_cli_runner()

    def __call__(self, *arguments: str) -> Result:
        return self._runner.invoke(campaign, list(arguments))


@pytest.fixture
def door(small_stage: Staged, tmp_path: Path) -> Door:
    return Door(small_stage(), tmp_path)


def test_the_report_is_one_json_document_of_the_promised_shape(door: Door) -> None:
    result = door("import", str(door.path), "--name", "June", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    campaign_id = report.pop("campaign_id")
    assert report == {
        "rows": 3, "accepted": 1, "duplicates": 0,
        "invalid": [{"row": 3, "reason": "not a number that a text can reach"}],
        "suppressed": 0, "cooldown": 0, "landline": 0, "no_basis": 1,
    }  # fmt: skip
    assert door.stage.campaign(campaign_id).state == "draft"


def test_two_people_and_then_it_runs_and_pauses(door: Door) -> None:
    made = json.loads(door("import", str(door.path), "--name", "June", "--by", OUTREACH, "--json").stdout)
    campaign_id = made["campaign_id"]
    alone = door("approve", campaign_id, "--by", OUTREACH)
    assert (alone.exit_code, alone.output) == (1, "Error: A second person must approve it: you made it.\n")
    early = door("launch", campaign_id)
    assert (early.exit_code, early.output) == (1, "Error: A second person must approve it first.\n")
    assert door("approve", campaign_id, "--by", APPROVER).exit_code == 0
    launched = door("launch", campaign_id)
    assert launched.output.startswith("Running. Not sending: the clock gives no sign of life")
    assert door.stage.tick() == 1
    status = json.loads(door("status", campaign_id, "--json").stdout)
    assert status["id"] == campaign_id
    assert status["recipients"] == {"waiting": 0, "released": 1, "refused": 0}
    assert status["pace"]["now"] == 0
    assert door("pause", campaign_id).exit_code == 0
    assert json.loads(door("status", campaign_id, "--json").stdout)["state"] == "paused"


def test_the_operator_is_one_person_too(door: Door) -> None:
    made = json.loads(door("import", str(door.path), "--name", "June", "--json").stdout)
    refused = door("approve", made["campaign_id"])
    assert refused.exit_code == 1
    assert "A second person must approve it: you made it. Name them with --by." in refused.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status", "0" * 32], "There is no such campaign."),
        (["approve", "nonsense"], "There is no such campaign."),
        (["launch", "0" * 32, "--by", "nobody@example.org"], "There is no such account."),
    ],
)
def test_what_is_not_there_is_refused_in_a_line(door: Door, arguments: list[str], words: str) -> None:
    result = door(*arguments)
    assert result.exit_code == 1
    assert words in result.output


def test_a_file_that_is_no_list_is_refused_in_a_line(door: Door) -> None:
    door.path.write_bytes(b"PK\x03\x04")
    result = door("import", str(door.path), "--name", "June", "--json")
    assert (result.exit_code, result.output.splitlines()[-1][:6]) == (1, "Error:")
