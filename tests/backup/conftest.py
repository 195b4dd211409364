"""One sandbox for the tests of a module; each has towns and stores of its own."""

import uuid

import psycopg2
import pytest

from tests.flows.desk import open_desk
from tests.sandbox.epicor_company import Kinetic


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with open_desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture(scope="module")
def kinetic(desk):
    opened = Kinetic(desk.sandbox)
    yield opened
    opened.close()


@pytest.fixture
def two_databases(postgres_server):
    """Two empty databases of one server, gone afterwards."""
    names = [f"t{uuid.uuid4().hex}" for _ in range(2)]
    admin = psycopg2.connect(f"postgresql://postgres@{postgres_server}/postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        for name in names:
            cursor.execute(f"CREATE DATABASE {name}")
        yield [f"postgresql+psycopg2://postgres@{postgres_server}/{name}" for name in names]
        for name in names:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()
