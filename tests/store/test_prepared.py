"""Is a prepared statement the same statement: same rows, same refusals, same silence about people's rows?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import URL, bindparam, select
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from bot.store import heartbeats, people
from bot.store.db import Database, new_id
from bot.store.people import people as table
from bot.store.prepared import Prepared
from tests.servers import postgres_admin

_BEAT = Prepared(heartbeats.heartbeats.insert().values(name=bindparam("who"), at=bindparam("moment")))
_ADD = Prepared(table.insert().values({c.name: bindparam(c.name) for c in table.c if not c.nullable}))
_FIND = select(table.c.person_id, table.c.phone, table.c.code_word, table.c.created_at).where(
    table.c.phone_key == bindparam("phone_key"), table.c.language == "en"
)


def _somebody(database: Database) -> str:
    with database.transaction() as tx:
        return people.add(tx, "+12105550142", "en").phone_key


def test_a_row_is_what_core_would_have_read(database: Database) -> None:
    values = {"phone_key": _somebody(database)}
    with database.reading() as tx:
        prepared = Prepared(_FIND).one_or_none(tx, values)
        core = tx.conn.execute(_FIND, values).one()
        assert Prepared(_FIND).one_or_none(tx, {"phone_key": "nobody's"}) is None
    assert tuple(prepared) == tuple(core)
    assert (prepared.person_id, prepared.code_word) == (core.person_id, None)
    assert prepared.created_at.tzinfo is UTC


def test_a_time_goes_in_as_the_same_moment_and_a_naive_one_is_refused(database: Database) -> None:
    moment = datetime(2026, 11, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-6)))
    with database.transaction() as tx:
        _BEAT.run(tx, {"who": "clock", "moment": moment})
        assert heartbeats.last_beat(tx, "clock") == moment
    with pytest.raises((ValueError, StatementError), match="without a zone"), database.transaction() as tx:
        _BEAT.run(tx, {"who": "web", "moment": moment.replace(tzinfo=None)})


def test_a_refusal_has_sqlalchemys_name_and_not_the_row(database: Database) -> None:
    phone_key = _somebody(database)
    row = {"person_id": new_id(), "phone_key": phone_key, "phone": b"sealed maple", "call_sign": "maple street",
           "language": "en", "created_at": datetime.now(UTC)}  # fmt: skip
    with pytest.raises(IntegrityError) as refused, database.transaction() as tx:
        _ADD.run(tx, row)
    assert "maple" not in str(refused.value)
    assert refused.value.params is None
    with database.transaction() as tx:  # and the connection is as good as before
        _ADD.run(tx, {**row, "phone_key": "another's"})


def test_a_connection_that_broke_is_not_used_again(postgres_database: Database, postgres_server_url: URL) -> None:
    values = {"phone_key": _somebody(postgres_database)}

    def broken() -> None:
        with postgres_database.transaction() as tx:
            pid = tx.conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with postgres_admin(postgres_server_url) as admin:
                assert admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)
            Prepared(_FIND).one_or_none(tx, values)

    with pytest.raises(OperationalError) as lost:
        broken()
    assert lost.value.connection_invalidated
    with postgres_database.reading() as tx:
        assert Prepared(_FIND).one_or_none(tx, values) is not None
