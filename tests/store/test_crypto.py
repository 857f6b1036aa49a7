"""Does a sealed value open only where it belongs, with any key of the ring, and stay findable when keys change?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.errors import SealBroken
from bot.store.crypto import Keyring

OLD, NEW = b"\x0a" * 32, b"\x0b" * 32
SECRET = "s" * 32


@pytest.mark.parametrize(
    "text",
    ["", "YES", "+13125550142", "ayúdame por favor", "🆘" * 800, "مساعدة", "a\x00b", "\N{RIGHT-TO-LEFT OVERRIDE}abc"],
    ids=["empty", "plain", "number", "accents", "emoji", "right-to-left", "null byte", "override"],
)
def test_what_is_sealed_opens_as_it_was(keys: Keyring, text: str) -> None:
    assert keys.open("messages.body", "m1", keys.seal("messages.body", "m1", text)) == text


def test_the_same_words_sealed_twice_do_not_look_alike(keys: Keyring) -> None:
    assert keys.seal("messages.body", "m1", "YES") != keys.seal("messages.body", "m1", "YES")


def _flipped(sealed: bytes, at: int) -> bytes:
    return sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] if at >= 0 else _flipped(sealed, len(sealed) + at)


@pytest.mark.parametrize(
    ("field", "row_id", "change"),
    [
        ("messages.body", "m2", lambda sealed: sealed),
        ("notes.body", "m1", lambda sealed: sealed),
        ("messages.body", "m1", lambda sealed: _flipped(sealed, 0)),
        ("messages.body", "m1", lambda sealed: _flipped(sealed, 3)),
        ("messages.body", "m1", lambda sealed: _flipped(sealed, 10)),
        ("messages.body", "m1", lambda sealed: _flipped(sealed, -1)),
        ("messages.body", "m1", lambda sealed: sealed[:-1]),
        ("messages.body", "m1", lambda sealed: sealed[:12]),
        ("messages.body", "m1", lambda sealed: b""),
        ("messages.body", "m1", lambda sealed: b"they said yes"),
    ],
    ids=["another row", "another field", "version", "key id", "nonce", "tag", "shortened", "cut off", "empty", "clear"],
)
def test_it_opens_nowhere_else_and_not_when_changed(
    keys: Keyring, field: str, row_id: str, change: Callable[[bytes], bytes]
) -> None:
    sealed = change(keys.seal("messages.body", "m1", "they said yes"))
    with pytest.raises(SealBroken) as refused:
        keys.open(field, row_id, sealed)
    assert "they said" not in str(refused.value)


def test_an_old_key_opens_and_only_the_newest_seals() -> None:
    before, after, later = Keyring([OLD], SECRET), Keyring([NEW, OLD], SECRET), Keyring([NEW], SECRET)
    sealed = before.seal("messages.body", "m1", "hello")
    assert after.open("messages.body", "m1", sealed) == "hello"
    assert sealed.startswith(before.newest_header)
    assert not sealed.startswith(after.newest_header)
    with pytest.raises(SealBroken, match="FIELD_KEYS"):
        later.open("messages.body", "m1", sealed)
    assert later.open("messages.body", "m1", after.seal("messages.body", "m1", "hello")) == "hello"


def test_a_number_is_found_again_after_the_keys_have_changed() -> None:
    before, after = Keyring([OLD], SECRET), Keyring([NEW], SECRET)
    assert before.index("phone", "+13125550142") == after.index("phone", "+13125550142")


def test_the_index_tells_nothing_without_its_secret() -> None:
    ring = Keyring([OLD], SECRET)
    marks = {
        ring.index("phone", "+13125550142"),
        ring.index("email", "+13125550142"),
        ring.index("phone", "+13125550143"),
        Keyring([OLD], "t" * 32).index("phone", "+13125550142"),
    }
    assert len(marks) == 4
    assert not any("3125550142" in mark for mark in marks)
