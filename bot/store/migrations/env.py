"""What does alembic need to know to run a step? `bot.store.schema` opens the connection and the transaction."""

from __future__ import annotations

from alembic import context

from bot.store.db import UTCDateTime
from bot.store.schema import metadata


def _render_item(kind: str, item: object, _context: object) -> str | bool:
    """Steps name plain types, so that they outlive ours."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    # SQLite cannot alter a column: its tables are copied. A first table needs no copying.
    render_as_batch=not context.config.attributes.get("first", False),
    render_item=_render_item,
    transactional_ddl=True,  # on SQLite as well: the driver's own, broken transactions are off (bot/store/db.py)
)
with context.begin_transaction():
    context.run_migrations()
