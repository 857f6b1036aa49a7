"""How does a statement that every turn runs reach the driver at the least cost? Compiled once, then by itself.

SQLAlchemy writes the SQL, converts the values and names the errors, as everywhere; what a turn is spared is the work it
does anew at each execution, which is more than the database's own. For the few statements of the hot path only.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from bot.store.db import Tx, UTCDateTime

Convert = Callable[[Any], Any]


class Prepared:
    """One statement, made ready at its first use for the database it meets. Lists of values (`IN`) are not for it."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def run(self, tx: Tx, values: Mapping[str, Any]) -> None:
        """Execute it with these values for its parameters."""
        self._execute(tx.conn, values)

    def one_or_none(self, tx: Tx, values: Mapping[str, Any]) -> Any:
        """Its one row, with the columns as attributes."""
        ready, cursor = self._execute(tx.conn, values)
        row = cursor.fetchone()
        return None if row is None else ready.row(row)

    def _execute(self, conn: Connection, values: Mapping[str, Any]) -> tuple[_Ready, Any]:
        dialect = conn.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _make_ready(self._statement, dialect)
        driver: Any = conn.connection.driver_connection
        try:
            return ready, driver.execute(ready.sql, ready.bound(values))
        except dialect.loaded_dbapi.Error as error:
            raise _named(error, ready.sql, conn) from error


@dataclass(frozen=True, slots=True)
class _Ready:
    """The statement as one driver takes it: its text, and what is done to each value on the way in and out."""

    sql: str
    fixed: Mapping[str, Any]
    takes: tuple[tuple[str, Convert | None], ...]
    positional: bool
    gives: tuple[tuple[int, Convert], ...]
    make: Callable[[Sequence[Any]], Any]

    def bound(self, values: Mapping[str, Any]) -> list[Any] | dict[str, Any]:
        given = {**self.fixed, **values} if self.fixed else values
        if self.positional:
            return [given[name] if to is None else to(given[name]) for name, to in self.takes]
        return {name: given[name] if to is None else to(given[name]) for name, to in self.takes}

    def row(self, values: Sequence[Any]) -> Any:
        converted = list(values)
        for at, to in self.gives:
            converted[at] = to(converted[at])
        return self.make(converted)


def _make_ready(statement: Any, dialect: Dialect) -> _Ready:
    compiled = statement.compile(dialect=dialect)
    columns = getattr(statement, "selected_columns", ())
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    gives = [(at, _out(column.type, dialect)) for at, column in enumerate(columns)]
    return _Ready(
        sql=str(compiled),
        fixed={name: bind.value for name, bind in binds.items() if not bind.required},
        takes=tuple((name, _in(binds[name].type, dialect)) for name in compiled.positiontup or binds),
        positional=compiled.positiontup is not None,
        gives=tuple((at, to) for at, to in gives if to is not None),
        make=namedtuple("Row", [column.name for column in columns])._make,
    )


def _in(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(type_, UTCDateTime):
        return _moments(dialect.name, type_.dialect_impl(dialect).bind_processor(dialect))
    return type_.dialect_impl(dialect).bind_processor(dialect)


_moment: dict[str, Convert] = {}


def _moments(dialect: str, convert: Convert | None) -> Convert | None:
    """One for all columns of a database: a turn writes its one moment into many of them."""
    return None if convert is None else _moment.setdefault(dialect, lru_cache(maxsize=256)(convert))


def _out(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _named(error: Exception, sql: str, conn: Connection) -> BaseException:
    """The driver's error under SQLAlchemy's name, without the values: they are people's rows. A connection that broke
    is thrown away."""
    dialect = conn.dialect
    gone = dialect.is_disconnect(error, conn.connection.driver_connection, None)
    if gone:
        conn.invalidate(error)
    return DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )
