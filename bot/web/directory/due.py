"""What is due? The share looked at within a year, what must be looked at again, and the tasks of named humans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.vetting import CRITERIA_REVERIFY_AFTER, share_verified
from bot.store import directory_board, directory_criteria, directory_program, directory_vetting, staff, tasks
from bot.store.db import Tx
from bot.store.directory_board import Program
from bot.store.staff import Staff
from bot.store.tasks import Task
from bot.usecases.finish_task import OUTCOMES, finish_task
from bot.usecases.hear_count import MAY
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.directory.door import blueprint, typed

SHOWN = 100
EVERY_TASK = ("lead", "admin")
"""Who sees what is everybody's to do; others what is theirs, and what is about a program."""
KINDS = {"protocol": "Somebody must be told", "referral_of_suspended": "Somebody was sent to a suspended program",
         "draft_criterion": "Is it so, what a refusal said?", "reverify": "Look at it again"}  # fmt: skip
OUTCOME_NAMES = {"done": "Done", "told": "They were told", "not_needed": "Not needed", "refused": "They refused",
                 "no_answer": "Nobody answered"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """One task, in words. `script` is who must be told, for whoever may see it."""

    task: Task
    what: str
    script: str
    program: str
    late: bool


@blueprint.get("/audit")
@roles(*MAY)
def audit() -> str:
    """How much of the directory was looked at within a year, and what is to be looked at again."""
    with services().database.reading() as tx:
        verified = directory_vetting.verified_dates(tx)
        share = share_verified(verified, tx.now)
        due = directory_vetting.due_again(tx)
        marks = directory_program.marks_due(tx)
        old = directory_criteria.older_than(tx, tx.now - CRITERIA_REVERIFY_AFTER)
        named = directory_board.named(tx, {*due[:SHOWN], *(mark.subject_id for mark in marks[:SHOWN]), *old})
        names = _names(tx, [mark.subject_id for mark in marks[:SHOWN]], named)
    oldest = sorted(((named[one], n) for one, n in old.items() if one in named), key=lambda pair: -pair[1])
    return render_template(
        "directory/audit.html", share=share, programs=len(verified), due=[named[one] for one in due[:SHOWN]],
        all_due=len(due), marks=marks[:SHOWN], all_marks=len(marks), names=names, old=oldest[:SHOWN], named=named,
        all_old=len(oldest),
    )  # fmt: skip


@blueprint.get("/tasks")
@roles(*MAY)
def tasks_due() -> str:
    return _tasks()


@blueprint.post("/tasks/<id:task_id>")
@roles(*MAY)
def finish(task_id: str) -> Response | tuple[str, int]:
    """Closed by a name, with what came of it."""
    account = signed_in()
    with services().database.reading() as tx:
        task = tasks.get(tx, task_id)
    if task is None or not _may_see(account, task):
        return _tasks("There is no such task of yours."), 409
    note = request.form.get("note", "").strip()[:2000]
    refused = finish_task(
        services().database, task_id=task_id, staff_id=account.staff_id, outcome=typed("outcome", 12), note=note
    )
    if refused is not None:
        return _tasks(refused.reason, task_id, note), 409
    flash("Closed, with your name.")
    return redirect(url_for("directory.tasks_due"))


def _tasks(problem: str = "", of: str = "", note: str = "") -> str:
    account = signed_in()
    with services().database.reading() as tx:
        mine = [task for task in tasks.list_open(tx) if _may_see(account, task)]
        named = directory_board.named(tx, {task.program_id for task in mine[:SHOWN] if task.program_id})
        shown = [_due(tx, task, named) for task in mine[:SHOWN]]
        people = {one for task in mine for one in (task.assigned_to, task.backup_id) if one}
        aliases = staff.aliases(tx, people)
    return render_template(
        "directory/tasks.html", tasks=shown, more=len(mine) - len(shown), aliases=aliases, problem=problem, of=of,
        note=note, outcomes=[(one, OUTCOME_NAMES[one]) for one in OUTCOMES],
    )  # fmt: skip


def _may_see(account: Staff, task: Task) -> bool:
    mine = account.staff_id in (task.assigned_to, task.backup_id)
    return mine or account.may(EVERY_TASK) or task.program_id is not None


def _due(tx: Tx, task: Task, named: Mapping[str, Program]) -> Due:
    what = KINDS.get(task.kind, task.kind.replace("_", " ").capitalize())
    if task.trigger:
        what = f"{what}: {task.trigger.replace('_', ' ')}"
    program = named[task.program_id].code_name if task.program_id in named else ""
    return Due(task, what, tasks.script_of(tx, task.task_id) or "", program, task.due_at < tx.now)


def _names(tx: Tx, subjects: list[str], named: Mapping[str, Program]) -> dict[str, str]:
    """What a mark is of: a program's code name, or its organization's name."""
    return {
        one: named[one].code_name if one in named else directory_vetting.organization(tx, one) or "" for one in subjects
    }
