"""Stock of both systems under any interleaving: both end equal to what is true, and no unit is adjusted twice."""

import random
import shutil
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from he_sync.flows.fulfilment.stock import floor
from he_sync.flows.stock import book, send
from he_sync.flows.stock.sets import Yard
from he_sync.model.retailer import Epicor, Retailer, Store, Terms
from he_sync.stock.policy import Policy
from he_sync.store.database import open_store
from tests.flows.plant import PART, open_town
from tests.flows.stock_model import CENTRE, SHOP, Flows, World
from tests.flows.stock_yard import People

ACTS = ("sell", "sell_at_the_centre", "receive", "job", "lose", "reserve", "transfer", "count")
WORK = ("event", "late event", "deliver", "book", "push")
PLACES = {SHOP: "heartland", CENTRE: "epicor"}
RETAILER = Retailer(
    name="two places",
    timezone="UTC",
    heartland_adjustment_reason_id=1,
    stores=tuple(
        Store(code=code, name=code, location_id=n, timezone="UTC", warehouse=code, stock_owner=owner)
        for n, (code, owner) in enumerate(PLACES.items(), 1)
    ),
    tenders=(),
    terms=Terms(fees={}, funding_bank_days={}),
    epicor=Epicor(company="ONE", walk_in_customer="WALKIN"),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS * 2 + WORK), st.sampled_from("AB"), st.booleans()), min_size=5, max_size=40
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A migrated store without a row, to copy: making one takes longer than an interleaving."""
    path = tmp_path_factory.mktemp("empty") / "he_sync.db"
    open_store(path).close()
    return path


def live(world, flows, steps):
    """Acts and work in this order; an act that is `during` happens inside the next call that the flows make."""
    work = {
        "event": flows.event,
        "late event": lambda sku: flows.event(sku, late=True),
        "deliver": lambda _: flows.deliver(),
        "book": lambda _: book.push(flows.yard, "test"),
        "push": lambda _: send.push(flows.yard, "test"),
    }
    for name, sku, during in steps:
        if name in work:
            work[name](sku)
        elif during:
            world.pending.append(lambda name=name, sku=sku: getattr(world, name)(sku))
        else:
            getattr(world, name)(sku)
    flows.settle()


@contextmanager
def hasty(path):
    """A store that does not wait for the disk: no power fails here."""
    with open_store(path) as store:
        event.listen(store.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        store.engine.dispose()
        yield store


@settings(max_examples=15, deadline=None, derandomize=True)
@given(steps=STEPS)
def test_any_interleaving_of_people_events_bookings_and_pushes_ends_equal_and_adjusts_no_unit_twice(
    empty, tmp_path_factory, steps
):
    path = tmp_path_factory.mktemp("one") / "he_sync.db"
    shutil.copy(empty, path)
    world = World(RETAILER, ("A", "B"))
    with hasty(path) as store:
        flows = Flows(world, store)
        live(world, flows, steps)
    assert flows.wrong() == []


# the same on the stand-ins over HTTP


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_over_http_with_real_events_ends_equal(desk, tmp_path, clock, seed):
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    with open_town(desk, tmp_path, clock) as town:
        people = People(desk, Yard(desk.systems, town.store, desk.retailer, Policy()))
        floor(town.store, desk.systems, clock())
        sku = people.item(CENTRE, SHOP, "S002", on_hand=30)
        people.begin()
        true = {CENTRE: 30, SHOP: 30, "S002": 30}

        def moved(place, pieces, act, *more):
            true[place] += pieces
            act(*more)

        acts = (
            lambda: moved(SHOP, -2, people.sell, sku, SHOP, 2),
            lambda: moved(CENTRE, -1, people.sell, sku, CENTRE, 1),
            lambda: moved(CENTRE, 5, people.receive, sku, CENTRE, 5),
            lambda: moved(CENTRE, 4, lambda: town.plant.complete(town.plant.job(sku, 4, warehouse=CENTRE))),
            lambda: moved(CENTRE, -3, lambda: moved(SHOP, 3, people.transfer, sku, CENTRE, SHOP, 3)),
            lambda: moved(SHOP, -1, lambda: moved("S002", 1, people.transfer, sku, SHOP, "S002", 1)),
            lambda: moved("S002", -1, lambda: people.count(sku, "S002", people.pos_count(sku, "S002") - 1)),
        )
        work = (lambda: town.news(PART, sku), people.book, people.push)
        for _ in range(14):
            chance.choice(acts)()
            if chance.random() < 0.5:
                chance.choice(work)()
        for _ in range(2):
            for one in work:
                one()
        assert {place: people.pos_count(sku, place) for place in true} == true
        assert {place: people.erp_count(sku, place) for place in true} == true
