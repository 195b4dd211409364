"""Sales order heads: defaults, refusals, charges and totals.

OrderAmt = TotalCharges + TotalMisc - TotalDiscount + TotalTax. Charges, discount and misc are summed from the rows once
a request; tax is a fact that is stored as it was given.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from decimal import Decimal

from he_sync.sandbox.epicor import rows
from he_sync.sandbox.epicor.amounts import CURRENCIES, changed_now, money, newly, twin
from he_sync.sandbox.epicor.checks import server_only
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.switches import CLOSED_ORDER_LINES, NESTED_CHARGE_LINE

FROM_CUSTOMER = ("TermsCode", "ShipViaCode", "CurrencyCode", "TaxRegionCode", "DiscountPercent")
OTHER_TAX = ("SALES", "")  # the code is ours: a legacy order says how much tax it has, not of which kind
TAX_CLOSED = server_only("The tax summary")
SUMMED = ("TotalCharges", "TotalMisc", "TotalDiscount")


def _head_new(ctx: Context, row: Row) -> None:
    row.update(OpenOrder=True, OrderDate=ctx.today(), Plant=ctx.plant, CurrencyCode="USD", ExchangeRate=1)


def _head_complete(ctx: Context, row: Row, given: Collection[str]) -> None:
    """Few defaults: a write that is not the screen's gets no terms, no FOB, no units."""
    fresh: Row = {}
    _head_new(ctx, fresh)
    row.update({name: value for name, value in fresh.items() if name not in given})
    customer = rows.read(ctx, "Customer", row["CustNum"])
    if customer is not None and "ShipToNum" not in given:
        row["ShipToNum"] = customer["ShipToNum"]


def _head_before(ctx: Context, row: Row, before: Row | None) -> None:
    if newly(row, before, "CustNum"):
        sold_to(row, _customer(ctx, row), defaults=False)
    if newly(row, before, "FOB") and not row["FOB"]:
        raise Business("FOB is required.", table="OrderHed", field="FOB")
    if newly(row, before, "CurrencyCode") and row["CurrencyCode"] not in CURRENCIES:
        raise Business("Currency Code references invalid value", table="OrderHed", field="CurrencyCode")
    row["WebOrder"] = before["WebOrder"] if before else False
    row["SalesRepList"] = "~".join(row[f"SalesRepCode{place}"] for place in range(1, 6) if row[f"SalesRepCode{place}"])
    tax = twin(row, before, "TotalTax")
    for name in SUMMED:
        row[name] = row[f"Doc{name}"] = row[name] if _counting(ctx) else before[name] if before else 0
    row["OrderAmt"] = row["DocOrderAmt"] = row["TotalCharges"] + row["TotalMisc"] - row["TotalDiscount"] + tax
    changed_now(ctx, row)


def _counting(ctx: Context) -> bool:
    """Whether the totals are being written now; any other write leaves them as they are."""
    return "counting" in ctx.flags


def _customer(ctx: Context, row: Row) -> Row:
    """The customer of an order, by number or by id, if it may have one. Raises Business."""
    if not row["CustNum"] and row["CustomerCustID"]:
        found = rows.find(ctx, "Customer", limit=1, CustID=row["CustomerCustID"])
        row["CustNum"] = found[0]["CustNum"] if found else 0
    if not row["CustNum"]:
        raise Business("Customer is required.", table="OrderHed", field="CustNum")
    customer = rows.need(ctx, "Customer", row["CustNum"])
    if customer["CustomerType"] not in {"", "CUS"}:
        raise Business("Customer Type must be CUS.", table="OrderHed", field="CustNum")
    if customer["CreditCardOrder"] and not row["CreditCardOrder"]:
        raise Business("Customer requires credit card orders.", table="OrderHed", field="CreditCardOrder")
    if (
        customer["CheckDuplicatePO"]
        and row["PONum"]
        and rows.find(ctx, "OrderHed", PONum=row["PONum"], CustNum=row["CustNum"])
    ):
        raise Business("Duplicate PO number for this customer.", table="OrderHed", field="PONum")
    return customer


def sold_to(row: Row, customer: Row, *, defaults: bool) -> None:
    """Put a customer on a head; with `defaults` as the screen does it: terms, ship via, currency, but no FOB."""
    row.update(CustNum=customer["CustNum"], CustomerCustID=customer["CustID"], CustomerName=customer["Name"])
    row.update({name: customer["CustNum"] for name in ("BTCustNum", "ShipToCustNum") if defaults or not row[name]})
    row["BTCustNumCustID"] = customer["CustID"]
    if defaults:
        row.update({name: customer[name] for name in FROM_CUSTOMER if customer[name]}, ShipToNum=customer["ShipToNum"])


def _closed(_: Context, row: Row) -> bool:
    return bool(row["VoidOrder"]) or not row["OpenOrder"]


def _head_after(ctx: Context, row: Row, before: Row | None) -> None:
    del before
    if not _counting(ctx):
        count_later(ctx, row["OrderNum"])


def count_later(ctx: Context, order: int) -> None:
    """Sum the order's totals before the commit."""
    ctx.at_end(f"totals {order}", lambda: count(ctx, order))


def count(ctx: Context, order: int) -> None:
    """Sum charges, discount and misc of an order; the head is written only when a total changed."""
    head = rows.read(ctx, "OrderHed", order)
    if head is None:
        return
    lines = rows.children(ctx, "OrderDtl", head)
    misc = [*rows.children(ctx, "OHOrderMsc", head), *rows.find(ctx, "OrderMsc", OrderNum=order)]
    found = {
        "TotalCharges": sum((line["DocExtPriceDtl"] for line in lines), Decimal(0)),
        "TotalDiscount": sum((line["DocDiscount"] for line in lines), Decimal(0)),
        "TotalMisc": sum((charge["DocMiscAmt"] for charge in misc), Decimal(0)),
    }
    amount = found["TotalCharges"] + found["TotalMisc"] - found["TotalDiscount"] + head["TotalTax"]
    if any(head[name] != value for name, value in [*found.items(), ("OrderAmt", amount)]):
        ctx.flags.add("counting")
        try:
            rows.update(ctx, "OrderHed", head, {**found, "TotalLines": len(lines)})
        finally:
            ctx.flags.discard("counting")


def open_head(ctx: Context, table: str, row: Row, before: Row | None) -> Row:
    """The head of a line or charge; whether a closed one takes a new row is a switch. Raises Business."""
    head = rows.need(ctx, "OrderHed", row["OrderNum"])
    if before is None and _closed(ctx, head) and CLOSED_ORDER_LINES.read(ctx.state) == "refuse":
        raise Business("Order is closed.", table=table)
    return head


# charges


def _charge_before(ctx: Context, row: Row, before: Row | None) -> None:
    open_head(ctx, "OrderMsc", row, before)
    if not row["MiscCode"]:
        raise Business("Misc Charge is required.", table="OrderMsc", field="MiscCode")
    row.update(
        Type=row["Type"] or "A", FreqCode=row["FreqCode"] or "F", Description=row["Description"] or row["MiscCode"]
    )
    twin(row, before, "MiscAmt")
    changed_now(ctx, row)


def _head_charge(_: Context, row: Row, given: Collection[str]) -> None:
    del given
    row["OrderLine"] = 0


def _charge_after(ctx: Context, row: Row, before: Row | None) -> None:
    del before
    count_later(ctx, row["OrderNum"])


def _charge_line(ctx: Context, lines: list[Row], place: int) -> Row:
    """A charge nested in a line of a composite create lands on another line than its own, with success."""
    where = NESTED_CHARGE_LINE.read(ctx.state)
    return lines[-1] if where == "last" else lines[0] if where == "first" else lines[place]


def _charge_gone(ctx: Context, row: Row) -> None:
    count_later(ctx, row["OrderNum"])


HEAD = Hooks(
    numbers=("OrderNum", 5001),
    new=_head_new,
    complete=_head_complete,
    before_write=_head_before,
    after_write=_head_after,
    locked=_closed,
)
HEAD_CHARGE = Hooks(
    numbers=("SeqNum", 1),
    complete=_head_charge,
    before_write=_charge_before,
    after_write=_charge_after,
    after_delete=_charge_gone,
)
LINE_CHARGE = Hooks(
    numbers=("SeqNum", 1),
    before_write=_charge_before,
    after_write=_charge_after,
    after_delete=_charge_gone,
    nested_under=_charge_line,
)


# taxes


def tax_summary(ctx: Context, head: Row) -> list[Row]:
    """HedTaxSum: a sum for each tax of the releases, and what TotalTax holds beyond them under one code of its own."""
    found: dict[tuple[str, str], Decimal] = {}
    for tax in rows.find(ctx, "OrderRelTax", OrderNum=head["OrderNum"]):
        of = (tax["TaxCode"], tax["RateCode"])
        found[of] = found.get(of, Decimal(0)) + Decimal(tax["DocTaxAmt"] or tax["TaxAmt"])
    rest = Decimal(head["TotalTax"]) - sum(found.values(), Decimal(0))
    if rest:
        found[OTHER_TAX] = found.get(OTHER_TAX, Decimal(0)) + rest
    taxable = Decimal(head["TotalCharges"]) + Decimal(head["TotalMisc"]) - Decimal(head["TotalDiscount"])
    return [_tax_row(ctx, head, of, taxable, amount) for of, amount in found.items()]


def _tax_row(ctx: Context, head: Row, of: tuple[str, str], taxable: Decimal, amount: Decimal) -> Row:
    keys = {"HedNum": head["OrderNum"], "TaxCode": of[0], "RateCode": of[1]}
    amounts = {"TaxAmt": amount, "TaxableAmt": taxable, "ReportableAmt": taxable}
    twins = {f"Doc{name}": value for name, value in amounts.items()}
    percent = money(amount * 100 / taxable) if taxable else 0
    described = {"Percent": percent, "CurrencyCode": head["CurrencyCode"], "TaxDescription": of[0]}
    identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"HedTaxSum~{head['OrderNum']}~{of[0]}~{of[1]}"))
    return {**rows.new(ctx, "HedTaxSum", **keys, **amounts, **twins, **described), "SysRowID": identity, "RowMod": ""}


TAX_SUMMARY = Hooks(before_write=TAX_CLOSED, before_delete=TAX_CLOSED, derived=tax_summary)
