"""What is the next step? Drafts it from the difference between the steps so far and the tables.

python -m bot.store.migrations "add a column for ..."
python -m bot.store.migrations --first      writes 0001 anew; only while no database that matters exists
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from alembic import command

from bot.store import schema
from bot.store.db import make_engine

_VERSIONS = Path(__file__).with_name("versions")


def draft(message: str, *, first: bool) -> Path:
    """Write the step's file, to be read by a human before it is used."""
    if first:
        for old in _VERSIONS.glob("0001_*.py"):
            old.unlink()
    number = f"{len(list(_VERSIONS.glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/draft.sqlite3"
        if number != "0001":
            schema.upgrade(url)
        engine = make_engine(url)
        with engine.connect() as conn:
            config = schema.config(conn)
            config.attributes["first"] = number == "0001"
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            command.revision(config, message, autogenerate=True, rev_id=number)
        engine.dispose()
    return next(_VERSIONS.glob(f"{number}_*.py"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("message", nargs="?", default="first")
    parser.add_argument("--first", action="store_true")
    arguments = parser.parse_args()
    print(draft(arguments.message, first=arguments.first))
