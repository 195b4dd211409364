"""A handful of processor documents in the wire's shape, for tests: two shops, one of them funded net."""

from __future__ import annotations

from typing import Any

from he_sync.sandbox.state import State

MID, OTHER_MID = "101023947262", "101023947263"
DAY, FUNDED = "2026-01-16", "2026-01-20"


def sale(number: int, amount: int, **changes: Any) -> dict[str, Any]:
    """A funded Visa sale of batch day 2026-01-16, overridden field by field; `mid` and `brand` reach inside."""
    mid, brand = changes.pop("mid", MID), changes.pop("brand", "VISA")
    return {
        "id": f"TRN_{number:04d}",
        "time_created": f"2026-01-15T18:{number % 60:02d}:05.000Z",
        "time_created_reference": f"2026-01-15T12:{number % 60:02d}:05.000Z",
        "status": "FUNDED",
        "type": "SALE",
        "channel": "CP",
        "amount": str(amount),
        "currency": "USD",
        "reference": f"{117000 + number}",
        "description": "",
        "order_reference": f"{117000 + number}",
        "batch_id": f"BAT_{mid}-1",
        "batch_time_created": f"{DAY}T10:30:00.000Z",
        "country": "US",
        "parent_resource_id": "",
        "deposit_id": f"DEP_{mid}",
        "deposit_status": "FUNDED",
        "deposit_time_created": FUNDED,
        "system": {"mid": mid, "hierarchy": "055-70-024-011-019", "name": "DEMO LTD", "dba": "DEMO"},
        "payment_method": {
            "result": "00",
            "message": "APPROVAL",
            "entry_mode": "CHIP",
            "name": "",
            "card": {
                "brand": brand,
                "authcode": f"{number:05d}A",
                "brand_reference": f"TQ{number}",
                "arn": f"7450001003762441082{number:04d}",
                "masked_number_first6last4": "411111XXXXXX1111",
            },
        },
        **changes,
    }


def deposit(mid: str, amount: int, sales: tuple[int, int], **changes: Any) -> dict[str, Any]:
    """A deposit of 2026-01-20 with its sales as (count, minor units)."""
    return {
        "id": f"DEP_{mid}",
        "time_created": FUNDED,
        "status": "FUNDED",
        "funding_type": "CREDIT",
        "amount": str(amount),
        "currency": "USD",
        "aggregation_model": "H-By Date",
        "bank_transfer": {"masked_account_number_last4": "XXXXXX4321", "bank": {"code": "XXXXX0001"}},
        "system": {"mid": mid, "hierarchy": "055-70-024-011-019", "name": "DEMO LTD", "dba": "DEMO"},
        "sales": {"count": sales[0], "amount": str(sales[1])},
        "refunds": {"count": 0, "amount": "0"},
        "fees": {"amount": ""},
        **changes,
    }


DISPUTE = {
    "id": "DIS_1",
    "time_created": "2026-01-22T09:00:00.000Z",
    "merchant_id": "MER_sandbox",
    "account_id": "DIA_sandbox",
    "status": "WITH_MERCHANT",
    "status_time_created": "2026-01-22T09:00:00.000Z",
    "stage": "CHARGEBACK",
    "stage_time_created": "2026-01-22T09:00:00.000Z",
    "amount": "2500",
    "currency": "USD",
    "reason_code": "10.4",
    "reason_description": "Other fraud",
    "time_to_respond_by": "2026-02-05T09:00:00.000Z",
    "result": "PENDING",
    "system": {"mid": MID, "hierarchy": "055-70-024-011-019", "name": "DEMO LTD", "dba": "DEMO"},
    "deposit_id": f"DEP_{MID}",
    "deposit_time_created": "2026-01-23",
    "transaction": {
        "time_created": "2026-01-15T18:01:05.000Z",
        "type": "SALE",
        "amount": "2500",
        "currency": "USD",
        "reference": "117001",
        "payment_method": {"card": {"number": "411111XXXXXX1111", "arn": "74500010037624410820001", "brand": "VISA"}},
    },
    "documents": [],
}


def load(state: State) -> None:
    """Put the retailer's week into a state: five transactions, two deposits, one dispute."""
    sales = [
        sale(1, 2500),
        sale(2, 20140),
        sale(3, 1500, type="REFUND"),
        sale(4, 9900, mid=OTHER_MID, brand="AMEX", reference="", order_reference=""),
        sale(5, 700, status="CAPTURED", batch_time_created="", deposit_id="", batch_id="BAT_open"),
    ]
    opened = {
        "id": "BAT_open",
        "mid": MID,
        "brand_group": "VMDD",
        "status": "OPEN",
        "time_created": f"{DAY}T11:00:00.000Z",
    }
    gross = deposit(MID, 21140, (2, 22640), refunds={"count": 1, "amount": "-1500"})
    net = deposit(OTHER_MID, 9603, (1, 9900), fees={"amount": "-297"})
    state.load("processor/transactions", [(one["id"], None, one) for one in sales])
    state.load(
        "processor/batches",
        [("BAT_open", None, {**opened, "time_closed": "", "transaction_count": 1, "amount": "700"})],
    )
    state.load("processor/deposits", [(one["id"], None, one) for one in (gross, net)])
    state.load("processor/disputes", [("DIS_1", None, DISPUTE)])
