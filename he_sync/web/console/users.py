"""Named people of the console: `console.users` in the home folder, with their roles and what is kept of each password.

The file is written whole and readable for its owner alone, by one process at a time. A record's `stamp` changes with
its password and with its roles, which ends sessions that began before.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from he_sync.model.errors import FixInput, FixSettings, NotAllowed, TryLater
from he_sync.web.console import passwords
from he_sync.web.console.passwords import HASHER, LONGEST
from he_sync.web.console.roles import EVERY, VIEWS, Role, Roles

FILE = "console.users"
NAME = re.compile(r"[\w.@-]{1,64}")
SHORTEST = 12
"""Letters of a password: a phrase."""
OPEN_TO_GROUP = 0o077
AT_ONCE, WAITS = 2, 2.0
"""Passwords looked at together, and how long another one waits in seconds: guesses leave cores and memory to pages."""


@dataclass(frozen=True)
class User:
    """One person; `hash` is a record of `passwords`."""

    name: str
    hash: str
    roles: Roles = EVERY

    @property
    def by_password(self) -> bool:
        """Whether a password lets this person in; a provider's people have none here."""
        return not self.hash.startswith(passwords.PROVIDER)

    @property
    def stamp(self) -> str:
        """Of this password and what it allows."""
        return f"{self.hash[-16:]} {' '.join(sorted(self.roles))}"


class Users:
    """The people of an installation, read again when the file has changed."""

    def __init__(self, home: Path, hasher: PasswordHasher = HASHER) -> None:
        self.path, self._hasher = home / FILE, hasher
        self._seen: tuple[int, int, int] | None = None
        self._known: Mapping[str, User] = {}
        self._at_once = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = passwords.kept("", hasher)
        """Looked at for a name that is not known, so that an answer takes as long."""

    def known(self) -> Mapping[str, User]:
        """By folded name; empty where nobody was named. Raises FixSettings for a file that others could write."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return {}
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._known, self._seen = read(self.path), seen
        return self._known

    def named(self, name: str) -> User | None:
        """A person by name, however its letters' case."""
        return self.known().get(name.casefold())

    def check(self, name: str, password: str) -> User | None:
        """The person whose password this is, an older record renewed. Raises TryLater while others are looked at."""
        user = self.named(name)
        with self._turn():
            right = passwords.is_right(user.hash if user and user.by_password else self._nobody, password, self._hasher)
            if not (right and user and user.by_password):
                return None
            return self._renewed(user, password) if passwords.is_old(user.hash, self._hasher) else user

    def _renewed(self, user: User, password: str) -> User:
        """The person with a record of today; as the file has it where somebody changed it meanwhile."""
        fresh = replace(user, hash=passwords.kept(password, self._hasher))
        with changing(self.path) as known:
            if known.get(user.name.casefold()) == user:
                known[user.name.casefold()] = fresh
        return self.named(user.name) or fresh

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._at_once.acquire(timeout=WAITS):
            raise TryLater("too many people sign in at this moment; try again")
        try:
            yield
        finally:
            self._at_once.release()


def add(home: Path, name: str, password: str, roles: Roles = EVERY, *, hasher: PasswordHasher = HASHER) -> None:
    """Name a person, or give one another password and roles. Raises FixInput for a name or password that will not do.

    Without roles a person has all of them: one who runs an installation alone.
    """
    if not NAME.fullmatch(name):
        raise FixInput(f"{name[:70]!r} is no name; 1 to 64 letters, digits and . @ _ -")
    if not SHORTEST <= len(password) <= LONGEST:
        raise FixInput(f"a password has {SHORTEST} to {LONGEST} letters; take a few words")
    if password.casefold().strip() == name.casefold():
        raise FixInput("the password is the name; take a few words")
    with changing(home / FILE) as known:
        known[name.casefold()] = User(name, passwords.kept(password, hasher), roles)


def enrol(home: Path, name: str, subject: str, roles: Roles) -> User:
    """The person whom a provider vouches for, by what never changes there; kept with the roles they have now.

    Raises NotAllowed for a name that is somebody else's here, and for a person whom this console knows by another name:
    one person under two names could approve what they prepared.
    """
    record = passwords.of_provider(subject)
    with changing(home / FILE) as known:
        there, before = known.get(name.casefold()), next((one for one in known.values() if one.hash == record), None)
        if there and there.hash != record:
            raise NotAllowed(f"{name} is somebody else here; an admin has to drop that name first (--drop-user {name})")
        if before and before.name != name:
            raise NotAllowed(f"{name} was {before.name} here before; an admin has to drop that name first")
        known[name.casefold()] = user = User(name, record, roles)
    return user


def drop(home: Path, name: str) -> None:
    """Forget a person. Raises FixInput for one who is not named, and for the last: without any the key would let in."""
    with changing(home / FILE) as known:
        if name.casefold() not in known:
            raise FixInput(f"{FILE} names no {name}; it has {', '.join(sorted(known)) or 'nobody'}")
        if len(known) == 1:
            raise FixInput(f"{name} is the last one; name another first, or delete {home / FILE} to go back to the key")
        del known[name.casefold()]


def read(path: Path) -> dict[str, User]:
    """The people of a file; none where there is none. Raises FixSettings for one that is damaged or not ours alone."""
    if not path.exists():
        return {}
    if path.stat().st_mode & OPEN_TO_GROUP:
        raise FixSettings(f"{path} can be read or written by others; set its mode to 600 and give new passwords")
    try:
        people = [_user(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise FixSettings(f"{path} is damaged; delete it and name its people again (--add-user)") from None
    return {user.name.casefold(): user for user in people}


def _user(row: Mapping[str, Any]) -> User:
    """Of a row as it is now, or as it was before there were roles. Raises ValueError, TypeError or KeyError."""
    if "roles" in row:
        user = User(row["name"], row["hash"], frozenset(map(Role, row["roles"])))
    else:
        n, r, p = map(int, row["cost"])
        old = passwords.from_scrypt((n, r, p), row["salt"], row["hash"])
        user = User(row["name"], old, VIEWS if row.get("only_looks") else EVERY)
    if not passwords.is_record(user.hash):
        raise ValueError(user.name)
    return user


@contextmanager
def changing(path: Path) -> Iterator[dict[str, User]]:
    """The people of a file, written back at the end unless an error was raised; other processes wait meanwhile."""
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = read(path)
        before = dict(known)
        yield known
        if known != before:
            _write(path, known)


def _write(path: Path, known: Mapping[str, User]) -> None:
    rows = [{"name": one.name, "hash": one.hash, "roles": sorted(one.roles)} for _, one in sorted(known.items())]
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
