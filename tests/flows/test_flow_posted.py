"""What has left is never overwritten: an edit or a cancellation after it is a person's, who sees the difference."""

from dataclasses import replace
from decimal import Decimal

import pytest

from he_sync.store import effects
from tests.flows.plant import open_town
from tests.flows.shop import CANCELLED, EDITED, prices


@pytest.fixture(params=["with the route", "without any route"])
def town(request, desk, tmp_path, clock):
    """A flow file may say why to ask; it cannot say that nobody is asked."""
    with open_town(desk, tmp_path, clock) as opened:
        if request.param == "without any route":
            flows = tuple(flow.model_copy(update={"route": ()}) for flow in opened.works.flows)
            opened.works = replace(opened.works, flows=flows)
        yield opened


@pytest.fixture
def shipped(town):
    """An order of two lines of which the first has left in part."""
    one, two = town.skus[:2]
    order, number = town.placed((one, 4, "20.00"), (two, 3, "8.00"))
    town.plant.ship(town.plant.pack(number, (1, 2)))
    return order


def test_an_edit_below_what_has_left_waits_with_its_difference_and_overwrites_nothing(town, shipped):
    town.set_line(shipped, 0, qty=1)
    town.hear(EDITED, shipped)
    change = town.told(shipped)[-1]
    assert (change.effect.kind, change.state) == ("change_sales_order", "waiting_approval")
    assert "2 of 4 EA have left" in change.effect.waits_because
    assert {row["what"]: (row["old"], row["new"]) for row in change.effect.body["diff"]}[
        f"line of {town.skus[0]}, quantity"
    ] == ("4", "1")
    assert town.erp_lines(shipped) == prices((town.skus[0], 4, "20.00"), (town.skus[1], 3, "8.00"))


def test_an_edit_of_what_has_not_left_goes_without_a_person(town, shipped):
    town.set_line(shipped, 1, qty=5)
    town.hear(EDITED, shipped)
    assert town.erp_lines(shipped) == prices((town.skus[0], 4, "20.00"), (town.skus[1], 5, "8.00"))
    assert town.erp_total(shipped) == town.pos_total(shipped)


def test_a_cancellation_after_something_left_waits_and_an_approval_still_voids_nothing(town, shipped):
    town.cancel(shipped)
    town.hear(CANCELLED, shipped)
    cancel = town.told(shipped)[-1]
    assert (cancel.effect.kind, cancel.state) == ("cancel_sales_order", "waiting_approval")
    assert "have left" in cancel.effect.waits_because
    assert effects.approve(town.store, cancel.effect.key, "dana")
    town.drain()
    assert town.told(shipped)[-1].state == "rejected"
    assert len(town.orders(shipped)) == 1


# invoiced


@pytest.fixture
def invoiced(town):
    """An order of two lines of which the first has left in part, and that part is invoiced and posted."""
    one, two = town.skus[:2]
    order, number = town.placed((one, 4, "20.00"), (two, 3, "8.00"))
    town.plant.invoice(town.plant.ship(town.plant.pack(number, (1, 2))), f"G{number}")
    return order


def untouched(town, order):
    """Nothing of ours was written to the order after it was made."""
    assert town.erp_lines(order) == prices((town.skus[0], 4, "20.00"), (town.skus[1], 3, "8.00"))
    assert town.erp_total(order) == Decimal("113.24"), "104.00 and its tax"
    assert town.orders(order, void=True) == []


def test_any_edit_of_an_invoiced_order_waits_with_its_difference_even_where_nothing_of_the_line_has_left(
    town, invoiced
):
    town.set_line(invoiced, 1, qty=5)
    town.hear(EDITED, invoiced)
    change = town.told(invoiced)[-1]
    assert (change.effect.kind, change.state) == ("change_sales_order", "waiting_approval")
    assert "is invoiced" in change.effect.waits_because
    assert ("3", "5") in [(row["old"], row["new"]) for row in change.effect.body["diff"]]
    untouched(town, invoiced)


def test_a_charge_added_after_the_invoice_was_posted_waits_and_would_not_be_written_even_when_approved(town, invoiced):
    town.charge_shipping(invoiced, "7.50")
    town.hear(EDITED, invoiced)
    change = town.told(invoiced)[-1]
    assert change.state == "waiting_approval"
    assert "changed after the order was invoiced" in change.effect.waits_because
    assert "7.50" in [row["new"] for row in change.effect.body["diff"]]
    assert effects.approve(town.store, change.effect.key, "dana")
    town.drain()
    untouched(town, invoiced)


def test_a_cancellation_of_an_invoiced_order_waits_and_says_that_it_is_invoiced(town, invoiced):
    town.cancel(invoiced)
    town.hear(CANCELLED, invoiced)
    cancel = town.told(invoiced)[-1]
    assert (cancel.effect.kind, cancel.state) == ("cancel_sales_order", "waiting_approval")
    assert "is invoiced: credit it, or keep it" in cancel.effect.waits_because
    untouched(town, invoiced)


def test_what_an_invoiced_order_may_still_take_is_written_once_a_person_approved_it(town, invoiced):
    town.set_line(invoiced, 1, qty=5)
    town.hear(EDITED, invoiced)
    assert effects.approve(town.store, town.told(invoiced)[-1].effect.key, "dana")
    town.drain()
    assert town.erp_lines(invoiced) == prices((town.skus[0], 4, "20.00"), (town.skus[1], 5, "8.00"))
