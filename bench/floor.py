"""What is the least a webhook that keeps its word can cost? The floor the turn is measured against, written afresh.

Flask under gunicorn, the carrier SDK's own signature check, four bare SQLAlchemy Core statements (read the
conversation, insert one inbound and one outbound row, update the conversation) and a commit. No understanding, no
consent, no encryption, no duplicate check, no queue. The engine and its settings are the application's own.
"""

from __future__ import annotations

import os
import secrets

from flask import Flask, Response, request
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, update
from twilio.request_validator import RequestValidator

from bot.store.db import make_engine

metadata = MetaData()
conversation = Table(
    "floor_conversation",
    metadata,
    Column("phone", String(40), primary_key=True),
    Column("state", String(40), nullable=False),
    Column("turn", Integer, nullable=False),
)
message = Table(
    "floor_message",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("phone", String(40), nullable=False, index=True),
    Column("direction", String(3), nullable=False),
    Column("body", String(1600), nullable=False),
)
_EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def create_app() -> Flask:
    app = Flask(__name__)
    engine = make_engine(os.environ["FLOOR_DATABASE_URL"])
    validator = RequestValidator(os.environ["FLOOR_TOKEN"])
    origin = os.environ["FLOOR_ORIGIN"]

    @app.post("/twilio/inbound")
    def inbound() -> Response:
        header = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(f"{origin}/twilio/inbound", request.form, header):
            return Response(_EMPTY, 403, mimetype="text/xml")
        phone, body = request.form["From"], request.form["Body"]
        with engine.begin() as conn:
            row = conn.execute(select(conversation).where(conversation.c.phone == phone)).one()
            conn.execute(
                insert(message), {"id": secrets.token_hex(16), "phone": phone, "direction": "in", "body": body}
            )
            conn.execute(
                insert(message), {"id": secrets.token_hex(16), "phone": phone, "direction": "out", "body": "ok"}
            )
            conn.execute(
                update(conversation).where(conversation.c.phone == phone), {"state": "next", "turn": row.turn + 1}
            )
        return Response(_EMPTY, 200, mimetype="text/xml")

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
