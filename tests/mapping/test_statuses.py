"""A status means the same on both sides, and one that nobody mapped stops its order."""

import pytest

from he_sync.mapping import statuses
from he_sync.model.errors import BadRecord, FixSettings


@pytest.mark.parametrize(
    ("pos", "erp"), [("pending", "held"), ("Open", "open"), ("closed", "shipped"), ("Canceled", "void")]
)
def test_a_pos_status_is_an_erp_state(pos, erp):
    assert statuses.to_erp(pos) == erp


@pytest.mark.parametrize(
    ("head", "pos"),
    [
        ({"OpenOrder": True}, "open"),
        ({"OpenOrder": True, "OrderHeld": True}, "pending"),
        ({"OpenOrder": False}, "closed"),
        ({"OpenOrder": False, "OrderHeld": True}, "closed"),
        ({"OpenOrder": False, "VoidOrder": True}, "cancelled"),
    ],
)
def test_an_erp_order_has_a_pos_status_void_before_closed_before_held(head, pos):
    assert statuses.to_pos(head) == pos


@pytest.mark.parametrize("state", statuses.STATES)
def test_there_and_back_is_the_same_state(state):
    assert statuses.to_erp(statuses.ERP_TO_POS[state]) == state


def test_a_flows_own_table_goes_before_ours_both_ways():
    own = {"pending": "open", "waiting": "held"}
    assert [statuses.to_erp(word, own) for word in ("pending", "waiting", "open")] == ["open", "held", "open"]
    assert statuses.to_pos({"OpenOrder": True, "OrderHeld": True}, own) == "waiting"
    assert statuses.to_pos({"OpenOrder": True}, own) == "pending"


def test_a_status_nobody_mapped_stops_its_order_and_a_wrong_table_is_a_setting():
    with pytest.raises(BadRecord, match=r"'frobbed' is unknown; add it under map\.statuses"):
        statuses.to_erp("frobbed")
    with pytest.raises(FixSettings, match="pending is 'paused'; use one of held, open, shipped, void"):
        statuses.to_erp("pending", {"pending": "paused"})
