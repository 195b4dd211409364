"""Named people of the console: `console.users` in the home folder, with what scrypt made of each password.

The file is written whole and readable for its owner alone. A record's `stamp` changes with its password and with what
the person may do, which ends sessions that began before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from he_sync.model.errors import FixInput, FixSettings, TryLater

FILE = "console.users"
NAME = re.compile(r"[\w.@-]{1,64}")
SHORTEST, LONGEST = 12, 1024
"""Letters of a password: a phrase, and no megabyte to hash."""
OPEN_TO_GROUP = 0o077
COST = (2**14, 8, 5)
"""n, r, p of scrypt: 16 MB and a quarter of a second a guess."""
MEMORY = 64 * 1024 * 1024
AT_ONCE, WAITS = 2, 2.0
"""Passwords looked at together, and how long another one waits in seconds: guesses leave cores and memory to pages."""


@dataclass(frozen=True)
class User:
    """One person: `cost` is n, r, p; `salt` and `hash` are hex; who `only_looks` decides nothing."""

    name: str
    cost: tuple[int, int, int]
    salt: str
    hash: str
    only_looks: bool = False

    @property
    def stamp(self) -> str:
        """Of this password and what it allows."""
        return f"{self.hash[:16]}{'-' if self.only_looks else '+'}"


NOBODY = User("", COST, "00" * 16, "00" * 64)
"""Hashed against for a name that is not known, so that an answer takes as long."""


class Users:
    """The people of an installation, read again when the file has changed."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE
        self._seen: tuple[int, int, int] | None = None
        self._known: Mapping[str, User] = {}
        self._at_once = threading.BoundedSemaphore(AT_ONCE)

    def known(self) -> Mapping[str, User]:
        """By folded name; empty where nobody was named. Raises FixSettings for a file that others could write."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return {}
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._known, self._seen = _read(self.path), seen
        return self._known

    def named(self, name: str) -> User | None:
        """A person by name, however its letters' case."""
        return self.known().get(name.casefold())

    def check(self, name: str, password: str) -> User | None:
        """The person whose password this is. Raises TryLater while others are being looked at."""
        user = self.named(name)
        with self._turn():
            right = hmac.compare_digest(_hash(password, user or NOBODY), (user or NOBODY).hash)
        return user if right and user else None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._at_once.acquire(timeout=WAITS):
            raise TryLater("too many people sign in at this moment; try again")
        try:
            yield
        finally:
            self._at_once.release()


def add(home: Path, name: str, password: str, *, only_looks: bool = False, cost: tuple[int, int, int] = COST) -> None:
    """Name a person, or give one another password. Raises FixInput for a name or password that will not do."""
    if not NAME.fullmatch(name):
        raise FixInput(f"{name[:70]!r} is no name; 1 to 64 letters, digits and . @ _ -")
    if not SHORTEST <= len(password) <= LONGEST:
        raise FixInput(f"a password has {SHORTEST} to {LONGEST} letters; take a few words")
    if password.casefold().strip() == name.casefold():
        raise FixInput("the password is the name; take a few words")
    known = dict(Users(home).known())
    blank = User(name, cost, secrets.token_hex(16), "", only_looks)
    known[name.casefold()] = User(**{**asdict(blank), "hash": _hash(password, blank)})
    _write(home / FILE, known)


def drop(home: Path, name: str) -> None:
    """Forget a person. Raises FixInput for one who is not named, and for the last: without any the key would let in."""
    known = dict(Users(home).known())
    if name.casefold() not in known:
        raise FixInput(f"{FILE} names no {name}; it has {', '.join(sorted(known)) or 'nobody'}")
    if len(known) == 1:
        raise FixInput(f"{name} is the last one; name another first, or delete {home / FILE} to go back to the key")
    del known[name.casefold()]
    _write(home / FILE, known)


def _hash(password: str, user: User) -> str:
    n, r, p = user.cost
    said = password[:LONGEST].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(said, salt=bytes.fromhex(user.salt), n=n, r=r, p=p, maxmem=MEMORY, dklen=64).hex()


def _read(path: Path) -> dict[str, User]:
    if path.stat().st_mode & OPEN_TO_GROUP:
        raise FixSettings(f"{path} can be read or written by others; set its mode to 600 and give new passwords")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        people = [User(**{**row, "cost": tuple(row["cost"])}) for row in rows]
    except (ValueError, TypeError, KeyError):
        raise FixSettings(f"{path} is damaged; delete it and name its people again (--add-user)") from None
    return {user.name.casefold(): user for user in people}


def _write(path: Path, known: Mapping[str, User]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(known[name]) for name in sorted(known)], file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
