"""The canonical frames of some days, without what belongs to days before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.store.lake import Lake

FRAMES = (
    *("payments", "tickets", "orders", "erp_orders", "settlement_lines", "deposits", "deposit_lines", "bank_lines"),
    *("ledger_lines", "ledger_elsewhere"),
)


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


def settled(source: Source) -> pd.DataFrame:
    """Lines of the days and of the deposits paid on them; a line that a deposit names knows it."""
    both = pd.concat([source.frames["deposit_lines"], source.frames["settlement_lines"]])
    return both.drop_duplicates("line_id").sort_values("line_id").reset_index(drop=True)


def alive(source: Source) -> pd.DataFrame:
    """Payments that were not voided, each once."""
    payments = source.frames["payments"]
    return payments[~payments["voided"]].drop_duplicates("payment_id").sort_values("payment_id")


def deposits(source: Source) -> pd.DataFrame:
    """Deposits, each once."""
    return source.frames["deposits"].drop_duplicates("deposit_id").sort_values("deposit_id")
