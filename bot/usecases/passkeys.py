"""How does a passkey open the door? Made by someone who is in already, used instead of password and code.

A passkey asks its owner for a finger, a face or a PIN (user verification is demanded), and answers only to the line's
own address: so it is both factors at once, and cannot be given away to a page that looks like ours (WebAuthn level 2).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bot.rules.phrases import phrase
from bot.store import audit, passkeys, staff
from bot.store.db import Database
from bot.usecases.refusal import Refused

MOST = 10
LONGEST_NAME = 40
_DEMANDED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Door:
    """Which address keys are made for. `rp_id` is its host's name, `origin` the whole of it."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """`options` goes to the browser as it stands; `secret` stays with the session until the answer comes."""

    options: str
    secret: str


def offer_registration(database: Database, door: Door, *, staff_id: str, issuer: str) -> Challenge | Refused:
    """What a browser needs to make a passkey for this account."""
    with database.reading() as tx:
        account, known = staff.get(tx, staff_id), passkeys.of(tx, staff_id)
        email = staff.email_of(tx, staff_id)
    if account is None or len(known) >= MOST:
        return Refused(phrase("An account can have %(most)s passkeys. Remove one first.", most=MOST))
    options = generate_registration_options(
        rp_id=door.rp_id,
        rp_name=issuer,
        user_name=email,
        user_id=bytes.fromhex(staff_id),
        user_display_name=account.alias,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_DEMANDED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key.credential_id) for key in known],
    )
    return Challenge(options_to_json(options), bytes_to_base64url(options.challenge))


def register(database: Database, door: Door, *, staff_id: str, challenge: bytes, answer: Any,
             name: str) -> Refused | None:  # fmt: skip
    """Keep the passkey the browser made. None means done."""
    try:
        made = verify_registration_response(
            credential=json.dumps(answer),
            expected_challenge=challenge,
            expected_rp_id=door.rp_id,
            expected_origin=door.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return Refused("That passkey could not be checked. Nothing was changed; try once more.")
    try:
        with database.transaction() as tx:
            passkeys.add(
                tx, staff_id=staff_id, credential_id=made.credential_id, public_key=made.credential_public_key,
                name=" ".join(name.split())[:LONGEST_NAME] or "Passkey", sign_count=made.sign_count,
            )  # fmt: skip
            audit.record(tx, act="passkey_added", staff_id=staff_id, object_id=staff_id)
    except IntegrityError:
        return Refused("This passkey is known already.")
    return None


def offer_log_in(door: Door) -> Challenge:
    """What a browser needs to find a passkey of ours. No account is named: whoever asks learns nothing."""
    options = generate_authentication_options(rp_id=door.rp_id, user_verification=_DEMANDED)
    return Challenge(options_to_json(options), bytes_to_base64url(options.challenge))


def log_in(database: Database, door: Door, *, challenge: bytes, answer: Any) -> str | None:
    """The account's id when this answer is a passkey's of ours, else None, whatever was wrong."""
    try:
        credential = parse_authentication_credential_json(json.dumps(answer))
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return None
    with database.transaction() as tx:
        key = passkeys.find(tx, credential.raw_id)
        account = None if key is None else staff.get(tx, key.staff_id)
        if key is None or account is None or not account.active:
            return None
        try:
            proof = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=door.rp_id,
                expected_origin=door.origin,
                credential_public_key=key.public_key,
                credential_current_sign_count=key.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError):
            return None
        passkeys.used(tx, key.passkey_id, proof.new_sign_count)
        staff.update(tx, key.staff_id, failed_logins=0, locked_until=None)
    return key.staff_id


def remove(database: Database, *, staff_id: str, passkey_id: str) -> Refused | None:
    """Only one's own. None means done."""
    with database.transaction() as tx:
        if not passkeys.remove(tx, passkey_id=passkey_id, staff_id=staff_id):
            return Refused("There is no such passkey.")
        audit.record(tx, act="passkey_removed", staff_id=staff_id, object_id=staff_id)
    return None
