"""Which keys open an account besides its password? Passkeys (WebAuthn) and recovery codes, each a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from bot.store.db import Tx, new_id
from bot.store.staff import passkeys, recovery_codes


@dataclass(frozen=True, slots=True)
class Passkey:
    passkey_id: str
    staff_id: str
    credential_id: bytes
    public_key: bytes
    name: str
    sign_count: int
    created_at: datetime
    used_at: datetime | None


def add(tx: Tx, *, staff_id: str, credential_id: bytes, public_key: bytes, name: str, sign_count: int) -> str:
    """A new passkey. A credential that is known already raises IntegrityError."""
    passkey_id = new_id()
    row = {
        "passkey_id": passkey_id,
        "staff_id": staff_id,
        "credential_key": _key(tx, credential_id),
        "credential": tx.keys.seal("passkeys.credential", passkey_id, f"{credential_id.hex()} {public_key.hex()}"),
        "name": tx.keys.seal("passkeys.name", passkey_id, name),
        "sign_count": sign_count,
        "created_at": tx.now,
    }
    tx.conn.execute(passkeys.insert(), row)
    return passkey_id


def of(tx: Tx, staff_id: str) -> list[Passkey]:
    """The account's passkeys, oldest first."""
    query = select(passkeys).where(passkeys.c.staff_id == staff_id).order_by(passkeys.c.created_at)
    return [_opened(tx, row) for row in tx.conn.execute(query)]


def find(tx: Tx, credential_id: bytes) -> Passkey | None:
    query = select(passkeys).where(passkeys.c.credential_key == _key(tx, credential_id)).with_for_update()
    row = tx.conn.execute(query).one_or_none()
    return None if row is None else _opened(tx, row)


def used(tx: Tx, passkey_id: str, sign_count: int) -> None:
    values = {"sign_count": sign_count, "used_at": tx.now}
    tx.conn.execute(passkeys.update().where(passkeys.c.passkey_id == passkey_id).values(**values))


def remove(tx: Tx, *, passkey_id: str, staff_id: str) -> bool:
    """Only the owner's own. False when there is none."""
    where = (passkeys.c.passkey_id == passkey_id, passkeys.c.staff_id == staff_id)
    return tx.conn.execute(passkeys.delete().where(*where)).rowcount == 1


def set_recovery_codes(tx: Tx, staff_id: str, codes: Iterable[str]) -> None:
    """These codes and no older one."""
    tx.conn.execute(recovery_codes.delete().where(recovery_codes.c.staff_id == staff_id))
    rows = [{"code_key": _code_key(tx, staff_id, code), "staff_id": staff_id} for code in codes]
    tx.conn.execute(recovery_codes.insert(), rows)


def use_recovery_code(tx: Tx, staff_id: str, code: str) -> bool:
    """A code works once. False when it is not one, or was used."""
    return tx.conn.execute(
        recovery_codes.delete().where(recovery_codes.c.code_key == _code_key(tx, staff_id, code))
    ).rowcount == 1  # fmt: skip


def recovery_codes_left(tx: Tx, staff_id: str) -> int:
    query = select(func.count()).select_from(recovery_codes).where(recovery_codes.c.staff_id == staff_id)
    return tx.conn.execute(query).scalar_one()


def forget_all(tx: Tx, staff_id: str) -> None:
    """Nothing but a new password opens this account any more."""
    for table in (passkeys, recovery_codes):
        tx.conn.execute(table.delete().where(table.c.staff_id == staff_id))


def _key(tx: Tx, credential_id: bytes) -> str:
    return tx.keys.index("passkey", credential_id.hex())


def _code_key(tx: Tx, staff_id: str, code: str) -> str:
    return tx.keys.index("recovery", f"{staff_id}:{code}")


def _opened(tx: Tx, row: Row[Any]) -> Passkey:
    sealed = tx.keys.open("passkeys.credential", row.passkey_id, row.credential)
    credential_id, public_key = (bytes.fromhex(part) for part in sealed.split(" "))
    name = tx.keys.open("passkeys.name", row.passkey_id, row.name)
    return Passkey(
        row.passkey_id, row.staff_id, credential_id, public_key, name, row.sign_count, row.created_at, row.used_at,
    )  # fmt: skip
