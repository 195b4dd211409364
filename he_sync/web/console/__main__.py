"""`python -m he_sync.web.console`: serve until SIGTERM, or say who may sign in.

Exit code 2 and one clear line for a wrong setting, name or password.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from he_sync.model.errors import FixInput, HeSyncError
from he_sync.settings import store_address
from he_sync.store import audit
from he_sync.store.database import open_store
from he_sync.web.console import users
from he_sync.web.console.access import matrix
from he_sync.web.console.roles import EVERY, in_words, roles_named
from he_sync.web.console.server import PORT, installation, serve

WRONG_INPUT = 2


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m he_sync.web.console")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--add-user", default="")
    parser.add_argument("--role", action="append", default=[])
    parser.add_argument("--only-look", action="store_true")
    parser.add_argument("--drop-user", default="")
    parser.add_argument("--access", action="store_true")
    asked = parser.parse_args()
    try:
        if asked.access:
            sys.stdout.write(f"{matrix()}\n")
        elif asked.add_user or asked.drop_user:
            _people(asked)
        else:
            serve(asked.port, asked.home)
    except HeSyncError as error:
        sys.stderr.write(f"he-sync: {error}\n")
        return WRONG_INPUT
    return 0


def _people(asked: argparse.Namespace) -> None:
    home = installation(asked.home)
    named = ["viewer"] if asked.only_look else asked.role
    roles = roles_named(named) if named else EVERY
    if asked.add_user:
        users.add(home, asked.add_user, _password(asked.add_user), roles)
    else:
        users.drop(home, asked.drop_user)
    name, what = asked.add_user or asked.drop_user, "added" if asked.add_user else "dropped"
    detail = {"user": name, "roles": in_words(roles) if asked.add_user else ""}
    with open_store(store_address()) as store:
        store.run(lambda connection: audit.record(connection, getpass.getuser(), f"user {what}", "console", detail))
    sys.stdout.write(f"{home / users.FILE}: {name} {what}\n")


def _password(name: str) -> str:
    """Asked twice on a terminal, else the first line that comes in. Raises FixInput where the two differ."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(f"Password of {name}: ")
    if getpass.getpass("Once more: ") != first:
        raise FixInput("the two passwords differ; nothing was kept")
    return first


if __name__ == "__main__":
    sys.exit(main())
