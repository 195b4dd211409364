"""A night on the real sandbox over HTTP: what was planted is found in its class, nothing is invented, each write lands once."""

from datetime import date, timedelta

import pytest

from he_sync.cli import check, house
from he_sync.connect.systems import connect
from he_sync.flows import night
from he_sync.sandbox import world
from he_sync.store import effects
from he_sync.store.database import open_store
from he_sync.store.lake import Lake

FRIDAY = date(2026, 11, 20)


@pytest.fixture
def office(sandbox, tmp_path):
    """A way to let days happen on the sandbox and to run nights on it."""

    class Office:
        def __init__(self):
            self.sandbox, self.home = sandbox, tmp_path / "home"

        def open(self, size, seed, day=FRIDAY, history=3):
            world.create(sandbox.state, size=size, seed=seed)
            for back in range(history, -1, -1):
                world.happen(sandbox.state, day - timedelta(days=back))
            self.retailer = world.profile(sandbox.state)
            self.settings = house.settings_of(house.sandbox_environment(sandbox, self.home, self.retailer))
            self.store, self.lake = open_store(self.home / "he_sync.db"), Lake(self.home / "lake")

        def night(self, day=FRIDAY):
            with connect(self.settings) as systems:
                return night.run(night.Office(systems, self.store, self.lake, self.retailer), day)

        def confirmed(self, day=FRIDAY):
            return [one.effect for one in effects.listing(self.store, day.isoformat(), ["confirmed"])]

        def writes(self):
            return len(sandbox.state.oracle("origin = 'api'"))

    return Office()


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_every_planted_difference_of_the_small_world_is_found_once_and_the_second_night_writes_nothing(office, seed):
    office.open("small", seed)
    first = office.night()
    assert check.compare(office.sandbox.state.folder, FRIDAY.isoformat(), first.differences) == []
    assert check.once_each(office.sandbox.state, office.confirmed()) == []
    assert first.written > 0
    before = office.writes()
    second = office.night()
    assert office.writes() == before
    assert {one.action for one in second.differences} == {"review"}
