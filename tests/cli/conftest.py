"""A small installation, and the command line called as a person calls it."""

import os
import shutil
from contextlib import contextmanager
from datetime import timedelta

import pytest
import yaml

from he_sync.cli import house
from he_sync.cli.main import main
from he_sync.sandbox import world
from he_sync.sandbox.server import running

FRIDAY = house.last_friday()


@contextmanager
def open_shop(folder):
    """A sandbox on which last Friday and the two days before it happened, and the settings that fit it."""
    with running(folder / "sandbox") as sandbox:
        world.create(sandbox.state, size="small", seed=5)
        for back in range(2, -1, -1):
            world.happen(sandbox.state, FRIDAY - timedelta(days=back))
        yield sandbox, house.sandbox_environment(sandbox, folder / "home", world.profile(sandbox.state))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One for all tests of a module that write nothing to it."""
    with open_shop(tmp_path_factory.mktemp("shop")) as one:
        yield one


@pytest.fixture
def own_shop(tmp_path):
    """One for a test alone."""
    with open_shop(tmp_path / "shop") as one:
        yield one


class Caller:
    """`he_sync("doctor", HE_HEARTLAND_TOKEN="x")` -> exit code, out, err. A setting of None is left out."""

    def __init__(self, shop, home, monkeypatch, capfd):
        self.sandbox, environment = shop
        self.home, self._monkeypatch, self._capfd = home, monkeypatch, capfd
        self.profile = home / "profile.yaml"
        shutil.copyfile(environment["HE_PROFILE"], self.profile)
        self.environment = {**environment, "HE_HOME": str(home), "HE_PROFILE": str(self.profile)}

    def __call__(self, *words, **settings):
        for name in [name for name in os.environ if name.startswith("HE_")]:
            self._monkeypatch.delenv(name)
        for name, value in {**self.environment, **settings}.items():
            if value is not None:
                self._monkeypatch.setenv(name, value)
        self._monkeypatch.setattr("sys.argv", ["he-sync", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = self._capfd.readouterr()
        return ended.value.code, told.out, told.err

    def change_profile(self, change):
        document = yaml.safe_load(self.profile.read_text(encoding="utf-8"))
        change(document)
        self.profile.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def writes(self):
        return len(self.sandbox.state.oracle("origin = 'api'"))


@pytest.fixture
def he_sync(shop, tmp_path, monkeypatch, capfd):
    """The command line in a home of its own, on the shop that others look at too."""
    return Caller(shop, tmp_path, monkeypatch, capfd)


@pytest.fixture
def he_sync_alone(own_shop, tmp_path, monkeypatch, capfd):
    """The command line in a home of its own, on a shop of its own."""
    return Caller(own_shop, tmp_path, monkeypatch, capfd)


@pytest.fixture
def friday():
    return FRIDAY.isoformat()
