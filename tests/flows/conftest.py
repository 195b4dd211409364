"""The desk that the push tests of one module share; every test pushes effects of its own into a store of its own."""

import pytest

from tests.flows.desk import Clock, open_desk


@pytest.fixture(scope="module")
def the_desk(tmp_path_factory):
    with open_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def desk(the_desk):
    yield the_desk
    the_desk.sandbox.faults.set([])
    the_desk.settle()


@pytest.fixture
def clock():
    return Clock()
