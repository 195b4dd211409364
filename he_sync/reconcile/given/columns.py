"""Which relations there are, which columns each has, and what kind of value a column holds.

Money is int64 minor units, signed, debit positive in `gl_lines`; dates are DATE, a day without a time; `ts_utc` is UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

Subject = Literal["settlements", "orders", "inventory"]


class Kind(Enum):
    """What a column holds: its type in DuckDB and, for a person, what a value must be."""

    ID = ("BIGINT", "a whole number")
    LINK = ("BIGINT", "a whole number, 0 or empty for none")
    CENTS = ("BIGINT", "a whole number of minor units")
    COUNT = ("BIGINT", "a whole count")
    DAY = ("DATE", "a date, YYYY-MM-DD")
    DAY_OR_NONE = ("DATE", "a date, YYYY-MM-DD, or empty")
    STAMP = ("TIMESTAMP", "a UTC time, YYYY-MM-DD HH:MM:SS")
    FLAG = ("BOOLEAN", "true or false")
    CODE = ("VARCHAR", "a text that is not empty")
    TEXT = ("VARCHAR", "a text")
    KEY = ("VARCHAR", "a key that is not empty")
    RATE = ("DECIMAL(18,8)", "an exact decimal greater than zero")

    @property
    def sql(self) -> str:
        """The type in DuckDB."""
        return self.value[0]

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        return self.value[1]

    @property
    def whole(self) -> bool:
        """Whether it is an int64."""
        return self.sql == "BIGINT"

    @property
    def may_be_none(self) -> bool:
        """Whether an empty value is one."""
        return self in (Kind.LINK, Kind.DAY_OR_NONE, Kind.TEXT)


@dataclass(frozen=True)
class Column:
    """One column. `default` is the SQL value of a column that a file may leave out; None: it may not."""

    name: str
    kind: Kind
    default: str | None = None


@dataclass(frozen=True)
class Relation:
    """One file of the folder: its columns, the columns that together name a row, and whom it serves."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    subject: Subject


HOME_CURRENCY = "$currency"
"""Stands for the terms' currency, where a file does not say which."""
_DEFAULTS = {Kind.CODE: HOME_CURRENCY, Kind.CENTS: "0::BIGINT"}


def _column(text: str) -> Column:
    """A column from `name:KIND`; a question mark behind it: a file may leave it out."""
    name, kind = text.split(":")
    of = Kind[kind.rstrip("?")]
    return Column(name, of, _DEFAULTS[of] if kind.endswith("?") else None)


def _relation(name: str, subject: Subject, key: str, text: str) -> Relation:
    return Relation(name, tuple(map(_column, text.split())), tuple(key.split()), subject)


_ORDER = (
    "order_id:ID store_id:ID business_date:DAY subtotal_cents:CENTS discount_cents:CENTS tax_cents:CENTS"
    " total_cents:CENTS"
)
RELATIONS: dict[str, Relation] = {
    one.name: one
    for one in (
        _relation(
            "stores",
            "settlements",
            "store_id",
            "store_id:ID entity_id:ID tz:CODE bank_account:ID pos_day_starts:COUNT batch_cut_local:COUNT funding:CODE"
            " batch_ids_in_report:FLAG gl_detail:CODE currency:CODE?",
        ),
        _relation(
            "pos_payments",
            "settlements",
            "payment_id",
            "payment_id:ID order_id:LINK store_id:ID ts_utc:STAMP business_date:DAY tender:CODE kind:CODE"
            " amount_cents:CENTS tip_cents:CENTS auth_ref:LINK orig_payment_id:LINK currency:CODE?",
        ),
        _relation(
            "settlement_lines",
            "settlements",
            "line_id",
            "line_id:ID batch_id:LINK mid:ID brand_group:CODE txn_date:DAY settle_date:DAY_OR_NONE type:CODE"
            " auth_ref:LINK gross_cents:CENTS fee_cents:CENTS net_cents:CENTS currency:CODE?",
        ),
        _relation(
            "batches",
            "settlements",
            "batch_id",
            "batch_id:ID mid:ID brand_group:CODE batch_date:DAY lines:COUNT gross_cents:CENTS refunds_cents:CENTS"
            " chargebacks_cents:CENTS fees_cents:CENTS payout_cents:CENTS reserve_cents:CENTS? currency:CODE?",
        ),
        _relation(
            "bank_lines",
            "settlements",
            "bank_id",
            "bank_id:ID bank_account:ID value_date:DAY amount_cents:CENTS memo:TEXT currency:CODE?",
        ),
        _relation(
            "gl_lines",
            "settlements",
            "gl_id",
            "gl_id:ID erp_doc:ID posting_date:DAY account:ID store_id:ID ref:LINK amount_cents:CENTS source:CODE"
            " currency:CODE?",
        ),
        _relation("pos_orders", "orders", "order_id", _ORDER),
        _relation("erp_orders", "orders", "erp_doc", f"{_ORDER} erp_doc:ID"),
        _relation("pos_inventory", "inventory", "sku location", "sku:KEY location:ID available_ea:COUNT"),
        _relation(
            "erp_inventory", "inventory", "sku location", "sku:KEY location:ID on_hand:COUNT reserved:COUNT uom:CODE"
        ),
        _relation("uom", "inventory", "sku", "sku:KEY stock_uom:CODE eaches:COUNT"),
        _relation("inflight", "inventory", "sku location", "sku:KEY location:ID qty_ea:COUNT"),
    )
}
RATES = _relation("rates", "settlements", "currency rate_date", "currency:CODE rate_date:DAY rate:RATE")
"""What one unit of a currency is worth in the terms' currency from a date on; only where a second one appears."""
