"""What does it cost to know, at each claim of texts, which wordings are signed off?

`python -m bench.sign_offs`. CPU of this process alone, best of some rounds; nothing is asserted.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import URL, literal, select

from bot.adapters.clock import SystemClock
from bot.script_files import load_script
from bot.store import reviews, schema, staff
from bot.store.crypto import Keyring
from bot.store.db import Database, Tx
from bot.store.prepared import Prepared
from bot.usecases.signed_off import wording_now
from flows.conversation import LANGUAGES
from tests.servers import postgres_admin, postgres_server

ROUNDS, TIMES = 9, 2_000
FLOOR = Prepared(select(literal(1).label("one")))


def main() -> None:
    script = load_script()
    print("| database | read once, ms | is there a new one, µs | SELECT 1, µs | ratio |")
    print("|---|---|---|---|---|")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ql-")))
        server = stack.enter_context(postgres_server())
        for name, url in (("SQLite", f"sqlite:///{folder / 's.sqlite3'}"), ("PostgreSQL", _own_database(server))):
            schema.upgrade(url)
            database = Database(url, Keyring((b"\x01" * 32,), "bench-only-" + "x" * 32), SystemClock())
            services: Any = SimpleNamespace(database=database, script=script)
            with database.transaction() as tx:
                _sign_everything(tx, services)
            with database.reading() as tx:
                once = _cpu_us(lambda tx=tx, services=services: wording_now(tx, services), 1) / 1e3
                pairs = [
                    (_cpu_us(lambda tx=tx, services=services: wording_now(tx, services), TIMES),
                     _cpu_us(lambda tx=tx: FLOOR.one_or_none(tx, {}), TIMES))
                    for _ in range(ROUNDS)
                ]  # fmt: skip
            asked, floor = (min(side) for side in zip(*pairs, strict=True))
            print(f"| {name} | {once:.1f} | {asked:.1f} | {floor:.1f} | {asked / floor:.2f} |", flush=True)
            database.engine.dispose()


def _sign_everything(tx: Tx, services: Any) -> None:
    staff_id = staff.add(tx, email="vera@quietline.example", alias="Vera", roles=["reviewer"])
    wording = services.script.wording
    texts = [wording.text(key, name) for key in wording.keys for name in LANGUAGES]
    for after, text in enumerate(texts):
        line = reviews.Line(text.key, text.language, text.fingerprint, True, staff_id, tx.now)
        reviews.add(tx, line, after=after)


def _cpu_us(do: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        do()
    return (time.process_time() - began) / times * 1e6


def _own_database(server: URL) -> str:
    with postgres_admin(server) as admin:
        admin.execute("CREATE DATABASE quietline_sign_offs")
    return server.set(database="quietline_sign_offs").render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
