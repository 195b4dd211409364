"""Promises of the generated worlds: they close, they are the samples' like, and a seed gives one world."""

from __future__ import annotations

import duckdb
import pytest

from tests.settlement_world.identities import connect, identities
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec

SMALL = 8_000
SWITCHES = {
    "plain": Spec(SMALL, seed=11),
    "no breaks": Spec(SMALL, seed=12, breaks=0),
    "blind, without references": Spec(SMALL, seed=13, blind=1, no_reference=0.05),
    "currencies": Spec(SMALL, seed=14, currencies=("USD", "CAD", "EUR")),
    "reserves": Spec(SMALL, seed=15, reserves=1),
    "split deposits": Spec(SMALL, seed=16, splits=0.3),
    "two breaks on a record": Spec(SMALL, seed=17, breaks=0.05, double_breaks=0.5),
    "garbled references": Spec(SMALL, seed=18, garbled=0.02),
    "lines settled twice": Spec(SMALL, seed=19, duplicate_lines=0.01),
    "disputes won back": Spec(SMALL, seed=20, won_back=0.5),
    "declined later": Spec(SMALL, seed=21, declined=0.01),
}


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    (value,) = connection.execute(sql).fetchone() or (0,)
    return int(value or 0)


@pytest.mark.parametrize("name", SWITCHES)
def test_every_identity_is_zero_once_the_labels_are_applied(tmp_path, name):
    control = make(SWITCHES[name], tmp_path / "world")
    assert set(control["identities_cents"].values()) == {0}


def test_a_world_without_breaks_has_no_label(tmp_path):
    assert make(Spec(SMALL, breaks=0), tmp_path / "world")["rows"]["labels"] == 0


def test_a_world_that_shows_no_batch_has_a_file_without_rows(tmp_path):
    made = make(Spec(SMALL, seed=13, blind=1), tmp_path / "world", "csv")
    assert made["rows"]["batches"] == 0
    assert set(made["identities_cents"].values()) == {0}


def test_a_label_taken_away_leaves_its_cents_open(tmp_path):
    """The identities can fail: without its one label, a world's ledger is off by that label's cents."""
    make(Spec(SMALL, seed=3), tmp_path / "world", "csv")
    path = tmp_path / "world" / "labels.csv"
    rows = path.read_text().splitlines()
    gone = next(row for row in rows if "wrong_amount_sign" in row)
    path.write_text("\n".join(row for row in rows if row != gone) + "\n")
    assert identities(tmp_path / "world")["gl_minus_pos"] == int(gone.split(",")[-1])


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        make(Spec(SMALL, seed=5), tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes(), path.name


def test_a_switch_changes_no_order_and_no_payment(tmp_path):
    make(Spec(SMALL, seed=5), tmp_path / "plain", "csv")
    make(Spec(SMALL, seed=5, reserves=1, duplicate_lines=0.01, declined=0.01), tmp_path / "more", "csv")
    for name in ("pos_payments.csv", "pos_orders.csv", "pos_inventory.csv"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "more" / name).read_bytes()


@pytest.fixture(scope="module")
def busy(tmp_path_factory) -> duckdb.DuckDBPyConnection:
    """A world with every switch on, as views."""
    folder = tmp_path_factory.mktemp("busy") / "world"
    more = {"splits": 0.3, "reserves": 0.5, "won_back": 0.5, "declined": 0.005, "duplicate_lines": 0.005}
    make(Spec(SMALL, seed=7, blind=0.3, currencies=("USD", "EUR"), **more), folder)
    return connect(folder)


def test_every_batch_is_the_sum_of_its_lines(busy):
    assert not busy.execute(
        """SELECT b.batch_id FROM batches b JOIN settlement_lines l USING (batch_id) JOIN stores s
        ON b.mid = 7000000 + s.store_id GROUP BY ALL HAVING any_value(payout_cents) <>
        sum(CASE WHEN funding = 'net' THEN net_cents ELSE l.gross_cents END) OR any_value(lines) <> count(*)"""
    ).fetchall()


def test_every_deposit_of_its_own_currency_is_the_sum_of_its_batches(busy):
    """Split ones are in one currency; short ones are off by their label; those with a blind batch are not shown."""
    assert not busy.execute(
        """WITH paid AS (SELECT left_id, right_id, count(*) OVER (PARTITION BY left_id) AS parts FROM links
            WHERE rel = 'BD')
        SELECT bank_id FROM paid JOIN batches ON batch_id = left_id JOIN bank_lines k ON bank_id = right_id
        LEFT JOIN (SELECT record_id, delta_cents FROM labels WHERE break_class = 'short_deposit') ON record_id = bank_id
        WHERE k.currency = batches.currency GROUP BY ALL
        HAVING max(parts) = 1 AND any_value(amount_cents) - any_value(coalesce(delta_cents, 0)) <> sum(payout_cents)"""
    ).fetchall()


def test_ids_and_links_point_at_records(busy):
    for rel, table, key in (
        ("PL", "settlement_lines", "line_id"),
        ("BD", "bank_lines", "bank_id"),
        ("PG", "gl_lines", "gl_id"),
        ("PS", "gl_lines", "gl_id"),
        ("DG", "gl_lines", "gl_id"),
        ("VO", "pos_payments", "payment_id"),
    ):
        sql = f"SELECT count(*) FROM links ANTI JOIN {table} ON right_id = {key} WHERE rel = '{rel}'"
        assert one(busy, sql) == 0, rel
        assert one(busy, f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == 0, table


def test_a_label_says_too_much_or_too_little_as_its_class_does(busy):
    """Money that came twice or cost more is above what it should be, money that is missing below."""
    signs = dict(busy.execute("SELECT break_class, list(DISTINCT sign(delta_cents)) FROM labels GROUP BY 1").fetchall())
    more = ("fee_overcharge", "duplicate_posting", "duplicate_order_push", "duplicate_settlement_line")
    less = ("unsettled_payment", "missing_gl", "tip_adjust_lost", "orphan_refund", "missing_deposit", "short_deposit")
    same = ("wrong_account", "timing_next_period")
    assert [signs[name] for name in more] == [[1]] * len(more)
    assert [signs[name] for name in less] == [[-1]] * len(less)
    assert [signs[name] for name in same] == [[0]] * len(same)


def test_no_batch_is_paid_by_a_deposit_that_never_came(busy):
    missing = "SELECT record_id FROM labels WHERE break_class = 'missing_deposit'"
    gone = "SELECT count(*) FROM batches ANTI JOIN (FROM links WHERE rel = 'BD') ON batch_id = left_id"
    assert one(busy, gone) > 0, "no card deposit is missing in this world"
    assert one(busy, f"SELECT count(*) FROM links WHERE rel IN ('BD', 'DG') AND right_id IN ({missing})") == 0


def test_blind_entities_show_no_batch(busy):
    blind = "SELECT 7000000 + store_id FROM stores WHERE NOT batch_ids_in_report"
    assert one(busy, f"SELECT count(*) FROM stores WHERE 7000000 + store_id IN ({blind})") > 0
    assert one(busy, f"SELECT count(*) FROM batches WHERE mid IN ({blind})") == 0
    shown = f"SELECT count(*) FROM settlement_lines WHERE mid IN ({blind})"
    assert one(busy, f"{shown} AND (batch_id <> 0 OR settle_date IS NOT NULL)") == 0
