"""May this device be called by its browser? Its subscription is one more channel: it rings at once, and counts from
an answer on."""

from __future__ import annotations

import json

from bot.rules.push_service import subscription
from bot.services import Services
from bot.store.db import Database
from bot.usecases import prove_channel
from bot.usecases.refusal import Refused


def subscribe(database: Database, services: Services, *, staff_id: str, sent: object, device: str) -> str | Refused:
    """`sent` is what the browser said, `device` what it calls itself, coarsely. Answers the channel's id."""
    if not services.push_key:
        return Refused("Calls by the browser are switched off here. An operator switches them on with PUSH_CONTACT.")
    found = subscription(sent, services.settings.push_services)
    if found is None:
        return Refused("This browser's push service is not one that this line may call.")
    address = json.dumps({"endpoint": found.endpoint, "p256dh": found.p256dh, "auth": found.auth})
    return prove_channel.keep(database, staff_id=staff_id, kind="push", address=address, key=found.endpoint,
                              name=device[:40])  # fmt: skip
