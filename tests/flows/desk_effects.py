"""One new effect of every kind on the desk's world, as flows and the night plan them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.model.retailer import Retailer
from he_sync.sandbox.state import State
from he_sync.store.effects import Effect, effect_key

DAY = "2026-11-20"
REPORTS = frozenset({"confirm_order", "report_status", "invoice_order"})
TO_HEARTLAND = REPORTS | {"update_pos_customer", "adjust_pos_stock"}
ALIASES = {"old_sales_order": "create_sales_order"}
"""What the desk calls a second form of one kind: effects of older stores carry charges beside the order's header."""

Made = tuple[str, dict[str, Any]]


class Effects:
    """Makes effects that nobody planned before, each about a record of its own."""

    def __init__(self, state: State, systems: Systems, retailer: Retailer) -> None:
        self.systems, self.retailer, self.numbers = systems, retailer, count(900_001)
        self.customers = iter(state.select("epicor/Customer", order="key"))
        self.pos_customers = iter(state.select("heartland/customers", order="key"))
        self.orders = iter([one for one in state.select("epicor/OrderHed", order="key") if not one.get("VoidOrder")])
        self.taken = iter(state.select("heartland/sales/orders", order="key") * 20)
        self.parts = iter(
            [
                (row["PartNum"], row["WarehouseCode"])
                for row in state.select("epicor/PartWhse", order="key")
                if (state.get("epicor/Part", f"EPIC06~{row['PartNum']}") or {}).get("IUM", "EA") == "EA"
            ]
        )
        self.items: Iterator[dict[str, Any]] = iter(state.select("heartland/inventory/values", order="key"))

    def effect(self, kind: str, **changes: Any) -> Effect:
        """A new effect of a kind, within its limit."""
        number = next(self.numbers)
        entity, body = getattr(self, f"_{kind}")(number)
        key = effect_key("desk", "test", entity.split(" ")[0], entity, kind, str(number))
        real = ALIASES.get(kind, kind)
        target = "heartland" if real in TO_HEARTLAND else "epicor"
        given = {"limit_ok": True, "summary": f"{real} {entity}", **changes}
        return Effect(key, real, target, entity, DAY, body, **given)

    # customers

    def _create_customer(self, number: int) -> Made:
        body = {
            "Company": "EPIC06",
            "CustID": f"H{number}",
            "Name": "Ada Hill",
            "EMailAddress": f"a{number}@example.com",
        }
        return f"customer {number}", {**body, "CustomerType": "CUS"}

    def _update_customer(self, number: int) -> Made:
        row = next(self.customers)
        return f"customer {number}", {"CustNum": row["CustNum"], "Name": f"Name {number}", "PhoneNum": str(number)}

    def _update_pos_customer(self, number: int) -> Made:
        row = next(self.pos_customers)
        fields = {"first_name": f"Ada {number}", "phone_number": str(number)}
        return f"customer {row['id']}", {"customer_id": row["id"], "fields": fields}

    # sales orders

    def _create_sales_order(self, number: int, customer: str = "") -> Made:
        entity, body = self._old_sales_order(number, customer)
        rows = [
            {
                "MiscCode": one["code"],
                "Description": one["text"],
                "DocMiscAmt": one["amount"],
                "Type": "A",
                "FreqCode": "F",
                "OrderLine": 0,
            }
            for one in body.pop("charges")
        ]
        return entity, {**body, "header": {**body["header"], "OHOrderMscs": rows}}

    def _old_sales_order(self, number: int, customer: str = "") -> Made:
        day = f"{DAY}T00:00:00"
        header = {
            "Company": "EPIC06",
            "PONum": f"HR-T{number}",
            "OrderDate": day,
            "RequestDate": day,
            "NeedByDate": day,
            "CurrencyCode": "USD",
            "FOB": "ORIG",
            "CounterSale": True,
            "OrderComment": f"Heartland ticket {number}",
            "OrderDtls": [self.line()],
        }
        charges = [
            {"code": "TAX", "amount": Decimal("3.20"), "text": "Sales tax"},
            {"code": "DISC", "amount": Decimal("-4.00"), "text": "Discount"},
        ]
        body = {"customer": customer or self.retailer.epicor.walk_in_customer, "header": header, "charges": charges}
        return f"ticket {number}", {**body, "amount_minor": 3998 + 320 - 400}

    def line(self, quantity: int = 2) -> dict[str, Any]:
        """A line over 19.99 a piece."""
        part, _ = next(self.parts)
        price = {"DocUnitPrice": Decimal("19.99"), "OverridePriceList": True}
        return {"PartNum": part, "LineDesc": part, "SalesUM": "EA", "SellingQuantity": quantity, **price}

    def _add_order_charge(self, number: int) -> Made:
        row = next(self.orders)
        target = int(Decimal(str(row["OrderAmt"])) * 100) - 2
        body = {"order_num": row["OrderNum"], "code": "RND", "amount": Decimal("-0.02"), "target_minor": target}
        return f"order {number}", {**body, "text": "order_tax_rounding"}

    def order(self, number: int) -> dict[str, Any]:
        """A sales order of two lines of two pieces and a tax charge that is in Epicor already: 83.16."""
        _, body = self._create_sales_order(number)
        [customer] = self.systems.epicor.read(
            "Erp.BO.CustomerSvc", "Customers", filter=f"CustID eq '{body['customer']}'", select=("CustNum",)
        )
        tax = body["header"]["OHOrderMscs"][:1]
        more = {"OrderDtls": [self.line(), self.line()], "OHOrderMscs": tax, "CustNum": customer["CustNum"]}
        return self.systems.epicor.insert("Erp.BO.SalesOrderSvc", "SalesOrders", {**body["header"], **more})

    def _change_sales_order(self, number: int) -> Made:
        """Line 1 from two to three pieces, line 2 taken out, a line added, more tax, another comment."""
        order = self.order(number)
        owner = f"order {order['OrderNum']}"
        lines = [
            {"op": "set", "line": 1, "SellingQuantity": Decimal(3), "was": {"SellingQuantity": Decimal(2)}},
            {"op": "close", "line": 2},
            {"op": "add", "line": 3, **self.line(1)},
        ]
        charges = [{"op": "set", "seq": 1, "code": "TAX", "amount": Decimal("3.50"), "text": "Sales tax"}]
        charges += [{"op": "add", "seq": None, "code": "FRT", "amount": Decimal("5.00"), "text": "Shipping"}]
        body = {"owner": owner, "header": {"OrderComment": f"changed {number}"}, "lines": lines, "charges": charges}
        amounts = {"from_minor": 3998 * 2 + 320, "amount_minor": 1999 * 3 + 1999 + 350 + 500}
        return owner, {**body, **amounts, "diff": [{"what": "line 1 quantity", "old": "2", "new": "3"}]}

    def _cancel_sales_order(self, number: int) -> Made:
        owner = f"order {self.order(number)['OrderNum']}"
        return owner, {"owner": owner, "reason": "cancelled at the till"}

    def _create_rma(self, number: int) -> Made:
        order = self.order(number)
        [head] = self.systems.epicor.read(
            "Erp.BO.SalesOrderSvc", "SalesOrders", filter=f"OrderNum eq {order['OrderNum']}", expand="OrderDtls"
        )
        lines = [
            {
                "part": line["PartNum"],
                "qty": Decimal(1),
                "unit": "EA",
                "unit_price_minor": 1899,
                "amount_minor": 1899,
                "reason": "POS",
                "description": "back",
            }
            for line in head["OrderDtls"]
        ]
        body = {
            "owner": f"ticket {number}",
            "order_owner": f"order {order['OrderNum']}",
            "customer": self.retailer.epicor.walk_in_customer,
            "date": DAY,
            "warehouse": "S001",
            "bin": "01",
            "lines": lines,
            "charges": [{"code": "TAX", "text": "Sales tax", "amount": Decimal("3.04")}],
            "credit": True,
            "amount_minor": 2 * 1899 + 304,
            "reference": f"HR-T{number}",
        }
        return f"ticket {number}", body

    # Heartland

    def _confirm_order(self, number: int) -> Made:
        row = next(self.taken)
        return f"order {number}", {"order_id": row["id"], "owner": f"order {number}"}

    def _report_status(self, number: int) -> Made:
        row = next(self.taken)
        return f"order {number}", {"order_id": row["id"], "custom": {"epicor_status": f"shipped {number}"}}

    def _invoice_order(self, number: int) -> Made:
        """An open order over three and two pieces, of which two and two were shipped."""
        heartland, first = self.systems.heartland, next(self.items)
        second = next(one for one in self.items if one["item_id"] != first["item_id"])
        lines = [{"item_id": first["item_id"], "qty": 3}, {"item_id": second["item_id"], "qty": 2}]
        place = first["location_id"]
        order = heartland.create("sales/orders", {"source_location_id": place, "lines": lines})
        heartland.update(f"sales/orders/{order}", {"status": "open"})
        there = heartland.list_all(f"sales/orders/{order}/lines")
        shipped = [{"order_line_id": row["id"], "item_id": row["item_id"], "qty": Decimal(2)} for row in there]
        return f"order {order}", {"order_id": order, "pack": number, "lines": shipped, "date": DAY}

    # stock and ledger

    def _adjust_erp_stock(self, _number: int) -> Made:
        part, warehouse = next(self.parts)
        body = {"part": part, "warehouse": warehouse, "bin": "01", "delta": 3, "unit": "EA", "date": DAY}
        return f"item {part} @ {warehouse}", body

    def _adjust_pos_stock(self, _number: int) -> Made:
        row, reason = next(self.items), self.retailer.heartland_adjustment_reason_id
        body = {"location_id": row["location_id"], "item_id": row["item_id"], "delta": Decimal(2), "reason_id": reason}
        return f"item {row['item_id']} @ {row['location_id']}", body

    def _post_journal(self, number: int) -> Made:
        text = f"HR PAY {number} COR"
        lines = [
            {"account": "1150|S001", "amount_minor": 1234, "text": text},
            {"account": "1199|S001", "amount_minor": -1234, "text": text.replace("PAY", "COR")},
        ]
        return f"payment {number}", {"store": "S001", "date": DAY, "lines": lines, "text": f"missing_gl {number}"}
