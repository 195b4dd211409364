"""The effective rate is fees by deposits, by merchant id, card group and month; what moves it is told in points."""

from fractions import Fraction

import pandas as pd

from he_sync.model.contract import frame
from he_sync.model.deposit import Deposits
from he_sync.model.retailer import Terms
from he_sync.reconcile.clearing.rates import WHOLE, drifts, points, rates
from tests.reconcile.clearing.shop import GROUPS

TERMS = Terms.model_validate(
    {"fees": {"VISA": {"basis_points": 200, "per_item_minor": 10}}, "funding_bank_days": {"VMDD": 2, "AMEX": 1}}
)


def paid(*months, store="S001", brand="VISA"):
    """A deposit a month: its gross and its fees; and the lines that it paid."""
    rows, lines = [], []
    for month, gross, fees in months:
        identity = f"{store}{brand}{month}"
        row = {"deposit_id": identity, "store": store, "mid": "M", "funding_date": f"{month}-15", "bank_account": "B"}
        sums = {"sales_minor": gross, "refunds_minor": 0, "chargebacks_minor": 0, "fees_minor": -fees}
        rows.append(row | sums | {"currency": "USD", "amount_minor": gross - fees})
        lines.append({"deposit_id": identity, "brand": brand, "brand_group": GROUPS[brand][0], "amount_minor": gross})
    return frame(Deposits, rows), pd.DataFrame(lines)


def both(*some):
    return tuple(pd.concat(frames, ignore_index=True) for frames in zip(*some, strict=True))


def test_each_merchant_and_card_group_has_a_rate_a_month_beside_the_contracts():
    visa, amex = paid(("2026-10", 100_000, 2_010)), paid(("2026-10", 50_000, 1_500), brand="AMEX")
    found = {(one.group, one.month): one for one in rates(*both(visa, amex), [], TERMS)}
    assert found["VMDD", "2026-10"].effective == Fraction(2_010, 100_000)
    assert found["VMDD", "2026-10"].contract_minor == 2_010
    assert points(found["AMEX", "2026-10"].effective) == 300


def test_a_rate_that_moves_by_more_than_fifteen_basis_points_is_an_alarm_and_one_by_fifteen_is_none():
    still = paid(("2026-09", 100_000, 2_010), ("2026-10", 100_000, 2_160))
    moved = paid(("2026-09", 100_000, 2_010), ("2026-10", 100_000, 2_170), store="S002")
    found = [one for one in drifts(rates(*both(still, moved), [], TERMS)) if one.than == "2026-09"]
    assert [(one.rate.store, one.points) for one in found] == [("S002", 16)]
    assert found[0].text("USD") == (
        "S002 VMDD 2026-10: 217 basis points (21.70 of fees), +16 against 2026-09; ask the processor which fee is new"
    )


def test_a_rate_that_falls_is_an_alarm_too():
    fallen = paid(("2026-09", 100_000, 2_010), ("2026-10", 100_000, 1_000))
    assert {(one.than, one.points) for one in drifts(rates(*fallen, [], TERMS))} == {
        ("2026-09", -101),
        ("the contract", -101),
    }


def test_a_month_above_the_contract_is_an_alarm_without_any_month_before():
    [one] = drifts(rates(*paid(("2026-10", 100_000, 2_500)), [], TERMS))
    assert (one.than, one.points) == ("the contract", 49)


def test_a_merchant_that_is_billed_has_one_rate_of_its_bill_and_of_what_deposits_kept():
    visa, amex = paid(("2026-10", 100_000, 0)), paid(("2026-10", 50_000, 1_500), brand="AMEX")
    [one] = rates(*both(visa, amex), [("S001", "2026-10-31", 2_000), ("S001", "2026-10-31", 40)], TERMS)
    assert (one.group, one.fees_minor, one.deposits_minor) == (WHOLE, 3_540, 150_000)


def test_a_month_without_deposits_or_fees_raises_no_alarm():
    quiet = paid(("2026-09", 100_000, 2_010), ("2026-10", 0, 0), ("2026-11", 100_000, 2_010))
    assert drifts(rates(*quiet, [], TERMS)) == ()


def test_a_month_whose_bill_has_not_come_yet_is_not_taken_for_a_cheap_one():
    months = paid(("2026-10", 100_000, 0), ("2026-11", 30_000, 0))
    found = rates(*months, [("S001", "2026-10-31", 2_010)], TERMS)
    assert ([one.month for one in found], drifts(found)) == (["2026-10"], ())
