"""Customers, their ship-to addresses and their contacts: CustomerSvc, ShipToSvc, CustCntSvc."""

from __future__ import annotations

from collections.abc import Collection

from he_sync.sandbox.epicor import rows
from he_sync.sandbox.epicor.amounts import CURRENCIES, changed_now, newly
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, dataset, dataset_in, project, register
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business, Duplicate, Failed, NotFound
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.switches import DUPLICATE_CUSTID_STATUS

TYPES = frozenset({"CUS", "PRO", "SUS"})
COUNTRIES = range(300)


def _new(ctx: Context, row: Row) -> None:
    row.update(CustomerType="CUS", CurrencyCode="USD", EstDate=ctx.today())


def _complete(ctx: Context, row: Row, given: Collection[str]) -> None:
    fresh: Row = {}
    _new(ctx, fresh)
    row.update({name: value for name, value in fresh.items() if name not in given})


def _before(ctx: Context, row: Row, before: Row | None) -> None:
    if not row["CustID"]:
        raise Business("Customer ID is required.", table="Customer", field="CustID")
    if newly(row, before, "CustID"):
        _unique(ctx, row["CustID"])
    if newly(row, before, "CustomerType") and row["CustomerType"] not in TYPES:
        raise Business("Customer Type references invalid value.", table="Customer", field="CustomerType")
    if newly(row, before, "CurrencyCode") and row["CurrencyCode"] not in CURRENCIES:
        raise Business("Currency Code references invalid value", table="Customer", field="CurrencyCode")
    if row["BTCountry"] != (before or {}).get("BTCountry", "") or row["BTCountryNum"] not in COUNTRIES:
        raise Business("A valid Bill To Country is required", table="Customer", field="BTCountryNum")
    changed_now(ctx, row)


def _unique(ctx: Context, custom_id: str) -> None:
    """Documented as a duplicate record, measured as a 500 that says nothing: which of the two is a switch."""
    if not rows.find(ctx, "Customer", limit=1, CustID=custom_id):
        return
    if DUPLICATE_CUSTID_STATUS.read(ctx.state) == "409":
        raise Duplicate("A duplicate record exists.", table="Customer", field="CustID")
    raise Failed


def _contact(ctx: Context, row: Row, before: Row | None) -> None:
    if not row["Name"]:
        raise Business("Name is required.", table="CustCnt", field="Name")
    if before is None:
        row["CreateDate"] = ctx.today()
    changed_now(ctx, row)


def _address(ctx: Context, row: Row, before: Row | None) -> None:
    """ShipToNum is never assigned: a row without one is stored under "" for good."""
    del before
    changed_now(ctx, row)


# methods


def _by_cust_id(ctx: Context, args: Row) -> Row:
    found = rows.find(ctx, "Customer", limit=1, CustID=str(argument(args, "custID")))
    if not found:
        raise NotFound("Record not found.", table="Customer", method="GetByCustID")
    ds = dataset(ctx, CUSTOMER, found[0])
    if args.get("withShipTo") is False:
        ds["ShipTo"] = []
    return answer(ds)


def _territory(_: Context, args: Row) -> Row:
    """GetCustomerTerritory: no territories here, so the dataset goes back as it came."""
    return answer(ds=dataset_in(args))


def _same_id(ctx: Context, args: Row) -> Row:
    """CheckDupCustomer: customers with that id or that name."""
    found = rows.find(ctx, "Customer", CustID=str(args.get("custId") or ""))
    return answer({"CustomerList": [project(CUSTOMER, row) for row in found]})


CUSTOMER = register(
    BusinessObject(
        "Erp.BO.CustomerSvc",
        {"Customers": "Customer", "ShipToes": "ShipTo"},
        "Customer",
        list_table="CustomerList",
        hooks={
            "Customer": Hooks(numbers=("CustNum", 1), new=_new, complete=_complete, before_write=_before),
            "ShipTo": Hooks(before_write=_address),
            "CustCnt": Hooks(numbers=("ConNum", 1), before_write=_contact),
        },
        methods={
            "GetByCustID": _by_cust_id,
            "GetCustomer": _by_cust_id,
            "GetCustomerTerritory": _territory,
            "CheckDupCustomer": _same_id,
        },
    ),
)
SHIP_TO = register(BusinessObject("Erp.BO.ShipToSvc", {"ShipToes": "ShipTo"}, "ShipTo"))
CONTACT = register(BusinessObject("Erp.BO.CustCntSvc", {"CustCnts": "CustCnt"}, "CustCnt"))
