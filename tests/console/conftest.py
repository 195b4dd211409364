"""A console that serves an installation of its own over real HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from argon2 import PasswordHasher
from starlette.applications import Starlette

from he_sync.flows import registry
from he_sync.model.retailer import dump_retailer
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from he_sync.store.database import Store, open_store
from he_sync.web.console import users
from he_sync.web.console.app import console
from he_sync.web.console.door import Keys, key_of
from he_sync.web.console.place import Place
from he_sync.web.console.roles import EVERY, Roles
from he_sync.web.console.server import LOOPBACK
from tests.console.person import Answer, Person

NOBODY_LISTENS = {
    "HE_HEARTLAND_URL": "http://127.0.0.1:9/heartland",
    "HE_HEARTLAND_TOKEN": "token",
    "HE_GP_URL": "http://127.0.0.1:9/gp",
    "HE_GP_APP_ID": "app",
    "HE_GP_APP_KEY": "key",
    "HE_EPICOR_URL": "http://127.0.0.1:9/epicor",
    "HE_EPICOR_COMPANY": "ACME",
    "HE_EPICOR_USER": "he-sync",
    "HE_EPICOR_PASSWORD": "password",
    "HE_EPICOR_API_KEY": "key",
}


@dataclass
class Clock:
    """The real time, until it is set ahead."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Served:
    """A console and what it works on."""

    store: Store
    home: Path
    address: str
    keys: Keys
    clock: Clock
    app: Starlette

    def person(self) -> Person:
        """Somebody who was let in."""
        one = Person(self.address)
        assert one.get(f"/enter/{self.keys.way_in}").status == 200
        one.get("/audit")  # its form is always there
        return one

    def signs_in(self, name: str, password: str = "", to: str = "/") -> tuple[Person, Answer]:
        """Somebody at the sign-in page, with the password that `named` gave, or another; and what the answer was."""
        one = Person(self.address)
        one.get("/sign-in")
        answer = one.post("/sign-in", name=name, password=password or phrase(name), to=to)
        if answer.status == 200:
            one.get("/audit")
        return one, answer


CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""argon2id as it costs nothing: what is tested here is not its price."""


def phrase(name: str) -> str:
    return f"long words of {name}"


def named(home: Path, *names: str, roles: Roles = EVERY) -> None:
    for name in names:
        users.add(home, name, phrase(name), roles, hasher=CHEAP)


@contextmanager
def serving(
    home: Path, environ: dict[str, str], who: str = "ana", flows: Path = registry.FOLDER, dagster: str = ""
) -> Iterator[Served]:
    clock = Clock()
    keys = Keys(key_of(home), clock)
    with open_store(home / "he_sync.db") as store, socket.create_server(("127.0.0.1", 0)) as listening:
        place = Place(store, environ, who, dagster, now=clock, flows=flows)
        app = console(place, keys, LOOPBACK, hasher=CHEAP)
        settings = uvicorn.Config(app, log_config=None, ws="none", lifespan="off")
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Served(store, home, f"127.0.0.1:{listening.getsockname()[1]}", keys, clock, app)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> str:
    state = State(tmp_path_factory.mktemp("world"))
    world.create(state, size="small", seed=5)
    return dump_retailer(world.profile(state))


@pytest.fixture
def served(tmp_path: Path, profile: str) -> Iterator[Served]:
    """An installation that nothing happened in yet."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "profile.yaml").write_text(profile, encoding="utf-8")
    with serving(home, {**NOBODY_LISTENS, "HE_HOME": str(home)}) as one:
        yield one
