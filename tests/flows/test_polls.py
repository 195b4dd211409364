"""Overlapping polls over HTTP: what no event announced comes all the same, once, and how often that was is told."""

import json
from datetime import datetime, timedelta

import pytest

from he_sync.flows import polls
from he_sync.flows.polls import looking, sources
from he_sync.flows.polls.keeping import GRACE
from he_sync.model.errors import BrokenPromise, TryLater
from he_sync.sandbox.faults import Fault
from he_sync.store import cursors, inbox
from he_sync.store.database import open_store
from tests.flows.plant import JOB, ORDER, PACK, Town, open_town
from tests.flows.shop import SALE

MINUTE = timedelta(minutes=1)


@pytest.fixture
def town(desk, tmp_path, clock):
    with open_town(desk, tmp_path, clock) as opened:
        opened.tick()
        yield opened


class Poller:
    """Polls with a clock that stands at the sandbox's, until it is moved on."""

    def __init__(self, town):
        self.town, self.after = town, timedelta()
        self.heartland()
        self.epicor()

    @property
    def now(self):
        return self.town.state.now() + self.after

    def wait(self, span=2 * MINUTE):
        self.after += span

    def heartland(self):
        return polls.poll_heartland(self.town.store, self.town.desk.systems, self.town.desk.retailer, self.now)

    def epicor(self):
        return polls.poll_epicor(self.town.store, self.town.desk.systems, self.town.desk.retailer, self.now)

    def of(self, source, result):
        return next(one for one in result.sources if one.source == source)

    def rate(self, source):
        """(versions, missed) of the day so far."""
        hours = polls.missed(self.town.store, source, self.now).values()
        return sum(seen for seen, _ in hours), sum(lost for _, lost in hours)

    def until(self, source):
        return cursors.read(self.town.store, f"poll {source}").value


@pytest.fixture
def poller(town):
    return Poller(town)


def found(town, entity):
    """How each event of an entity came."""
    return [kept.event.origin for kept in inbox.by_entity(town.store, entity)]


def announce(town, ticket):
    """The webhook of a ticket, as the receiver keeps it."""
    updated = datetime.fromisoformat(town.document(ticket)["updated_at"])
    body = json.dumps({"id": ticket})
    one = inbox.Arrival(
        *SALE.split("/"), f"hook {ticket}", ticket, updated.isoformat(timespec="microseconds"), body, "0" * 64
    )
    inbox.put(town.store, [one])


# Heartland


def test_a_sale_whose_event_was_lost_is_found_and_booked_and_counts_as_missed(town, poller):
    told, lost = town.ticket(), town.ticket()
    announce(town, told)
    poller.wait()
    result = poller.heartland()
    assert (found(town, told), found(town, lost)) == (["webhook"], ["poll"])
    assert poller.rate("heartland/sales/tickets") == (2, 1)
    assert result.figures["missed events"] == "1 of 2"
    town.drain()
    assert len(town.orders(told)) == len(town.orders(lost)) == 1


def test_an_event_has_its_time_before_its_absence_counts(town, poller):
    ticket = town.ticket()
    poller.heartland()
    assert found(town, ticket) == []
    announce(town, ticket)
    poller.wait()
    poller.heartland()
    assert found(town, ticket) == ["webhook"]
    assert poller.rate("heartland/sales/tickets") == (1, 0)


def test_the_cursor_waits_for_a_row_that_is_neither_announced_nor_stored(town, poller):
    ticket = town.ticket()
    version = sources.version_of(town.document(ticket))
    town.tick()
    later = town.ticket()
    announce(town, later)
    poller.heartland()
    assert poller.until("heartland/sales/tickets") == version
    poller.wait()
    poller.heartland()
    assert found(town, ticket) == ["poll"]
    assert poller.until("heartland/sales/tickets") == sources.version_of(town.document(later))


def test_sales_orders_come_by_the_poll_at_once_because_nothing_announces_them(town, poller):
    order = town.order()
    result = poller.heartland()
    assert found(town, order) == ["poll"]
    assert poller.of("heartland/sales/orders", result).versions == 0
    town.drain()
    assert len(town.orders(order)) == 1


def test_an_order_that_the_shop_told_us_of_in_this_version_is_not_told_again(town, poller):
    order = town.order()
    version = sources.version_of(town.document(order))
    inbox.put(town.store, [inbox.Arrival("shop", "order.created", "msg_1", order, version, "{}", "0" * 64)])
    poller.heartland()
    assert found(town, order) == ["webhook"]


def test_a_second_change_whose_event_was_lost_is_a_version_of_its_own(town, poller):
    ticket = town.ticket()
    announce(town, ticket)
    poller.wait()
    poller.heartland()
    town.drain()
    town.tick()
    town.pos.update(f"sales/tickets/{ticket.partition(' ')[2]}", {"sales_rep": "Kim"})
    poller.wait()
    poller.heartland()
    assert found(town, ticket) == ["webhook", "poll"]


def test_polling_again_and_again_finds_nothing_new(town, poller):
    tickets = [town.ticket() for _ in range(3)]
    poller.wait()
    assert poller.heartland().new == 3
    for _ in range(5):
        poller.wait()
        assert poller.heartland().new == 0
    assert poller.rate("heartland/sales/tickets") == (3, 3)
    assert all(found(town, ticket) == ["poll"] for ticket in tickets)


def test_a_row_that_becomes_visible_nine_minutes_late_is_found(town, poller):
    """Its transaction was committed behind newer ones (F62): the poll reads ten minutes again."""
    moment = town.state.now().isoformat()
    for _ in range(3):
        town.tick()
        announce(town, town.ticket())
    poller.wait(9 * MINUTE)
    poller.heartland()
    late = town.ticket()
    document = town.state.get("heartland/sales/tickets", int(late.partition(" ")[2]))
    town.state.put("heartland/sales/tickets", document["id"], {**document, "updated_at": moment})
    poller.wait(MINUTE)
    poller.heartland()
    assert found(town, late) == ["poll"]


def test_a_source_whose_clock_is_ahead_never_moves_the_cursor_ahead_of_ours(town, poller):
    ticket = town.ticket()
    document = town.state.get("heartland/sales/tickets", int(ticket.partition(" ")[2]))
    ahead = poller.now + timedelta(days=3)
    town.state.put("heartland/sales/tickets", document["id"], {**document, "updated_at": ahead.isoformat()})
    poller.heartland()
    poller.wait(GRACE + MINUTE)
    poller.heartland()
    assert found(town, ticket) == ["poll"]
    assert datetime.fromisoformat(poller.until("heartland/sales/tickets")) <= poller.now
    town.state.delete("heartland/sales/tickets", document["id"])
    poller.wait()
    other = town.ticket()
    poller.wait()
    poller.heartland()
    assert found(town, other) == ["poll"]


def test_a_poll_reads_a_bounded_number_of_pages_and_the_next_one_goes_on(town, poller, monkeypatch):
    monkeypatch.setattr(sources, "PAGE", 3)
    monkeypatch.setattr(looking, "MOST_PAGES", 2)
    tickets = [town.ticket() for _ in range(20)]
    poller.wait()
    rounds = 0
    while not poller.of("heartland/sales/tickets", poller.heartland()).complete:
        rounds += 1
        assert rounds < 10
    assert rounds >= 3
    assert all(found(town, ticket) == ["poll"] for ticket in tickets)


def test_more_rows_of_one_second_than_a_page_holds_are_all_found(town, poller, monkeypatch):
    monkeypatch.setattr(sources, "PAGE", 3)
    monkeypatch.setattr(looking, "MOST_PAGES", 50)
    tickets = [town.ticket() for _ in range(8)]
    second = town.document(tickets[-1])["updated_at"]
    for ticket in tickets:
        document = town.state.get("heartland/sales/tickets", int(ticket.partition(" ")[2]))
        town.state.put("heartland/sales/tickets", document["id"], {**document, "updated_at": second})
    poller.wait()
    poller.heartland()
    assert all(found(town, ticket) == ["poll"] for ticket in tickets)


def test_a_poll_that_breaks_off_leaves_the_cursor_and_the_next_one_finds_all(town, poller, monkeypatch):
    monkeypatch.setattr(looking, "LONGEST_WAIT", 0.2)
    ticket, before = town.ticket(), poller.until("heartland/sales/tickets")
    poller.wait()
    town.desk.sandbox.faults.set([Fault("error_before", "heartland", "GET", "sales/tickets")])
    with pytest.raises(TryLater):
        poller.heartland()
    town.desk.sandbox.faults.set([])
    assert poller.until("heartland/sales/tickets") == before
    poller.wait(timedelta(hours=3))
    poller.heartland()
    assert found(town, ticket) == ["poll"]


@pytest.mark.parametrize("dies_at", ["put", "keep"])
def test_rows_and_the_place_behind_them_are_kept_together_or_not_at_all(town, poller, monkeypatch, dies_at):
    ticket, before = town.ticket(), standing(town)
    poller.wait()

    def dies(*_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(looking, dies_at, dies)
        with pytest.raises(SystemExit):
            looking._Look(town.store, sources.HEARTLAND[0], ask(town, poller)).go()
    assert (found(town, ticket), standing(town)) == ([], before)
    poller.heartland()
    assert found(town, ticket) == ["poll"]


def standing(town):
    """All that is kept of where the poll of tickets stands."""
    return [cursors.read(town.store, f"poll heartland/sales/tickets{name}").value for name in ("", " sweep")]


def ask(town, poller):
    return sources.Ask(town.desk.systems, town.desk.retailer, poller.now)


def test_a_listing_that_is_not_sorted_as_asked_is_refused():
    class Unsorted:
        def walk_pages(self, *_, **__):
            rows = [{"id": one, "updated_at": f"2026-11-20T10:00:0{one}+00:00"} for one in (3, 1, 2)]
            yield rows

    start = "2026-11-20T10:00:00.000000+00:00|00000000000000000000"
    with pytest.raises(BrokenPromise, match="not sorted as asked"):
        list(sources._changed(Unsorted(), "sales/tickets", start))


# Epicor


def test_a_job_whose_completion_nobody_announced_reaches_the_shop(town, poller):
    order, number = town.placed((town.skus[0], 2, "20.00"))
    job = town.plant.job(town.skus[0], 2, number)
    town.plant.complete(job)
    poller.epicor()
    poller.wait()
    poller.epicor()
    town.drain()
    assert town.says(order)["status"] == "Produced"
    assert poller.rate("epicor/JobHead")[1] == 1


def test_a_pack_whose_event_was_lost_is_invoiced_once(town, poller):
    order, number = town.placed((town.skus[0], 2, "20.00"))
    pack = town.plant.ship(town.plant.pack(number, (1, 2)))
    for _ in range(3):
        poller.wait()
        poller.epicor()
        town.drain()
    town.news(PACK, pack)
    assert len(town.invoices(order)) == 1
    assert town.says(order)["status"] == "Complete"


def test_a_change_that_a_post_without_a_version_may_have_told_is_read_once_more_and_not_counted(town, poller):
    """Once for the job and once for its demand, whose number is newer."""
    order, number = town.placed((town.skus[0], 2, "20.00"))
    job = town.plant.job(town.skus[0], 2, number)
    inbox.put(town.store, [post(JOB, f"erp_job {job}")], poller.now)
    town.drain()
    for _ in range(3):
        poller.wait()
        poller.epicor()
        town.drain()
    assert found(town, f"erp_job {job}").count("poll") <= 2
    assert poller.rate("epicor/JobHead") == (1, 0)
    assert [kind for kind, _ in town.states(order)].count("report_status") == 1


def test_a_pack_that_left_a_moment_after_its_creation_was_posted_is_invoiced_although_that_post_was_lost(town, poller):
    order, number = town.placed((town.skus[0], 2, "20.00"))
    pack = town.plant.pack(number, (1, 2))
    inbox.put(town.store, [post(PACK, f"erp_shipment {pack}")], poller.now)
    town.drain()
    town.plant.ship(pack)
    poller.wait()
    poller.epicor()
    town.drain()
    assert len(town.invoices(order)) == 1


def post(topic, entity):
    source, _, table = topic.partition("/")
    return inbox.Arrival(source, table, f"bpm {entity}", entity, "", "{}", "0" * 64, own_id=False)


def test_a_line_that_changes_without_its_order_is_seen_by_the_round_of_open_orders(town, poller):
    """A child's change does not move its parent's SysRevID, and no cursor over heads ever sees it (epicor 2.3)."""
    order, number = town.placed((town.skus[0], 5, "20.00"))
    inbox.put(town.store, [post(ORDER, f"erp_order {number}")], poller.now)
    town.drain()
    poller.wait(30 * MINUTE)
    poller.epicor()
    before = town.plant.kinetic.stored("OrderHed", OrderNum=number)["SysRevID"]
    release = town.plant.kinetic.stored("OrderRel", OrderNum=number, OrderLine=1, OrderRelNum=1)
    key = f"EPIC06~{number}~1~1"
    changed = {**release, "OurStockShippedQty": 3, "SysRevID": town.state.next_rev()}
    town.state.put("epicor/OrderRel", key, changed)
    assert town.plant.kinetic.stored("OrderHed", OrderNum=number)["SysRevID"] == before
    poller.wait()
    poller.epicor()
    town.drain()
    assert town.says(order)["status"] == "Partly shipped"


def test_movements_at_places_of_the_erp_come_by_the_poll_and_those_of_the_shop_do_not(town, poller):
    held = {row["PartNum"] for row in town.state.select("epicor/PartWhse") if row["WarehouseCode"] == "D001"}
    sku = next(sku for sku in town.skus if sku in held)
    place = next(store for store in town.desk.retailer.stores if store.code == "D001").location_id
    before = town.pos_stock(sku, place)
    town.plant.complete(town.plant.job(sku, 20, warehouse="D001"))
    town.plant.complete(town.plant.job(sku, 5, warehouse="S001"))
    for _ in range(3):
        poller.wait()
        poller.epicor()
        town.drain()
    assert town.pos_stock(sku, place) == before + 20


# the other database


def test_on_postgres_a_lost_event_is_found_once_too(desk, clock, postgres_url):
    with open_store(postgres_url) as store:
        town = Town(desk, store, clock)
        town.tick()
        poller = Poller(town)
        ticket = town.ticket()
        for _ in range(3):
            poller.wait()
            poller.heartland()
            poller.epicor()
        assert found(town, ticket) == ["poll"]
        assert poller.rate("heartland/sales/tickets") == (1, 1)
