"""Any chain of sales, voids, refunds, splits, fees, merges and slips closes to 0.00, whatever is wrong with it."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from he_sync.reconcile.chain.amounts import ROUNDING, SIGN, TRANSPOSED, is_transposed, slips_of
from tests.reconcile.chain.shop import MONDAY, Shop

LINES = st.sampled_from(["settled", "lost", "again", "no reference", "without tip", "dearer", "other amount"])
POSTED = st.sampled_from(
    ["posted", "missing", "twice", "no reference", "sign", "cent", "account", "other amount", "late"]
)
SALES = st.lists(
    st.tuples(
        st.integers(1, 90_000),
        st.integers(0, 500),
        st.sampled_from(["visa", "amex", "cash"]),
        st.sampled_from(["", "void", "refund"]),
        LINES,
        POSTED,
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=14,
)
EXAMPLES = 50
DEPOSITS = st.lists(st.sampled_from(["paid", "missing", "short", "over", "parts", "late"]), min_size=12, max_size=12)


def settle(shop: Shop, payment: int, batch: int, how: str, *, slips: bool) -> None:
    row = shop.payment(payment)
    day, tip = row[4], row[8]
    on = day + timedelta(1) if slips else day
    more = {
        "no reference": {"ref": 0},
        "without tip": {"cents": row[7] - tip},
        "dearer": {"fee": 77},
        "other amount": {"cents": row[7] + 41},
    }.get(how, {})
    if how != "lost":
        shop.settle(payment, batch + slips, on=on, **more)
    if how == "again":
        shop.settle(payment, batch + slips, on=on)


def post(shop: Shop, payment: int, how: str) -> None:
    cents, day = shop.payment(payment)[7], shop.payment(payment)[4]
    more = {
        "no reference": {"ref": 0},
        "sign": {"cents": -cents},
        "cent": {"cents": cents + 1},
        "account": {"account": 1050},
        "other amount": {"cents": cents + 4321},
        "late": {"day": day + timedelta(40)},
    }.get(how, {})
    if how != "missing":
        shop.post(payment, **more)
    if how == "twice":
        shop.post(payment)


def pay(shop: Shop, payouts: list[tuple[int, int]], how: list[str]) -> None:
    for (day, cents), kind in zip(payouts, how, strict=False):
        when = MONDAY + timedelta(day + 1)
        if kind == "parts":
            shop.bank(cents - cents // 3, day=when)
            shop.bank(cents // 3, day=when)
        elif kind != "missing":
            shop.bank(cents + {"short": -17, "over": 23}.get(kind, 0), day=when + timedelta(kind == "late"))


# Shrinking runs the whole chain thousands of times; the first counterexample is small enough to read.
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(sales=SALES, deposits=DEPOSITS, daily=st.booleans(), batches=st.booleans())
def test_every_chain_closes_to_the_cent(sales, deposits, daily, batches):
    shop = Shop()
    shop.tables["stores"].clear()
    shop.open_store(1, daily=daily, batches=batches)
    for cents, tip, tender, then, line, posting, day, slips in sales:
        when = MONDAY + timedelta(day)
        made = [shop.sell(cents + tip, tip=tip, tender=tender, day=when)]
        if then:
            more = {"ref": made[0] * 100 if tender != "cash" else 0} if then == "void" else {}
            made.append(shop.sell(-cents - tip, kind=then, orig=made[0], tender=tender, day=when, at=time(13), **more))
        for payment in made:
            post(shop, payment, posting)
            if tender != "cash" and then != "void":
                settle(shop, payment, 100 + 10 * day + 2 * (tender == "amex"), line, slips=slips)
    payouts = []
    for batch in sorted({row[1] for row in shop.tables["settlement_lines"]}):
        on = min(row[5] for row in shop.tables["settlement_lines"] if row[1] == batch)
        payouts.append(((on - MONDAY).days, shop.close_batch(batch, day=on)))
    if not batches:
        shop.tables["batches"].clear()
        shop.tables["settlement_lines"] = [
            (row[0], 0, *row[2:5], None, *row[6:]) for row in shop.tables["settlement_lines"]
        ]
    pay(shop, payouts, deposits)
    with TemporaryDirectory() as folder:
        found = shop.run(Path(folder))
    assert set(found.summary.unexplained_cents.values()) == {0}


@given(st.integers(-10_000_000, 10_000_000).filter(bool), st.integers(-10_000_000, 10_000_000))
def test_slips_explain_the_whole_difference_or_nothing(true, posted):
    found = slips_of(true, posted)
    assert found is None or sum(cents for _, cents in found) == posted - true


def test_each_slip_has_its_name():
    assert slips_of(1_234, 1_234) == []
    assert slips_of(1_234, 1_324) == [(TRANSPOSED, 90)]
    assert slips_of(120, 12) is None
    assert slips_of(120, 102) == [(TRANSPOSED, -18)]
    assert slips_of(1_234, -1_234) == [(SIGN, -2_468)]
    assert slips_of(1_234, 1_235) == [(ROUNDING, 1)]
    assert slips_of(1_234, -1_233) == [(SIGN, -2_468), (ROUNDING, 1)]
    assert slips_of(1_234, 5_678) is None


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_transposed_is_two_digits_and_no_more(one, other):
    width = max(len(str(one)), len(str(other)))
    left, right = str(one).zfill(width), str(other).zfill(width)
    places = [i for i in range(width) if left[i] != right[i]]
    swapped = len(places) == 2 and left[places[0]] == right[places[1]] and left[places[1]] == right[places[0]]
    assert is_transposed(one, other) == swapped


def test_books_without_a_record_close_without_a_break(tmp_path):
    found = Shop().run(tmp_path)
    assert found.closes
    assert found.rows == found.breaks == []


def test_lines_without_anything_else_are_all_exceptions(tmp_path):
    shop = Shop()
    shop.line(31, "SALE", 500, ref=7)
    shop.line(31, "REFUND", -300, ref=8)
    found = shop.run(tmp_path)
    assert found.closes
    assert {kind for kind, _, _ in found.classes()} == {"residual_unresolved", "orphan_refund"}
