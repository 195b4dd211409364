"""The same five thousand kills on Postgres, where a dead client's transaction is the server's to undo."""

import uuid

import psycopg2
import pytest

from tests.exact.checkers import findings
from tests.exact.stand_in import stand_in
from tests.exact.tours import killed_anywhere
from tests.exact.walk import Walk, in_memory

KILLS, SEED = 5_000, 20_261_121


@pytest.fixture(scope="module")
def url(postgres_server):
    name = f"t{uuid.uuid4().hex}"
    admin = psycopg2.connect(f"postgresql://postgres@{postgres_server}/postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield f"postgresql+psycopg2://postgres@{postgres_server}/{name}"
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture(scope="module")
def walk(url):
    with in_memory() as folder, stand_in(folder / "sandbox") as other_side:
        one = Walk(other_side, folder, url)
        one.warm()
        yield one
        one.close()


def test_five_thousand_kills_on_the_whole_way_lose_nothing_double_nothing_and_leave_no_orphan(walk):
    toll = killed_anywhere(walk, KILLS, SEED)
    assert toll.killed.total() >= KILLS
    with walk.looking() as store:
        assert findings(walk.history(store)) == [], f"seed {SEED}"
