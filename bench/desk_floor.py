"""What is the least a page with a session and one row can cost? Flask, one SELECT by key, a ready answer."""

from __future__ import annotations

import os

from flask import Flask
from sqlalchemy import select

from bot.store.conversations import conversations
from bot.store.db import make_engine

PAGE = "<p>" + "word " * 2_000 + "</p>"


def create_app() -> Flask:
    app = Flask(__name__)
    engine = make_engine(os.environ["FLOOR_DATABASE_URL"])

    @app.get("/")
    def page() -> str:
        with engine.connect() as conn, conn.begin():
            conn.execute(select(conversations.c.turn).where(conversations.c.conversation_id == "0" * 32)).one_or_none()
        return PAGE

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
