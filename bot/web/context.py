"""How does a view reach the inside? Through the services that bot/app.py built."""

from __future__ import annotations

from flask import current_app

from bot.services import Services

EXTENSION = "quietline"


def services() -> Services:
    """The services of the running application."""
    built: Services = current_app.extensions[EXTENSION]
    return built
