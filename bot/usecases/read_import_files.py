"""How does a large directory file come in? The worker's part: one file at a time, its progress in its row.

A worker that dies is followed by another, which reads the file anew and goes on behind what is in already: a record
that came in twice would only be updated.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.services import Services
from bot.store import directory_import, import_files
from bot.store.db import Database
from bot.usecases.import_directory import import_directory

LEASE = timedelta(minutes=5)
"""Renewed with each batch; a file of 256 MB is staged in less."""


def read_import_files(database: Database, _services: Services) -> bool:
    """Read the file that waits longest, whole. True when there was one."""
    with database.transaction() as tx:
        import_id = import_files.due(tx)
        if import_id is None or not import_files.lease(tx, import_id, tx.now + LEASE):
            return False
        begun = directory_import.import_of(tx, import_id)
    assert begun is not None

    def told(done: int, total: int) -> None:
        with database.transaction() as tx:
            import_files.keep_on(tx, import_id, tx.now + LEASE, done=done, total=total)

    with TemporaryDirectory() as place:
        with database.reading() as tx:
            path = Path(place) / import_files.name_of(tx, import_id)
            with path.open("wb") as file:
                file.writelines(import_files.pieces_of(tx, import_id))
        import_directory(database, path, staff_id=begun.staff_id, progress=told, import_id=import_id)
    with database.transaction() as tx:
        import_files.throw_away(tx, import_id)
    return True
