"""What the other side has of an effect, counted in the sandbox's oracle ledger; `whole`: it says what was meant."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from he_sync.flows.writers import group_id, mark
from he_sync.sandbox.state import State
from he_sync.store.effects import Effect

ONCE: dict[str, Counter[str]] = {
    "create_customer": Counter(customer=1),
    "update_customer": Counter(customer=1),
    "update_pos_customer": Counter(customer=1),
    "create_sales_order": Counter(order=1, line=1, charge=2, whole=1),
    "old_sales_order": Counter(order=1, line=1, charge=2, whole=1),
    "add_order_charge": Counter(charge=1, whole=1),
    "change_sales_order": Counter(line=3, charge=2, whole=1),
    "cancel_sales_order": Counter(void=1),
    "create_rma": Counter({"return": 1, "line": 2, "memo": 1, "charge": 1, "whole": 1}),
    "confirm_order": Counter(number=1),
    "report_status": Counter(status=1),
    "invoice_order": Counter(invoice=1, line=2, movement=2, whole=1),
    "adjust_erp_stock": Counter(movement=1),
    "adjust_pos_stock": Counter(set=1, line=1, movement=1),
    "post_journal": Counter(line=2, journal=1),
}


class Landed:
    """The documents of effects in the sandbox's ledger."""

    def __init__(self, state: State) -> None:
        self.state = state

    def of(self, effect: Effect) -> Counter[str]:
        """How often each document of an effect is there."""
        return getattr(self, f"_{effect.kind}")(effect.body, effect.key)

    def written(self, collection: str, **where: Any) -> list[dict[str, Any]]:
        """Rows that somebody inserted over the API."""
        rows = self.state.oracle("origin = 'api' AND operation = 'insert' AND collection = ?", [collection])
        return [row["after"] for row in rows if all(row["after"].get(name) == value for name, value in where.items())]

    def _create_customer(self, body: dict[str, Any], _key: str) -> Counter[str]:
        return Counter(customer=len(self.written("epicor/Customer", CustID=body["CustID"])))

    def _update_customer(self, body: dict[str, Any], _key: str) -> Counter[str]:
        [row] = self.state.select("epicor/Customer", "json_extract(doc, '$.CustNum') = ?", [body["CustNum"]])
        fields = {name: value for name, value in body.items() if name != "was"}
        return Counter(customer=int(all(row[name] == value for name, value in fields.items())))

    def _update_pos_customer(self, body: dict[str, Any], _key: str) -> Counter[str]:
        row = self.state.get("heartland/customers", body["customer_id"]) or {}
        return Counter(customer=int(all(row[name] == value for name, value in body["fields"].items())))

    # sales orders

    def _create_sales_order(self, body: dict[str, Any], _key: str) -> Counter[str]:
        heads = self.written("epicor/OrderHed", PONum=body["header"]["PONum"])
        lines = [row for head in heads for row in self.written("epicor/OrderDtl", OrderNum=head["OrderNum"])]
        charges = [row for head in heads for row in self.written("epicor/OHOrderMsc", OrderNum=head["OrderNum"])]
        right = heads and self.amount(heads[0]["OrderNum"]) == body["amount_minor"]
        return Counter(order=len(heads), line=len(lines), charge=len(charges), whole=int(bool(right)))

    def _add_order_charge(self, body: dict[str, Any], key: str) -> Counter[str]:
        charges = self.written("epicor/OHOrderMsc", Description=mark(key))
        return Counter(charge=len(charges), whole=int(self.amount(body["order_num"]) == body["target_minor"]))

    def amount(self, order_num: int) -> int:
        """What a sales order comes to, in cents."""
        row = self.state.get("epicor/OrderHed", f"EPIC06~{order_num}")
        assert row is not None
        return int(Decimal(str(row.get("OrderAmt", 0))) * 100)

    def _change_sales_order(self, body: dict[str, Any], _key: str) -> Counter[str]:
        number = int(body["owner"].split(" ")[1])
        lines = self._below("epicor/OrderDtl", number)
        charges = self._below("epicor/OHOrderMsc", number)
        said = [(row.get("SellingQuantity", 0), row.get("OpenLine", False)) for row in lines]
        amounts = [Decimal(str(row["DocMiscAmt"])) for row in charges]
        head = self.state.get("epicor/OrderHed", f"EPIC06~{number}") or {}
        right = said == [(3, True), (2, False), (1, True)] and amounts == [Decimal("3.50"), Decimal(5)]
        right = right and head["OrderComment"] == body["header"]["OrderComment"]
        return Counter(line=len(lines), charge=len(charges), whole=int(right))

    def _below(self, collection: str, number: int) -> list[dict[str, Any]]:
        return self.state.select(collection, "parent = ?", [f"EPIC06~{number}"], order="key")

    def _cancel_sales_order(self, body: dict[str, Any], _key: str) -> Counter[str]:
        row = self.state.get("epicor/OrderHed", f"EPIC06~{body['owner'].split(' ')[1]}") or {}
        return Counter(void=int(row.get("VoidOrder", False)))

    def _create_rma(self, body: dict[str, Any], _key: str) -> Counter[str]:
        heads = self.written("epicor/RMAHead", XRefRMANumber=body["reference"])
        numbers = [head["RMANum"] for head in heads]
        lines = [row for number in numbers for row in self.written("epicor/RMADtl", RMANum=number)]
        memos = [row for number in numbers for row in self.written("epicor/InvcHead", RMANum=number)]
        charges = [row for memo in memos for row in self.written("epicor/InvcMisc", InvoiceNum=memo["InvoiceNum"])]
        given = [self.state.get("epicor/InvcHead", f"EPIC06~{memo['InvoiceNum']}") or {} for memo in memos]
        right = [Decimal(str(row["InvoiceAmt"])) * 100 for row in given] == [-body["amount_minor"]]
        return Counter(
            {"return": len(heads), "line": len(lines), "memo": len(memos), "charge": len(charges), "whole": int(right)}
        )

    # Heartland

    def _custom(self, body: dict[str, Any]) -> dict[str, Any]:
        row = self.state.get("heartland/sales/orders", body["order_id"])
        assert row is not None
        return row.get("custom") or {}

    def _confirm_order(self, body: dict[str, Any], _key: str) -> Counter[str]:
        told = self._custom(body).get("epicor_order")
        return Counter(number=int(str(told) == body["owner"].rpartition(" ")[2]))

    def _report_status(self, body: dict[str, Any], _key: str) -> Counter[str]:
        custom = self._custom(body)
        return Counter(status=int(all(custom.get(name) == value for name, value in body["custom"].items())))

    def _invoice_order(self, body: dict[str, Any], _key: str) -> Counter[str]:
        heads = self.written("heartland/sales/invoices", order_id=body["order_id"])
        ids = [row["id"] for row in heads]
        lines = [
            row for number in ids for row in self.state.select("heartland/sales/invoices.lines", "parent = ?", [number])
        ]
        moves = [row for row in self.written("heartland/inventory/transactions") if row.get("source_id") in ids]
        ordered = self.state.select("heartland/sales/orders.lines", "parent = ?", [body["order_id"]])
        right = [Decimal(str(row["qty_invoiced"])) for row in ordered] == [line["qty"] for line in body["lines"]]
        return Counter(invoice=len(heads), line=len(lines), movement=len(moves), whole=int(right))

    # stock and ledger

    def _adjust_erp_stock(self, _body: dict[str, Any], key: str) -> Counter[str]:
        return Counter(movement=len(self.written("epicor/PartTran", TranReference=mark(key))))

    def _adjust_pos_stock(self, _body: dict[str, Any], key: str) -> Counter[str]:
        sets = self.written("heartland/inventory/adjustment_sets", description=mark(key))
        ids = [row["id"] for row in sets]
        lines = [row for row in self.written("heartland/inventory/adjustment_sets.lines") if self._of_set(row, ids)]
        moves = [row for row in self.written("heartland/inventory/transactions") if row.get("source_id") in ids]
        return Counter(set=len(sets), line=len(lines), movement=len(moves))

    def _of_set(self, line: dict[str, Any], ids: list[int]) -> bool:
        return line.get("adjustment_set_id", line.get("set_id")) in ids

    def _post_journal(self, _body: dict[str, Any], key: str) -> Counter[str]:
        lines = self.written("epicor/GLJrnDtl", GroupID=group_id(key))
        return Counter(line=len(lines), journal=len({row["JournalNum"] for row in lines}))
