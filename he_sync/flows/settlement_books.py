"""What nights pulled, as the folder of files that the settlement chain reads: canonical frames of days to relations.

Ids of both systems are texts or numbers of their own; a relation's ids are numbers, and `Numbers` tells what each
stands for. Where a frame knows less than a relation asks, it says so here:

- a payment's brand is that of its settlement line, "card" while it has none;
- the processor states fees by deposit: a line has the contract's fee, and what a deposit charged above or below that
  stands on its largest line;
- chargebacks are stated by deposit too and become one line of their own;
- cash is expected at the bank only where `cash_is_banked`, else its tender is called "till";
- what was sold before the first day is no business of the folder, and neither are the deposits that paid it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer, Terms, brand_group
from he_sync.reconcile import settlements
from he_sync.reconcile.deposits import expected_fee
from he_sync.reconcile.given.columns import RELATIONS, Kind
from he_sync.reconcile.orders import ROUNDING_MINOR, Sale, sales
from he_sync.store.lake import Lake

FRAMES = (
    *("payments", "tickets", "orders", "erp_orders", "settlement_lines", "deposits", "deposit_lines", "bank_lines"),
    *("ledger_lines", "ledger_elsewhere"),
)
UNKNOWN_BRAND = "card"
CHARGEBACK = "CHARGEBACK"
Day = Callable[[str], pd.DataFrame]


@dataclass
class Ids:
    """Numbers for the texts of one kind, from `first` on in the order in which they are met."""

    first: int
    known: dict[str, int] = field(default_factory=dict)

    def of(self, text: object) -> int:
        """The text's number; 0 for none."""
        return self.known.setdefault(str(text), self.first + len(self.known)) if str(text) else 0

    def texts(self) -> dict[int, str]:
        """What each number stands for."""
        return {number: text for text, number in self.known.items()}


@dataclass(frozen=True)
class Numbers:
    """All the numbers of a folder, by what they stand for."""

    orders: Ids = field(default_factory=lambda: Ids(50_000_001))
    lines: Ids = field(default_factory=lambda: Ids(20_000_001))
    batches: Ids = field(default_factory=lambda: Ids(30_000_001))
    bank_lines: Ids = field(default_factory=lambda: Ids(40_000_001))
    postings: Ids = field(default_factory=lambda: Ids(60_000_001))
    references: Ids = field(default_factory=lambda: Ids(1))
    mids: Ids = field(default_factory=lambda: Ids(7_000_001))
    accounts: Ids = field(default_factory=lambda: Ids(9_001))
    stores: Ids = field(default_factory=lambda: Ids(1))

    def document(self) -> dict[str, list[str]]:
        """As JSON: the texts of each kind in the order of their numbers."""
        return {item.name: list(getattr(self, item.name).known) for item in fields(self)}

    @classmethod
    def of(cls, document: Mapping[str, Sequence[str]]) -> Numbers:
        """The reverse of `document`: what was numbered keeps its number, and numbering goes on behind it."""
        numbers = cls()
        for name, texts in document.items():
            for text in texts:
                getattr(numbers, name).of(text)
        return numbers


@dataclass(frozen=True)
class Source:
    """The frames of the days, each row once, and the profile."""

    frames: dict[str, pd.DataFrame]
    retailer: Retailer
    cash_is_banked: bool = False


def read_source(lake: Lake, days: Sequence[str], retailer: Retailer, *, cash_is_banked: bool = False) -> Source:
    """The days' canonical frames, one below the other. Raises FixInput for a day that was never pulled."""
    if not days:
        raise FixInput("no business date given; name at least one that was pulled")
    frames = {name: pd.concat([lake.read("canonical", name, day) for day in days]) for name in FRAMES}
    frames["ledger_lines"] = pd.concat([frames["ledger_lines"], frames.pop("ledger_elsewhere")])
    return Source(_from(frames, min(days)), retailer, cash_is_banked)


def _from(frames: dict[str, pd.DataFrame], first: str) -> dict[str, pd.DataFrame]:
    """The frames without what deposits paid of earlier days, those deposits, and their lines at the bank."""
    paid, deposits, bank = frames["deposit_lines"], frames["deposits"], frames["bank_lines"]
    earlier = set(paid[paid["business_date"] < first]["deposit_id"])
    old = deposits[deposits["deposit_id"].isin(earlier)]
    amounts = set(zip(old["bank_account"], old["funding_date"], old["amount_minor"], strict=True))
    unnamed = [
        not reference and place in amounts
        for reference, place in zip(
            bank["reference"],
            zip(bank["bank_account"], bank["value_date"], bank["amount_minor"], strict=True),
            strict=True,
        )
    ]
    return frames | {
        "deposit_lines": paid[paid["business_date"] >= first],
        "deposits": deposits[~deposits["deposit_id"].isin(earlier)],
        "bank_lines": bank[~(bank["reference"].isin(earlier) | pd.Series(unnamed, index=bank.index, dtype="bool"))],
    }


def write_folder(source: Source, folder: Path, numbers: Numbers | None = None) -> Numbers:
    """Write the relations as Parquet and the terms; `reconcile settlements` takes the folder as it is.

    `numbers` are those of an earlier folder, which are kept and counted on.
    """
    numbers = numbers or Numbers()
    for store in source.retailer.stores:
        numbers.stores.of(store.code)
    lines = _settlement_lines(source)
    brands = _brands(source, lines)
    relations = {
        "stores": _stores(source, numbers),
        "pos_payments": _payments(source, numbers, brands),
        "settlement_lines": _lines(source, lines, numbers),
        "bank_lines": _bank_lines(source, numbers),
        "gl_lines": _postings(source, numbers),
        "pos_orders": _sales(source, numbers),
        "erp_orders": _erp_orders(source, numbers),
    }
    relations["batches"] = _batches(source, relations["settlement_lines"], numbers)
    for name, rows in relations.items():
        _typed(name, rows).to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "terms.json").write_text(json.dumps(_terms(source), indent=1), encoding="utf-8")
    return numbers


def _typed(name: str, rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """A relation's frame with its own columns and types, however many rows there are."""
    found = list(rows)
    given = set(found[0]) if found else set()
    columns = [one for one in RELATIONS[name].columns if one.default is None or one.name in given]
    return pd.DataFrame({one.name: _column(one.kind, [row[one.name] for row in found]) for one in columns})


def _column(kind: Kind, values: list[Any]) -> pd.Series[Any]:
    if kind.whole:
        return pd.Series(values, dtype="int64")
    if kind in {Kind.DAY, Kind.DAY_OR_NONE, Kind.STAMP}:
        return pd.Series(pd.to_datetime(values)).dt.tz_localize(None)
    return pd.Series(values, dtype="bool" if kind is Kind.FLAG else "str")


def _settlement_lines(source: Source) -> pd.DataFrame:
    """Lines of the days and of the deposits paid on them; a line that a deposit names knows it."""
    both = pd.concat([source.frames["deposit_lines"], source.frames["settlement_lines"]])
    return both.drop_duplicates("line_id").sort_values("line_id").reset_index(drop=True)


def _alive(source: Source) -> pd.DataFrame:
    payments = source.frames["payments"]
    return payments[~payments["voided"]].drop_duplicates("payment_id").sort_values("payment_id")


def _brands(source: Source, lines: pd.DataFrame) -> dict[int, str]:
    """The brand of each card payment that has a settlement line."""
    links = settlements.compare("", _alive(source), lines).links
    brand = dict(zip(lines["line_id"], lines["brand"].str.lower(), strict=True))
    return {payment: brand[line] for payment, line in zip(links["payment_id"], links["line_id"], strict=True)}


def _places(rows: pd.DataFrame, at: str) -> list[str]:
    """A reference made unique: one sale paid by two cards has it twice, told apart by amount and time."""
    ranked = rows.sort_values(["store", "reference", "amount_minor", at], kind="stable")
    place = ranked.groupby(["store", "reference"]).cumcount().reindex(rows.index)
    pairs = zip(rows["store"], rows["reference"], place, strict=True)
    return [f"{store} {reference} {number}" if reference else "" for store, reference, number in pairs]


def _stores(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    return [
        {
            "store_id": numbers.stores.of(store.code),
            "entity_id": 1,
            "tz": store.timezone,
            "bank_account": numbers.accounts.of(store.bank_account),
            "pos_day_starts": store.rollover_hour,
            "batch_cut_local": store.rollover_hour,
            "funding": store.funding,
            "batch_ids_in_report": True,
            "gl_detail": "payment",
        }
        for store in source.retailer.stores
    ]


def _tender(source: Source, row: Any, brands: dict[int, str]) -> str:
    if row.kind == "card":
        return brands.get(row.payment_id, UNKNOWN_BRAND)
    return "till" if row.kind == "cash" and not source.cash_is_banked else str(row.kind)


def _payments(source: Source, numbers: Numbers, brands: dict[int, str]) -> list[dict[str, Any]]:
    rows = _alive(source).reset_index(drop=True)
    cards = rows[rows["kind"] == "card"]
    reference = dict(zip(cards["payment_id"], _places(cards, "completed_at"), strict=True))
    return [
        {
            "payment_id": row.payment_id,
            "order_id": numbers.orders.of(row.owner),
            "store_id": numbers.stores.of(row.store),
            "ts_utc": row.completed_at,
            "business_date": row.business_date,
            "tender": _tender(source, row, brands),
            "kind": "sale" if row.amount_minor >= 0 else "refund",
            "amount_cents": row.amount_minor,
            "tip_cents": row.tip_minor,
            "auth_ref": numbers.references.of(reference.get(row.payment_id, "")),
            "orig_payment_id": 0,
        }
        for row in records(rows)
    ]


def _lines(source: Source, lines: pd.DataFrame, numbers: Numbers) -> list[dict[str, Any]]:
    fees = _fees(source, lines)
    references = _places(lines, "created_at")
    rows = [
        _line(row, numbers, {"type": row.kind, "auth_ref": numbers.references.of(reference)}, row.amount_minor, fee)
        for row, reference, fee in zip(records(lines), references, fees, strict=True)
    ]
    for deposit in records(_deposits(source)):
        paid = lines[lines["deposit_id"] == deposit.deposit_id]
        if deposit.chargebacks_minor and len(paid):
            named = {"type": CHARGEBACK, "auth_ref": 0, "line_id": numbers.lines.of(f"{deposit.deposit_id} chargeback")}
            last = next(records(paid.sort_values("batch_id").tail(1)))
            rows.append(_line(last, numbers, named, deposit.chargebacks_minor, 0))
    return rows


def _deposits(source: Source) -> pd.DataFrame:
    return source.frames["deposits"].drop_duplicates("deposit_id").sort_values("deposit_id")


def _line(row: Any, numbers: Numbers, named: dict[str, Any], gross: int, fee: int) -> dict[str, Any]:
    return {
        "line_id": numbers.lines.of(row.line_id),
        "batch_id": numbers.batches.of(row.batch_id),
        "mid": numbers.mids.of(row.mid),
        "brand_group": row.brand_group,
        "txn_date": row.business_date,
        "settle_date": row.business_date if row.batch_id else None,
        "gross_cents": gross,
        "fee_cents": fee,
        "net_cents": gross - fee,
    } | named


def _fees(source: Source, lines: pd.DataFrame) -> list[int]:
    """The contract's fee of each line, and on a deposit's largest line what it charged beyond all of them."""
    terms: Terms = source.retailer.terms
    fees = {number: expected_fee(lines.iloc[[number]], terms) for number in range(len(lines))}
    for deposit in records(_deposits(source)):
        paid = lines[lines["deposit_id"] == deposit.deposit_id]
        if deposit.fees_minor and len(paid):
            largest = int(paid["amount_minor"].idxmax())
            fees[largest] -= deposit.fees_minor + sum(fees[int(number)] for number in paid.index)
    return [fees[number] for number in range(len(lines))]


def _batches(source: Source, lines: list[dict[str, Any]], numbers: Numbers) -> list[dict[str, Any]]:
    gross_funded = {numbers.mids.of(store.mid) for store in source.retailer.stores if store.funding == "gross"}
    found: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        if line["batch_id"]:
            found.setdefault(line["batch_id"], []).append(line)
    return [_batch(batch, rows, gross=rows[0]["mid"] in gross_funded) for batch, rows in found.items()]


def _batch(batch: int, lines: list[dict[str, Any]], *, gross: bool) -> dict[str, Any]:
    """A batch's sums; what is paid out is net of fees unless they are billed apart."""
    sums = {
        kind: sum(one["gross_cents"] for one in lines if one["type"] == kind) for kind in ("SALE", "REFUND", CHARGEBACK)
    }
    fees = sum(one["fee_cents"] for one in lines)
    return {
        "batch_id": batch,
        "mid": lines[0]["mid"],
        "brand_group": lines[0]["brand_group"],
        "batch_date": max(one["txn_date"] for one in lines),
        "lines": len(lines),
        "gross_cents": sums["SALE"],
        "refunds_cents": sums["REFUND"],
        "chargebacks_cents": sums[CHARGEBACK],
        "fees_cents": fees,
        "payout_cents": sum(sums.values()) - (0 if gross else fees),
    }


def _bank_lines(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Bank transactions; a reference that is a deposit's id is followed by the number of that deposit's last batch."""
    paid = source.frames["deposit_lines"].sort_values("batch_id")
    batch = dict(zip(paid["deposit_id"], paid["batch_id"], strict=True))
    return [
        {
            "bank_id": numbers.bank_lines.of(row.line_id),
            "bank_account": numbers.accounts.of(row.bank_account),
            "value_date": row.value_date,
            "amount_cents": row.amount_minor,
            "memo": f"{row.reference} {numbers.batches.of(batch[row.reference])}"
            if row.reference in batch
            else row.reference,
        }
        for row in records(source.frames["bank_lines"].drop_duplicates("line_id").sort_values("line_id"))
    ]


def _postings(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Postings that name a payment, and those of the bank account; the sales side of a journal is not compared."""
    rows = source.frames["ledger_lines"].drop_duplicates("line_id").sort_values("line_id")
    bank = source.retailer.accounts.bank
    return [
        {
            "gl_id": numbers.postings.of(row.line_id),
            "erp_doc": numbers.postings.of(row.line_id.rpartition("-")[0]),
            "posting_date": row.posting_date,
            "account": int(row.account),
            "store_id": numbers.stores.known.get(row.store, 0),
            "ref": row.payment_id,
            "amount_cents": row.amount_minor,
            "source": "PAY" if row.payment_id else "DEPOSIT",
        }
        for row in records(rows[(rows["payment_id"] > 0) | (rows["account"] == bank)])
    ]


def _sold(source: Source) -> dict[str, tuple[Sale, str]]:
    """The sales of the days by what the ERP calls them, with their business date."""
    tickets, orders = source.frames["tickets"], source.frames["orders"]
    days = {f"ticket {row.ticket_id}": row.business_date for row in records(tickets)}
    days |= {f"order {row.order_id}": row.business_date for row in records(orders)}
    return {name: (sale, days[name]) for name, sale in sales(tickets, orders, source.retailer.epicor).items()}


def _sales(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    return [
        _order(numbers.orders.of(name), numbers.stores.of(sale.store), day, sale.amount_minor, sale.discount_minor)
        for name, (sale, day) in sorted(_sold(source).items())
    ]


def _order(number: int, store: int, day: str, total: int, discount: int) -> dict[str, Any]:
    """An order whose parts are not compared: only totals and the discount are the same thing in both systems."""
    return {
        "order_id": number,
        "store_id": store,
        "business_date": day,
        "subtotal_cents": total + discount,
        "discount_cents": discount,
        "tax_cents": 0,
        "total_cents": total,
    }


def _erp_orders(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Sales orders of POS sales; beyond a dropped discount, what differs in the total stands in the tax."""
    sold = _sold(source)
    rows = source.frames["erp_orders"].drop_duplicates("order_num").sort_values("order_num")
    found = []
    for row in records(rows[(rows["source"] != "") & ~rows["voided"]]):
        sale, day = sold.get(row.source, (None, row.business_date))
        discount, total = (sale.discount_minor, sale.amount_minor) if sale else (0, row.total_minor)
        kept = 0 if discount and abs(row.total_minor - total - discount) <= ROUNDING_MINOR else discount
        order = _order(
            numbers.orders.of(row.source), numbers.stores.of(sale.store) if sale else 1, day, total, discount
        )
        changed = {"discount_cents": kept, "total_cents": row.total_minor}
        tax = row.total_minor - order["subtotal_cents"] + kept
        found.append(order | changed | {"tax_cents": tax, "erp_doc": row.order_num})
    return found


def _terms(source: Source) -> dict[str, Any]:
    """The profile's contract in the form of `terms.json`."""
    retailer, accounts = source.retailer, source.retailer.accounts
    brands = {brand.lower(): brand_group(brand) for brand in retailer.terms.fees} | {UNKNOWN_BRAND: "VMDD"}
    clearing = {"AMEX": accounts.amex_clearing, "VMDD": accounts.card_clearing}
    others = {tender.kind: tender.account for tender in retailer.tenders if tender.kind != "card"}
    natural = {brand: clearing[group] for brand, group in brands.items()} | others
    natural |= {"till": accounts.cash, "bank": accounts.bank, "fees": accounts.fees, "chargebacks": accounts.disputes}
    fees = {
        brand.lower(): {"bps": fee.basis_points, "per_item_cents": fee.per_item_minor}
        for brand, fee in retailer.terms.fees.items()
    }
    return {
        "currency": retailer.currency,
        "pos_day_starts_local": "04:00",
        "fees": fees | {UNKNOWN_BRAND: {"bps": 0, "per_item_cents": 0}},
        "refund_fee": "none",
        "chargeback_fee_cents": 0,
        "monthly_fee_cents": 0,
        "funding_lag_bank_days": dict(retailer.terms.funding_bank_days),
        "bank_holidays": [day.isoformat() for day in retailer.terms.bank_holidays],
        "brand_group": brands,
        "accounts": {name: int(account) for name, account in natural.items()} | {"accrued_fees": 0},
    }
