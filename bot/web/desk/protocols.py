"""Which protocols run for this person? A human sets one, and a human says what came of it; the machine calls nobody."""

from __future__ import annotations

from flask import redirect, request, url_for

from bot.rules.phrases import phrase
from bot.rules.protocols import TRIGGERS
from bot.store import conversations, tasks
from bot.usecases import finish_task, fire_protocol
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import pages
from bot.web.desk.door import DESK, blueprint
from bot.web.desk.pages import Answer
from bot.web.tongue import flash


@blueprint.post("/conversations/<id:conversation_id>/protocols")
@roles(*DESK)
def run(conversation_id: str) -> Answer:
    """A trigger that only a human can see: its task gets a name and a clock."""
    shown, trigger = pages.talk(conversation_id), request.form.get("trigger", "")
    if trigger not in TRIGGERS or not shown.mine:
        reason = phrase("Choose what must be told.") if shown.mine else phrase("Take this conversation first.")
        return pages.page(shown, protocol_problem=reason), 409
    built = services()
    with built.database.transaction() as tx:
        conversations.load(tx, conversation_id)
        fired = fire_protocol.fire_protocol(
            tx, built, conversation_id, trigger, shown.conversation.answers, by=signed_in().staff_id
        )
    flash("The protocol runs: somebody has it, with a clock." if fired else "This protocol runs already.")
    return redirect(url_for("desk.conversation", conversation_id=conversation_id) + "#protocols")


@blueprint.post("/conversations/<id:conversation_id>/protocols/<id:task_id>")
@roles(*DESK)
def done(conversation_id: str, task_id: str) -> Answer:
    """What came of it, with my name under it."""
    shown = pages.talk(conversation_id)
    note = request.form.get("note", "").strip()[:2000]
    with services().database.reading() as tx:
        task = tasks.get(tx, task_id)
    refused: Refused | None = Refused("There is no such task here.")
    if task is not None and task.conversation_id == conversation_id and task.kind == fire_protocol.KIND:
        refused = finish_task.finish_task(
            services().database, task_id=task_id, staff_id=signed_in().staff_id,
            outcome=request.form.get("outcome", ""), note=note,
        )  # fmt: skip
    if refused:
        return pages.page(shown, protocol_problem=refused.reason, protocol_note=note, of_task=task_id), 409
    flash("Closed, with your name.")
    return redirect(url_for("desk.conversation", conversation_id=conversation_id) + "#protocols")
