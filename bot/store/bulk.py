"""How do a thousand rows reach a table at the cost of a few statements? COPY where there is one, else the driver's own
loop; past SQLAlchemy's rows, which would cost more than the database's work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, String, Table, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError

from bot.store.db import Tx

One = TypeVar("One")


def insert_many(tx: Tx, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of values in the order of `columns`, in this transaction. Times are given as `moment` makes them. A
    row that a constraint refuses raises, as everywhere, SQLAlchemy's IntegrityError, and takes all others with it."""
    if not rows:
        return
    dialect = tx.conn.dialect
    driver: Any = tx.conn.connection.driver_connection
    quote = dialect.identifier_preparer.quote
    names = ", ".join(map(quote, columns))
    try:
        if dialect.name == "postgresql":
            with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * len(columns))
            driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608 - our names
    except dialect.loaded_dbapi.Error as error:
        base: Any = dialect.loaded_dbapi.Error
        raise DBAPIError.instance(f"insert many into {table.name}", None, error, base, hide_parameters=True) from None


def moment(tx: Tx, column: Any) -> Any:
    """The transaction's moment as the driver takes it for this column."""
    convert = column.type.dialect_impl(tx.conn.dialect).bind_processor(tx.conn.dialect)
    return tx.now if convert is None else convert(tx.now)


def chunks(values: Iterable[One], size: int = 1000) -> list[list[One]]:
    """Few enough values for one statement."""
    found = list(values)
    return [found[start : start + size] for start in range(0, len(found), size)]


def among(tx: Tx, column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    """Whether the column holds one of these: as one array, or one JSON document where there are no arrays, for a
    thousand parameters cost the driver more than their rows cost the database."""
    if tx.conn.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(String)))  # type: ignore[no-any-return]
    listed = func.json_each(literal(json.dumps(list(values)), String)).table_valued("value")
    return column.in_(select(listed.c.value))  # type: ignore[no-any-return]
