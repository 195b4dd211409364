"""What a world's tables do not say: which record belongs to which, and which records are broken."""

from __future__ import annotations

import numpy as np

from tests.settlement_world.bank import CARD
from tests.settlement_world.breaks import Plan
from tests.settlement_world.ledger import BATCH_ID, DEPOSITED, DUPLICATE, GL, OF_TENDER, PAYMENT
from tests.settlement_world.lines import CHARGED_BACK, REFUNDED, REJECTED, SOLD, schedule
from tests.settlement_world.sales import SALE, VOID
from tests.settlement_world.stores import Frame

LINE, BANK_LINE, ORDER = 20_000_000, 40_000_000, 50_000_000
RELATIONS = ("VO", "PL", "LB", "BD", "PG", "PS", "DG")


def links(payments: Frame, lines: Frame, paid: Frame, bank: Frame, own: np.ndarray, summary: np.ndarray) -> Frame:
    """Every true pair by relation, ids as in the tables."""
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


def labels(plan: Plan, orders: Frame, erp: Frame, payments: Frame, lines: Frame, gl: Frame, bank: Frame) -> list[Frame]:
    """Every break but the inventory's."""
    return [
        *_of_lines(plan, payments, lines),
        *_of_bank(bank),
        *_of_ledger(plan, payments, gl),
        *_of_orders(plan, orders, erp),
    ]


def label(  # noqa: PLR0913 - the columns of a label
    table: str, name: str, record: np.ndarray, related: np.ndarray | int, delta: np.ndarray | int
) -> Frame:
    """Labels of one class."""
    return {
        "table": np.full(len(record), table),
        "record_id": record,
        "break_class": np.full(len(record), name),
        "related_id": np.broadcast_to(np.asarray(related, np.int64), record.shape),
        "delta_cents": np.broadcast_to(np.asarray(delta, np.int64), record.shape),
    }


def _of_lines(plan: Plan, payments: Frame, lines: Frame) -> list[Frame]:
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


def _of_bank(bank: Frame) -> list[Frame]:
    missing = np.flatnonzero(~bank["arrived"])
    short = np.flatnonzero(bank["arrived"] & (bank["amount"] != bank["due"]))
    delta = bank["amount"] - bank["due"]
    return [
        label("bank_lines", "missing_deposit", BANK_LINE + missing, 0, -bank["due"][missing]),
        label("bank_lines", "short_deposit", BANK_LINE + short, 0, delta[short]),
    ]


def _of_ledger(plan: Plan, payments: Frame, gl: Frame) -> list[Frame]:
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


def _of_orders(plan: Plan, orders: Frame, erp: Frame) -> list[Frame]:
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


def identity_parts(lines: Frame) -> np.ndarray:
    """Lines that stand for what a customer paid or got back, or must repay."""
    return np.isin(lines["type"], (SOLD, REFUNDED, REJECTED))


assert (CARD, CHARGED_BACK, int(OF_TENDER[0])) == (0, 2, 1200)
