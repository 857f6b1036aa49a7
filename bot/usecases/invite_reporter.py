"""May this number say how many places a program has open? It is asked itself; until it says yes it may nothing."""

from __future__ import annotations

from bot.rules.phrases import phrase
from bot.services import Services
from bot.store import audit, consent, directory, directory_board, reporter_invites, staff
from bot.store.db import Database
from bot.usecases.provider_texts import text_provider
from bot.usecases.receive import dialable
from bot.usecases.refusal import Refused

MAY = ("directory", "lead", "admin")
QUESTION = "PU14"


def invite_reporter(database: Database, services: Services, *, program_id: str, number: str, language: str,
                    staff_id: str) -> Refused | None:  # fmt: skip
    """None means asked: the question leaves once this is committed."""
    e164 = dialable(number, services.settings.default_region)
    if e164 is None:
        return Refused("That is not a number that can be texted. Nothing was sent.")
    with database.transaction() as tx:
        account, program = staff.get(tx, staff_id), directory_board.named(tx, [program_id]).get(program_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may say who reports.")
        if program is None:
            return Refused("There is no such program.")
        standing = directory.reporter(tx, e164)
        if standing is not None:
            whose = "this program" if standing.program_id == program_id else "another program: a number speaks for one"
            return Refused(phrase("This number reports for %(whose)s.", whose=whose))
        if consent.is_suppressed(tx, tx.keys.index("phone", e164)):
            return Refused("This number asked us for no texts. It can text START, and be asked then.")
        reporter_invites.ask(tx, number=e164, program_id=program_id, language=language, staff_id=staff_id)
        fields: dict[str, str | int] = {"PROG": program.code_name, "BRAND": services.settings.brand}
        text_provider(tx, services, number=e164, language=language, key=QUESTION, fields=fields)
        audit.record(tx, act="reporter_asked", staff_id=staff_id, object_id=program_id[:40])
    return None
