"""A late posting that names another payment finds its own by its document, on top of an earlier run too.

That payment, its order and its document lie in days that nothing else touches: only that the posting differs from the
payment it names leads to them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from he_sync.reconcile import runs
from tests.settlement_world.cut import DATED, days
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec
from tests.settlement_world.test_again import STOCK, both, edited

SOLD, NAMED, COMES = 1, 2, 4  # days: of its own payment, of the payment that it names, and on which it comes
SECOND = "nothing, but the payment has its own"
CASES = {
    "amount": "amount_cents = amount_cents + 7",
    "store": "store_id = (SELECT min(store_id) FROM s WHERE store_id <> rows.store_id)",
    "day": "posting_date = posting_date + INTERVAL 1 DAY",
    SECOND: "account = account",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("late")
    make(Spec(300, seed=8, days=8, breaks=0.0), folder / "whole")
    for name in STOCK:
        (folder / "whole" / f"{name}.parquet").unlink()
    days(folder / "whole", folder / "days")
    return folder / "days"


def only_posting(books: Path, day: int) -> tuple[int, int, int]:
    """A payment of a store that posts each, the only one of its order: payment, posting and document."""
    file = sorted((books / "pos_payments").glob("*.parquet"))[day].name
    with duckdb.connect() as connection:
        (found,) = connection.execute(
            f"SELECT payment_id, gl_id, g.erp_doc FROM '{books}/gl_lines/{file}' g"
            f" JOIN '{books}/pos_payments/{file}' p ON payment_id = ref JOIN '{books}/stores.parquet' s"
            f" ON p.store_id = s.store_id SEMI JOIN '{books}/erp_orders/*.parquet' e ON e.erp_doc = g.erp_doc"
            " WHERE source = 'PAY' AND gl_detail = 'payment' AND kind = 'sale' AND order_id IN"
            f" (SELECT order_id FROM '{books}/pos_payments/*.parquet' GROUP BY order_id HAVING count(*) = 1)"
            " ORDER BY payment_id LIMIT 1"
        ).fetchall()
    return found


@pytest.mark.parametrize("differs", CASES)
def test_a_late_posting_that_names_another_payment_finds_its_own(world, tmp_path, differs):
    """It is as the payment that it names would have it but for one thing; that one has lost its own or keeps it."""
    books = shutil.copytree(world, tmp_path / "books")
    payment, posting, document = only_posting(books, SOLD)
    named, its_own, _ = only_posting(books, NAMED)
    sold, other, late = (sorted((books / "gl_lines").glob("*.parquet"))[day] for day in (SOLD, NAMED, COMES))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE s AS FROM '{books}/stores.parquet' WHERE gl_detail = 'payment'")
        connection.execute(f"CREATE TABLE rows AS FROM '{other}' WHERE gl_id = {its_own}")
        connection.execute(f"UPDATE rows SET gl_id = {posting}, erp_doc = {document}, ref = {named}")
        connection.execute(f"UPDATE rows SET {CASES[differs]}")
        connection.execute(f"COPY (FROM '{late}' UNION ALL FROM rows) TO '{tmp_path}/late' (FORMAT parquet)")
    edited(sold, f"DELETE FROM rows WHERE gl_id = {posting}")
    if differs != SECOND:
        edited(other, f"DELETE FROM rows WHERE gl_id = {its_own}")
    for name in DATED:
        for file in sorted((books / name).glob("*.parquet"))[COMES:]:
            file.rename(tmp_path / f"{name} {file.name}")
    runs.settlements(books, tmp_path / "first")
    shutil.move(tmp_path / "late", late)
    assert both(books, tmp_path / "first", tmp_path).startswith("on top of")
    with duckdb.connect() as connection:
        links = f"read_parquet('{tmp_path}/night/links/*.parquet')"
        sql = f"SELECT left_id, rule FROM {links} WHERE rel = 'PG' AND right_id = {posting}"
        assert connection.execute(sql).fetchall() == [(payment, "erp_document")]
