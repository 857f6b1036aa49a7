"""Who may come in? Invitations, passwords, second factors, and how often one may guess."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta
from functools import cache

import argon2
import pyotp
from argon2.exceptions import InvalidHashError, VerificationError

from bot.rules.phrases import phrase
from bot.rules.segments import measure
from bot.store import audit, passkeys, staff
from bot.store.db import Database, Tx
from bot.usecases.refusal import Refused

SETUP_LINK_LASTS = timedelta(hours=72)
TRIES = 5
"""Wrong guesses, of the password or the code, before the door stays shut for LOCK_LASTS."""
LOCK_LASTS = timedelta(minutes=5)
PASSWORD_LENGTH = (12, 200)
ALIAS_LENGTH = 8
"""{NAME} is measured with eight letters in every text (`screen-texts.md` 1)."""

_TOTP_STEP_S = 30
_HASHER = argon2.PasswordHasher()


def add_staff(
    database: Database, *, email: str, alias: str, roles: Iterable[str], by_id: str | None = None,
    page_language: str | None = None,
) -> str:  # fmt: skip
    """Invites someone and returns the token of their one-time set-up link (`/desk/setup/<token>`, 72 hours).

    For an address that is known already the roles and the alias are replaced and the account starts afresh: its
    sessions end, its password and second factor no longer open anything. That is also the way back in for someone
    who lost theirs. Raises ValueError, with one line for the operator, when an argument is not usable."""
    roles = tuple(roles)
    _check(email, alias, roles)
    token = secrets.token_urlsafe(32)
    with database.transaction() as tx:
        known = staff.find_by_email(tx, email, lock=True)
        staff_id = known.staff_id if known else staff.add(tx, email=email, alias=alias, roles=roles)
        if known:
            _start_afresh(tx, staff_id, alias, roles)
        expires_at = tx.now + SETUP_LINK_LASTS
        staff.update(tx, staff_id, setup_key=tx.keys.index("setup", token), setup_expires_at=expires_at)
        if page_language:
            staff.update(tx, staff_id, page_language=page_language)
        audit.record(tx, act="staff_invited", staff_id=by_id, object_id=staff_id, detail=",".join(roles)[:80])
    return token


def set_up(database: Database, token: str, password: str, page_language: str | None = None) -> Refused | None:
    """Chooses a password, and the language of one's pages, with a set-up link, which then opens nothing more. None
    means done."""
    if unfit := unfit_password(password):
        return Refused(unfit)
    hashed = _HASHER.hash(password)  # before the transaction: it takes long on purpose
    with database.transaction() as tx:
        account = staff.find_by_setup_token(tx, token)
        if account is None or not _link_is_live(tx, account):
            return Refused("This link has been used or is too old. Ask for a new one.")
        _set_password(tx, account.staff_id, hashed)
        if page_language:
            staff.update(tx, account.staff_id, page_language=page_language)
        audit.record(tx, act="password_set", staff_id=account.staff_id, object_id=account.staff_id)
    return None


def link_is_live(database: Database, token: str) -> bool:
    """Whether a set-up link would still be accepted."""
    with database.reading() as tx:
        account = staff.find_by_setup_token(tx, token)
        return account is not None and _link_is_live(tx, account)


def language_of_link(database: Database, token: str) -> str | None:
    """What whoever invited them chose for their pages."""
    with database.reading() as tx:
        account = staff.find_by_setup_token(tx, token)
        return account.page_language if account is not None else None


def set_password(database: Database, *, email: str, password: str) -> None:
    """Gives an account a password without a link: for the demo staff of a simulated line. Raises LookupError when
    there is no such account and ValueError when the password is unfit."""
    if unfit := unfit_password(password):
        raise ValueError(unfit)
    hashed = _HASHER.hash(password)
    with database.transaction() as tx:
        account = staff.find_by_email(tx, email, lock=True)
        if account is None:
            raise LookupError("no account has this address")
        _set_password(tx, account.staff_id, hashed)


def check_password(database: Database, email: str, password: str) -> str | None:
    """The account's id when the password is right and the door is not locked, else None, whatever was wrong: an
    unknown address, a locked one and a wrong password look and cost the same."""
    with database.transaction() as tx:
        account = staff.find_by_email(tx, email, lock=True)
        open_door = account is not None and account.active and spend_a_try(tx, account)
    hashed = account.password_hash if account and open_door else None
    if not _verify(hashed or _decoy(), password) or account is None or hashed is None:
        return None
    with database.transaction() as tx:
        staff.update(tx, account.staff_id, failed_logins=0, locked_until=None)
        if _HASHER.check_needs_rehash(hashed):
            staff.update(tx, account.staff_id, password_hash=_HASHER.hash(password))
    return account.staff_id


def begin_second_factor(database: Database, staff_id: str) -> str:
    """The secret to show while an authenticator is set up; the same one until its first code is accepted."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or account.has_authenticator:
            raise LookupError("no second factor can be set up here")
        if account.totp_secret is not None:
            return account.totp_secret
        secret = pyotp.random_base32()
        staff.update(tx, staff_id, totp_secret=secret)
    return secret


def second_factor_address(database: Database, staff_id: str, issuer: str) -> str:
    """The otpauth:// address an authenticator reads from the square."""
    secret = begin_second_factor(database, staff_id)
    with database.reading() as tx:
        return pyotp.TOTP(secret).provisioning_uri(name=staff.email_of(tx, staff_id), issuer_name=issuer)


def check_code(database: Database, staff_id: str, code: str) -> bool:
    """Whether this is a code of the account's authenticator that was not used before. The first one accepted turns
    the second factor on. Wrong codes count towards the lock."""
    digits = "".join(code.split())
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.active or account.totp_secret is None or not spend_a_try(tx, account):
            return False
        step = _matching_step(account.totp_secret, digits, int(tx.now.timestamp()) // _TOTP_STEP_S)
        if step is None or not staff.use_code_step(tx, staff_id, step):
            return False
        staff.update(tx, staff_id, failed_logins=0, locked_until=None)
        if not account.has_authenticator:
            audit.record(tx, act="second_factor_on", staff_id=staff_id, object_id=staff_id)
    return True


def unfit_password(password: str) -> str | None:
    """Why a password is refused, or None. Length is what counts (NIST SP 800-63B 5.1.1); paste is welcome."""
    shortest, longest = PASSWORD_LENGTH
    if len(password) < shortest:
        return phrase("Use at least %(n)s characters. Four plain words are good.", n=shortest)
    if len(password) > longest:
        return phrase("Use at most %(n)s characters.", n=longest)
    if len(set(password)) < 5:
        return phrase("Use more different characters.")
    return None


def _check(email: str, alias: str, roles: tuple[str, ...]) -> None:
    name, _, host = email.strip().partition("@")
    if not name or "." not in host or len(email) > 200 or any(c.isspace() for c in email.strip()):
        raise ValueError(phrase("The e-mail address does not look like one."))
    if not 0 < len(alias) <= ALIAS_LENGTH or not alias.isalpha():
        raise ValueError(
            phrase("The alias must be 1 to %(most)s letters: it is the first name people are told.", most=ALIAS_LENGTH)
        )
    if strange := measure(alias).offenders:
        raise ValueError(
            phrase(
                "The alias must do without %(strange)s: with it every text that names them would cost two.",
                strange=" ".join(strange),
            )
        )
    if not roles or not set(roles) <= set(staff.ROLES):
        raise ValueError(phrase("A role must be one of %(roles)s.", roles=", ".join(staff.ROLES)))


def _start_afresh(tx: Tx, staff_id: str, alias: str, roles: tuple[str, ...]) -> None:
    staff.drop_sessions_of(tx, staff_id)
    passkeys.forget_all(tx, staff_id)
    sealed_alias = tx.keys.seal("staff.alias", staff_id, alias)
    ordered = ",".join(role for role in staff.ROLES if role in roles)
    staff.update(tx, staff_id, alias=sealed_alias, roles=ordered, password_hash=None, totp_secret=None,
                 totp_last_used=None, failed_logins=0, locked_until=None, active=True)  # fmt: skip


def _set_password(tx: Tx, staff_id: str, hashed: str) -> None:
    staff.drop_sessions_of(tx, staff_id)
    staff.update(tx, staff_id, password_hash=hashed, setup_key=None, setup_expires_at=None, failed_logins=0,
                 locked_until=None)  # fmt: skip


def _link_is_live(tx: Tx, account: staff.Staff) -> bool:
    return account.active and account.setup_expires_at is not None and account.setup_expires_at > tx.now


def spend_a_try(tx: Tx, account: staff.Staff) -> bool:
    """Counts the try before it is judged, so that many at once do not get more of them. A right one gives it back."""
    if account.locked_until is not None and account.locked_until > tx.now:
        return False
    tries = account.failed_logins + 1
    locked = tries >= TRIES
    until = tx.now + LOCK_LASTS if locked else None
    staff.update(tx, account.staff_id, failed_logins=0 if locked else tries, locked_until=until)
    return True


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password[: PASSWORD_LENGTH[1]])
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    """A hash nobody knows the password of: checking it costs what checking a real one costs."""
    return _HASHER.hash(secrets.token_urlsafe(32))


def _matching_step(secret: str, digits: str, now_step: int) -> int | None:
    """Which 30-second step the code belongs to; one step of clock drift either way is forgiven (RFC 6238 5.2)."""
    totp = pyotp.TOTP(secret)
    for step in (now_step, now_step - 1, now_step + 1):
        if hmac.compare_digest(totp.at(step * _TOTP_STEP_S).encode(), digits.encode()):
            return step
    return None
