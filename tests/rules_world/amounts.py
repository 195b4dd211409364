"""Amounts of a line that add up by planted identities, in cents or with two places, drawn by a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

IDENTITIES = ("extended", "net", "total", "paid", "stock", "due", "percent", "sum5", "margin", "unit")


def half_up(above, below):
    return (2 * above + below) // (2 * below)


class Amounts:
    """Columns of a year, by their plain names, with the planted identities as sets of columns."""

    def __init__(self, kinds, rows, draw, inflation):
        self.columns, self.planted, self.draw, self.rows, self.inflation = {}, [], draw, rows, inflation
        for kind in kinds:
            getattr(self, kind)()

    def money(self, low, high, share=1.0):
        found = (self.draw.integers(low, high, self.rows) * self.inflation).astype(np.int64)
        return np.where(self.draw.random(self.rows) < share, found, 0)

    def add(self, *names, **columns):
        self.columns |= columns
        self.planted.append(frozenset(names))

    def extended(self):
        qty, price = self.draw.integers(1, 12, self.rows), self.money(99, 20_000)
        qty = np.where(self.draw.random(self.rows) < 0.03, -qty, qty)
        self.columns |= {"qty": qty, "unit_price": price}
        self.add("extended", "qty", "unit_price", extended=qty * price)

    def net(self):
        gross = self.columns.get("extended", self.money(500, 90_000))
        self.columns["gross" if "extended" not in self.columns else "extended"] = gross
        name = "extended" if "extended" in self.columns else "gross"
        discount = np.where(self.draw.random(self.rows) < 0.25, gross // self.draw.integers(4, 20, self.rows), 0)
        self.add("net", name, "discount", net=gross - discount, discount=discount)

    def total(self):
        net = self.columns.setdefault("net", self.money(500, 90_000))
        tax = half_up(net * self.draw.choice([0, 600, 825], self.rows, p=[0.1, 0.4, 0.5]), 10_000)
        self.add("total", "net", "tax", total=net + tax, tax=tax)

    def paid(self):
        total = self.columns.setdefault("total", self.money(500, 90_000))
        due = np.where(self.draw.random(self.rows) < 0.06, total // 2, 0)
        self.add("amount_paid", "total", "balance", amount_paid=total - due, balance=due)

    def stock(self):
        shelf, back = self.draw.integers(0, 40, self.rows), self.draw.integers(0, 90, self.rows)
        held = self.draw.integers(0, 12, self.rows)
        self.columns |= {"shelf": shelf, "backroom": back, "held": held}
        self.add("on_hand", "shelf", "backroom", on_hand=shelf + back)
        self.add("free", "on_hand", "held", free=shelf + back - held)

    def percent(self):
        base, rate = self.money(1_000, 900_000), self.draw.choice([5, 10, 15, 20, 25, 30], self.rows)
        self.add("commission", "base_amount", "commission_pct", base_amount=base, commission_pct=rate,
                 commission=half_up(base * rate, 100))  # fmt: skip

    def sum5(self):
        parts = {name: self.money(50, 9_000, share) for name, share in (("goods", 1), ("freight", 0.2), ("duty", 0.15))}
        rebate = self.money(5, 50, 0.3)
        self.add("landed", "rebate", *parts, **parts, rebate=rebate, landed=sum(parts.values()) - rebate)

    def margin(self):
        cost, price = self.money(300, 9_000), self.money(400, 19_000)
        self.add("margin", "cost", "selling_price", cost=cost, selling_price=price, margin=price - cost)

    def unit(self):
        milli, price = self.draw.integers(100, 9_000, self.rows), self.money(99, 9_999)
        self.add("charge", "weight_milli", "price_per_kg", weight_milli=milli, price_per_kg=price,
                 charge=half_up(milli * price, 1_000))  # fmt: skip

    def due(self):
        start = pd.Timestamp("2025-01-01") + pd.to_timedelta(self.draw.integers(0, 365, self.rows), unit="D")
        days = self.draw.choice([0, 10, 14, 30, 60], self.rows)
        self.columns |= {"invoiced_on": pd.Series(start).dt.as_unit("us"), "due_in_days": days}
        due = pd.Series(start + pd.to_timedelta(days, unit="D")).dt.as_unit("us")
        self.add("due_on", "invoiced_on", "due_in_days", due_on=due)
