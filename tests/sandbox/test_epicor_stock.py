"""Stock corrections in the Epicor stand-in: what changes, what is written down, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.epicor_company import TODAY, Kinetic, Refused, company


@pytest.fixture
def kinetic(tmp_path: Path) -> Iterator[Kinetic]:
    with company(tmp_path) as found:
        yield found


def entered(kinetic: Kinetic, part: str = "BOOT-11", **columns: Any) -> dict[str, Any]:
    """The row of GetInventoryQtyAdj, filled in as a correction of the store's stock."""
    found = kinetic.call("InventoryQtyAdjSvc", "GetInventoryQtyAdj", partnumber=part, uomCode="")
    row = found["returned"]["InventoryQtyAdj"][0]
    wanted = {"WareHseCode": "S001", "BinNum": "01", "AdjustQuantity": -3, "ReasonCode": "POS", "TransDate": TODAY}
    return {**row, **wanted, "Reference": "HR adj 991", "RowMod": "U", **columns}


def adjust(kinetic: Kinetic, row: dict[str, Any]) -> dict[str, Any]:
    return kinetic.call("InventoryQtyAdjSvc", "SetInventoryQtyAdj", ds={"InventoryQtyAdj": [row]})


def on_hand(kinetic: Kinetic, part: str, warehouse: str = "S001") -> Decimal:
    return Decimal(kinetic.stored("PartWhse", PartNum=part, Plant="MfgSys", WarehouseCode=warehouse)["OnHandQty"])


def test_the_whole_sequence_lowers_the_stock_by_the_signed_delta(kinetic: Kinetic) -> None:
    row = entered(kinetic)
    assert (row["UnitOfMeasure"], row["OnHandQty"]) == ("EA", 10)
    pre = kinetic.call("InventoryQtyAdjSvc", "PreSetInventoryQtyAdj", ds={"InventoryQtyAdj": [row]})
    assert pre["requiresUserInput"] is False
    test = kinetic.call(
        "InventoryQtyAdjSvc", "NegativeInventoryTest", pcPartNum="BOOT-11", pcWhseCode="S001", ipSellingQuantity=-3
    )
    assert test["pcNeqQtyAction"] == "None"
    done = adjust(kinetic, row)
    assert on_hand(kinetic, "BOOT-11") == 7
    assert done["ds"]["InventoryQtyAdj"][0]["OnHandQty"] == 7
    assert done["partTranPKs"] == "2026-11-23~54000~1"


def test_the_movement_is_written_down_with_reason_reference_and_both_quantities(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic))
    (tran,) = kinetic.rows("PartTranSvc/PartTrans", filter="PartNum eq 'BOOT-11'")
    assert (tran["TranType"], tran["TranQty"], tran["UM"]) == ("ADJ-QTY", -3, "EA")
    assert (tran["InvAdjReason"], tran["TranReference"], tran["WareHouseCode"]) == ("POS", "HR adj 991", "S001")
    assert (tran["BeginQty"], tran["AfterQty"], tran["EntryPerson"]) == (10, 7, "he-sync")


def test_the_bin_moves_with_the_warehouse(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic, AdjustQuantity=5))
    assert kinetic.stored("PartBin", PartNum="BOOT-11", WarehouseCode="S001", BinNum="01", LotNum="")["OnhandQty"] == 15
    found = kinetic.call(
        "InventoryQtyAdjSvc", "GetInventoryQtyAdjBrw", partNum="BOOT-11", attributeSetID=0, wareHouseCode="S001"
    )
    assert [(bin_["BinNum"], bin_["OnHandQty"]) for bin_ in found["returned"]["InventoryQtyAdjBrw"]] == [("01", 15)]
    assert found["primaryBin"] == "01"


def test_twelve_eaches_out_of_a_case_part_are_one_case(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic, "SOCK", AdjustQuantity=-12, UnitOfMeasure="EA"))
    assert on_hand(kinetic, "SOCK") == 4
    (tran,) = kinetic.rows("PartTranSvc/PartTrans")
    assert (tran["TranQty"], tran["UM"], tran["ActTranQty"], tran["ActTransUOM"]) == (-1, "CS", -12, "EA")


def test_one_each_out_of_a_case_part_keeps_the_eaches_to_a_thousandth(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic, "SOCK", AdjustQuantity=-1, UnitOfMeasure="EA"))
    assert round(on_hand(kinetic, "SOCK") * 12, 3) == 59


def test_an_empty_bin_takes_the_only_one_of_the_warehouse(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic, BinNum=""))
    assert kinetic.rows("PartTranSvc/PartTrans")[0]["BinNum"] == "01"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"PartNum": "GHOST"}, "Part Number references invalid value."),
        ({"PartNum": ""}, "Part Number is required."),
        ({"WareHseCode": "S999"}, "Warehouse references invalid value."),
        ({"WareHseCode": ""}, "Warehouse is required."),
        ({"BinNum": "99"}, "Bin references invalid value."),
        ({"UnitOfMeasure": "PAL"}, "Quantity UOM references invalid value."),
        ({"ReasonCode": "NIX"}, "Reason Code references invalid value."),
        ({"ReasonCode": ""}, "Reason Code is required."),
        ({"AdjustQuantity": 0}, "Adjust Quantity is required."),
    ],
)
def test_what_is_unknown_or_missing_is_refused_and_nothing_moves(
    kinetic: Kinetic, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refused) as refusal:
        adjust(kinetic, entered(kinetic, **wrong))
    assert (refusal.value.status, refusal.value.message) == (400, message)
    assert refusal.value.body["ErrorType"] == "Ice.Common.BusinessObjectException"
    assert on_hand(kinetic, "BOOT-11") == 10
    assert kinetic.rows("PartTranSvc/PartTrans") == []


def test_an_unknown_part_has_no_row_to_fill_in(kinetic: Kinetic) -> None:
    with pytest.raises(Refused, match="Part Number references invalid value"):
        kinetic.call("InventoryQtyAdjSvc", "GetInventoryQtyAdj", partnumber="GHOST", uomCode="")


def test_a_mistyped_quantity_cannot_be_read(kinetic: Kinetic) -> None:
    with pytest.raises(Refused, match="Unable to deserialize entity"):
        adjust(kinetic, entered(kinetic, AdjustQuantity="-3"))


def test_two_corrections_in_one_call_are_done_together_or_not_at_all(kinetic: Kinetic) -> None:
    good, bad = entered(kinetic), entered(kinetic, "SOCK", ReasonCode="NIX")
    with pytest.raises(Refused, match="Reason Code"):
        kinetic.call("InventoryQtyAdjSvc", "SetInventoryQtyAdj", ds={"InventoryQtyAdj": [good, bad]})
    assert on_hand(kinetic, "BOOT-11") == 10
    done = kinetic.call(
        "InventoryQtyAdjSvc", "SetInventoryQtyAdj", ds={"InventoryQtyAdj": [good, {**bad, "ReasonCode": "POS"}]}
    )
    assert len(done["partTranPKs"].split(",")) == 2


def test_the_same_correction_sent_twice_moves_the_stock_twice(kinetic: Kinetic) -> None:
    row = entered(kinetic)
    adjust(kinetic, row)
    adjust(kinetic, row)
    assert on_hand(kinetic, "BOOT-11") == 4


@pytest.mark.parametrize(("setting", "action"), [("Warn", "Warn"), ("Stop", "Stop"), ("None", "None")])
def test_a_stock_below_nothing_is_announced_by_the_negative_test(kinetic: Kinetic, setting: str, action: str) -> None:
    kinetic.switch(negative_stock=setting)
    found = kinetic.call(
        "InventoryQtyAdjSvc", "NegativeInventoryTest", pcPartNum="BOOT-11", pcWhseCode="S001", ipSellingQuantity=-11
    )
    assert found["pcNeqQtyAction"] == action
    assert "-1" in found["pcMessage"]


def test_a_stock_below_nothing_is_refused_only_where_the_setting_stops_it(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic, AdjustQuantity=-11))
    assert on_hand(kinetic, "BOOT-11") == -1
    kinetic.switch(negative_stock="Stop")
    with pytest.raises(Refused, match="would become negative"):
        adjust(kinetic, entered(kinetic, AdjustQuantity=-1))


def test_a_part_new_to_a_warehouse_is_a_choice(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic, WareHseCode="D001", AdjustQuantity=2))
    assert on_hand(kinetic, "BOOT-11", "D001") == 2
    kinetic.switch(adjust_new_warehouse="refuse")
    with pytest.raises(Refused, match="Warehouse references invalid value"):
        adjust(kinetic, entered(kinetic, "SOCK", WareHseCode="D001", AdjustQuantity=2))


def test_a_date_in_a_closed_period_is_refused(kinetic: Kinetic) -> None:
    kinetic.switch(closed_through="2026-10")
    with pytest.raises(Refused, match="Fiscal period 10 of 2026 is closed"):
        adjust(kinetic, entered(kinetic, TransDate="2026-10-31T00:00:00"))
    adjust(kinetic, entered(kinetic, TransDate="2026-11-01T00:00:00"))


def test_a_movement_cannot_be_written_or_changed_by_a_caller(kinetic: Kinetic) -> None:
    adjust(kinetic, entered(kinetic))
    with pytest.raises(Refused, match="Part transactions cannot be changed"):
        kinetic.send("POST", "PartTranSvc/PartTrans", {"PartNum": "BOOT-11", "TranNum": 9, "SysDate": TODAY})


def test_a_reader_may_not_correct_stock(kinetic: Kinetic) -> None:
    row = entered(kinetic)
    viewer = Kinetic(kinetic.sandbox, "viewer")
    with pytest.raises(Refused) as refusal:
        adjust(viewer, row)
    viewer.close()
    assert refusal.value.status == 403
    assert on_hand(kinetic, "BOOT-11") == 10


def test_a_parts_change_number_moves_with_its_stock(kinetic: Kinetic) -> None:
    before = kinetic.stored("PartWhse", PartNum="BOOT-11", Plant="MfgSys", WarehouseCode="S001")["SysRevID"]
    adjust(kinetic, entered(kinetic))
    assert kinetic.stored("PartWhse", PartNum="BOOT-11", Plant="MfgSys", WarehouseCode="S001")["SysRevID"] > before
