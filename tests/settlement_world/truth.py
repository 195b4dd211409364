"""What a world's tables do not say: which record belongs to which, and which records are broken."""

from __future__ import annotations

import numpy as np

from tests.settlement_world.breaks import Plan
from tests.settlement_world.ledger import BATCH_ID, DEPOSITED, DUPLICATE, GL, PAYMENT
from tests.settlement_world.lines import REFUNDED, REJECTED, SOLD, schedule
from tests.settlement_world.sales import SALE, VOID
from tests.settlement_world.stores import Frame

LINE, BANK_LINE, ORDER = 20_000_000, 40_000_000, 50_000_000
RELATIONS = ("VO", "PL", "LB", "BD", "PG", "PS", "DG")


def links(payments: Frame, lines: Frame, paid: Frame, bank: Frame, posted: Frame) -> Frame:
    """Every true pair by relation, ids as in the tables."""
    own, summary = posted["own"], posted["summary"]
    voids = np.flatnonzero(payments["kind"] == VOID)
    settled = np.flatnonzero((lines["payment"] >= 0) & (lines["type"] <= REFUNDED) & (lines["again"] == 0))
    arrived = bank["arrived"][paid["deposit"]]
    shown, count = np.flatnonzero(bank["arrived"]), len(own)
    posted, summed = np.flatnonzero(own >= 0), np.flatnonzero(summary >= 0)
    parts = {
        "VO": (PAYMENT + payments["orig"][voids], PAYMENT + voids),
        "PL": (PAYMENT + lines["payment"][settled], LINE + settled),
        "LB": (LINE + np.arange(len(lines["batch"])), BATCH_ID + lines["batch"]),
        "BD": (BATCH_ID + paid["batch"][arrived], BANK_LINE + paid["deposit"][arrived]),
        "PG": (PAYMENT + posted, own[posted]),
        "PS": (PAYMENT + summed, summary[summed]),
        "DG": (BANK_LINE + shown, DEPOSITED + 2 * count + 2 * shown),
    }
    return {
        "rel": np.repeat(np.arange(len(RELATIONS), dtype=np.int8), [len(parts[name][0]) for name in RELATIONS]),
        "left_id": np.concatenate([parts[name][0] for name in RELATIONS]),
        "right_id": np.concatenate([parts[name][1] for name in RELATIONS]),
    }


def label(table: str, name: str, record: np.ndarray, related: np.ndarray | int, delta: np.ndarray | int) -> Frame:
    """Labels of one class."""
    return {
        "table": np.full(len(record), table),
        "record_id": record,
        "break_class": np.full(len(record), name),
        "related_id": np.broadcast_to(np.asarray(related, np.int64), record.shape),
        "delta_cents": np.broadcast_to(np.asarray(delta, np.int64), record.shape),
    }


def of_lines(plan: Plan, payments: Frame, lines: Frame) -> list[Frame]:
    """Breaks that a settlement line shows, or that one should."""
    unsettled, payment = plan.payments["unsettled_payment"], lines["payment"]
    first = (lines["type"] == SOLD) & (lines["again"] == 0)
    short = np.flatnonzero(first & np.isin(payment, plan.payments["tip_adjust_lost"]))
    over = np.flatnonzero(first & np.isin(payment, plan.payments["fee_overcharge"]))
    due = schedule(payments["tender"][payment[over]], lines["gross"][over])
    orphan = np.flatnonzero((lines["type"] == REFUNDED) & (payment < 0))
    again, rejected = np.flatnonzero(lines["again"]), np.flatnonzero(lines["type"] == REJECTED)
    table, gross = "settlement_lines", lines["gross"]
    return [
        label("pos_payments", "unsettled_payment", PAYMENT + unsettled, 0, -payments["amount"][unsettled]),
        label(table, "tip_adjust_lost", LINE + short, PAYMENT + payment[short], -payments["tip"][payment[short]]),
        label(table, "fee_overcharge", LINE + over, PAYMENT + payment[over], lines["fee"][over] - due),
        label(table, "orphan_refund", LINE + orphan, 0, gross[orphan]),
        label(table, "duplicate_settlement_line", LINE + again, PAYMENT + payment[again], gross[again]),
        label(table, "offline_declined", LINE + rejected, PAYMENT + payment[rejected], gross[rejected]),
    ]


def of_bank(bank: Frame) -> list[Frame]:
    """Deposits that never came, or came short."""
    missing = np.flatnonzero(~bank["arrived"])
    short = np.flatnonzero(bank["arrived"] & (bank["amount"] != bank["due"]))
    delta = bank["amount"] - bank["due"]
    return [
        label("bank_lines", "missing_deposit", BANK_LINE + missing, 0, -bank["due"][missing]),
        label("bank_lines", "short_deposit", BANK_LINE + short, 0, delta[short]),
    ]


def of_ledger(plan: Plan, payments: Frame, gl: Frame) -> list[Frame]:
    """Breaks that a ledger line shows, or that one should."""
    made, amount = [], payments["amount"]
    for name in (
        "wrong_account",
        "wrong_amount_transposed",
        "wrong_amount_sign",
        "currency_rounding",
        "timing_next_period",
    ):
        which = plan.payments[name]
        at = np.searchsorted(gl["gl_id"], GL + which)
        delta = gl["amount"][at] - amount[which] if "amount" in name or name == "currency_rounding" else 0
        made.append(label("gl_lines", name, GL + which, PAYMENT + which, delta))
    twice, pushed = plan.payments["duplicate_posting"], _pushed(plan, payments)
    first = DUPLICATE + len(amount)
    ids, order = first + np.arange(len(twice)), ORDER + payments["order"][pushed]
    made.append(label("gl_lines", "duplicate_posting", ids, PAYMENT + twice, amount[twice]))
    ids = first + len(twice) + np.arange(len(pushed))
    made.append(label("gl_lines", "duplicate_order_push", ids, order, amount[pushed]))
    missing = plan.payments["missing_gl"]
    made.append(label("pos_payments", "missing_gl", PAYMENT + missing, PAYMENT + missing, -amount[missing]))
    return made


def _pushed(plan: Plan, payments: Frame) -> np.ndarray:
    return np.flatnonzero(np.isin(payments["order"], plan.orders["order_duplicate_push"]) & (payments["kind"] == SALE))


def of_orders(plan: Plan, orders: Frame, erp: Frame) -> list[Frame]:
    """Breaks between the orders of both sides."""
    made = []
    for name in ("order_tax_rounding", "order_discount_dropped", "order_missing_in_erp", "order_duplicate_push"):
        which = plan.orders[name]
        delta = {
            "order_tax_rounding": erp["tax"] - orders["tax"],
            "order_discount_dropped": orders["discount"] - erp["discount"],
            "order_missing_in_erp": -orders["total"],
            "order_duplicate_push": orders["total"],
        }[name][which]
        made.append(label("orders", name, ORDER + which, 0, delta))
    return made
