"""Records of files, CSV or Parquet, in the shape of the canonical frames (model/ticket.py, model/payment.py).

Amounts are whole minor units, quantities whole thousandths. What is missing is filled where it may be and refused where
not, with file, row and rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from he_sync.model.errors import FixInput
from he_sync.quality.anomalies.daily import Flags

NUMBERS = (
    *("total_minor", "amount_minor", "unit_price_minor", "discount_minor", "quantity_milli", "fee_minor"),
    *("customer_id", "parent_id"),
)
NEEDED = {
    "orders": ("order_id", "store", "business_date", "total_minor"),
    "lines": ("line_id", "owner", "sku", "quantity_milli", "unit_price_minor", "amount_minor"),
    "payments": ("store", "business_date", "kind"),
    "fees": ("store", "business_date", "amount_minor", "fee_minor"),
}
TRUE = {"true", "1", "yes", "t"}
FIRST_ROW = 2
"""Of a CSV file, whose first line names the columns."""


@dataclass(frozen=True)
class Records:
    """Frames of all dates up to the judged ones. None: this kind was not given, and its checks say nothing."""

    orders: pd.DataFrame
    lines: pd.DataFrame | None = None
    payments: pd.DataFrame | None = None
    fees: pd.DataFrame | None = None

    def until(self, last: str) -> Records:
        """Without what is dated after `last`."""
        return Records(
            self.orders[self.orders["business_date"] <= last],
            *(
                frame if frame is None else frame[frame["business_date"] <= last]
                for frame in (self.lines, self.payments, self.fees)
            ),
        )


def records(files: Mapping[str, Path | None]) -> Records:
    """`orders`, and `lines`, `payments`, `fees` where they are given. Raises FixInput for what cannot be read."""
    read = {kind: _frame(path, kind) for kind, path in files.items() if path is not None}
    return completed(read["orders"], read.get("lines"), read.get("payments"), read.get("fees"))


def completed(
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    payments: pd.DataFrame | None = None,
    fees: pd.DataFrame | None = None,
) -> Records:
    """Frames with what can be known of each: an order's owner name, a line's store, date, kind and customer."""
    orders = _owned(orders)
    if lines is not None:
        known = [name for name in ("store", "business_date", "kind", "customer_id", "parent_id") if name in orders]
        missing = [name for name in known if name not in lines]
        whose = orders.drop_duplicates("owner").set_index("owner")[missing]
        lines = lines.join(whose, on="owner")
        lines = lines[lines["business_date"].notna()].sort_values("business_date", kind="stable", ignore_index=True)
        lines = lines.astype({name: "int64" for name in ("customer_id", "parent_id") if name in lines})
    return Records(orders, lines, payments, fees)


def _owned(orders: pd.DataFrame) -> pd.DataFrame:
    kind = "ticket" if "ticket_id" in orders else "order"
    orders = orders.rename(columns={"ticket_id": "order_id"})
    if "owner" not in orders:
        orders = orders.assign(owner=kind + " " + orders["order_id"].astype(str))
    if "customer_id" not in orders:
        orders = orders.assign(customer_id=0)
    return orders


def _frame(path: Path, kind: str) -> pd.DataFrame:
    frame = _read(path)
    if kind == "orders" and {"order_id", "ticket_id"} & set(frame):
        frame = _owned(frame)
    missing = [name for name in NEEDED[kind] if name not in frame]
    if missing:
        raise FixInput(f"{path}: no column {', '.join(missing)}; {kind} need {', '.join(NEEDED[kind])}")
    for name in NUMBERS:
        if name in frame:
            frame[name] = _whole(path, name, frame[name])
    if "business_date" in frame:
        frame["business_date"] = _dates(path, frame["business_date"])
    if "completed_at" in frame:
        frame["completed_at"] = _instants(path, frame["completed_at"])
    if "voided" in frame:
        frame["voided"] = frame["voided"].astype(str).str.lower().isin(TRUE)
    return frame


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FixInput(f"{path}: no such file")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, UnicodeDecodeError, pa.ArrowException) as error:
        raise FixInput(f"{path}: cannot be read as {path.suffix or 'CSV'} ({error})".replace("\n", " ")) from error


def _whole(path: Path, name: str, column: pd.Series) -> pd.Series:
    """As int64; an empty cell is 0 for who and what it refers to, and refused for amounts."""
    if name in {"customer_id", "parent_id"}:
        column = column.replace("", "0").fillna(0)
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() | (numbers != np.floor(numbers))
    _refuse(path, name, column, wrong.to_numpy(), "is no whole number of minor units, thousandths or an id")
    return numbers.astype("int64")


def _dates(path: Path, column: pd.Series) -> pd.Series:
    texts = column.astype(str).str.slice(0, 10)
    good = {text for text in texts.unique() if _is_date(text)}
    _refuse(path, "business_date", column, ~texts.isin(good).to_numpy(), "is no date; write YYYY-MM-DD")
    return texts


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _instants(path: Path, column: pd.Series) -> pd.Series:
    moments = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None)
    _refuse(path, "completed_at", column, moments.isna().to_numpy(), "is no ISO 8601 time")
    return moments


def _refuse(path: Path, name: str, column: pd.Series, wrong: Flags, rule: str) -> None:
    if wrong.any():
        place = int(wrong.argmax())
        raise FixInput(f"{path}: row {place + FIRST_ROW}: {name} {column.iloc[place]!r} {rule}")
