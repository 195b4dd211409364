"""What is kept of a password: argon2id, RFC 9106's second choice (64 MiB, 3 passes). Older records were scrypt's.

An older record still lets its person in, once: the sign-in that knows the password replaces it.
"""

from __future__ import annotations

import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

LONGEST = 1024
"""Letters that are looked at: no megabyte to hash."""
HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
ARGON, SCRYPT, PROVIDER = "$argon2id$", "$scrypt$", "$provider$"
SCRYPT_MEMORY = 64 * 1024 * 1024


def kept(password: str, hasher: PasswordHasher = HASHER) -> str:
    """What is written down: method, cost, salt and hash in one text. Another one each time."""
    return hasher.hash(_said(password))


def is_right(record: str, password: str, hasher: PasswordHasher = HASHER) -> bool:
    """Whether the record is of this password; its own cost is used. False for a record that cannot be read."""
    if record.startswith(SCRYPT):
        return _is_right_by_scrypt(record, password)
    try:
        return hasher.verify(record, _said(password))
    except (VerificationError, InvalidHashError):
        return False


def is_old(record: str, hasher: PasswordHasher = HASHER) -> bool:
    """Whether a record was made by an older method or at another cost than now."""
    return record.startswith(SCRYPT) or hasher.check_needs_rehash(record)


def from_scrypt(cost: tuple[int, int, int], salt: str, digest: str) -> str:
    """A record of scrypt (n, r, p; hex) as one text."""
    return f"{SCRYPT}{','.join(map(str, cost))}${salt}${digest}"


def of_provider(subject: str) -> str:
    """What is kept of a person without a password: whom their provider means."""
    return PROVIDER + hashlib.sha256(subject.encode()).hexdigest()


def is_record(text: str) -> bool:
    """Whether a text is what is kept of a person."""
    if text.startswith(SCRYPT):
        return len(text.split("$")) == 5  # noqa: PLR2004 - "", scrypt, cost, salt, hash
    return text.startswith((ARGON, PROVIDER))


def _is_right_by_scrypt(record: str, password: str) -> bool:
    _, _, cost, salt, digest = record.split("$")
    n, r, p = map(int, cost.split(","))
    found = hashlib.scrypt(_said(password), salt=bytes.fromhex(salt), n=n, r=r, p=p, maxmem=SCRYPT_MEMORY, dklen=64)
    return hmac.compare_digest(found.hex(), digest)


def _said(password: str) -> bytes:
    return password[:LONGEST].encode("utf-8", "surrogatepass")
