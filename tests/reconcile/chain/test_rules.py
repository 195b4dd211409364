"""Rule files: what may be said in them, what is refused, and what a rule or tolerance changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from he_sync.model.errors import FixSettings
from he_sync.reconcile.chain.rules import Tolerance, built_in, read_rules
from tests.reconcile.chain.shop import MONDAY, Shop


def written(tmp_path, text: str):
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "must be a mapping"),
        ("rules: []", "unknown key 'rules'"),
        ("without: [PL nonsense]", "is no rule"),
        ("without: [PL processor_reference]", "cannot be left out"),
        ("tolerances: [{leg: LB, currency: USD}]", "only PL and BD"),
        ("tolerances: [{leg: BD}]", "needs leg and currency"),
        ("tolerances: [{leg: BD, currency: USD, cents: 0.5}]", "not a whole number"),
        ("name: 'a\n  b: [", "not YAML"),
    ],
)
def test_a_bad_rules_file_is_refused_in_one_line_that_names_file_and_key(tmp_path, text, said):
    with pytest.raises(FixSettings) as refused:
        read_rules(written(tmp_path, text))
    assert said in str(refused.value)
    assert "rules.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_version_follows_the_content(tmp_path):
    same = read_rules(written(tmp_path, "name: built-in"))
    assert same.version == built_in().version
    assert read_rules(written(tmp_path, "name: built-in\nwithout: [PL amount_day]")).version != same.version


def one_cent_short() -> tuple[Shop, int, int]:
    shop = Shop()
    sale = shop.sell(5_000)
    shop.settle(sale, 31)
    shop.post(sale)
    payout = shop.close_batch(31)
    line = shop.bank(payout - 1)
    shop.entry("DEPOSIT", 1010, payout, day=MONDAY + timedelta(1))
    return shop, sale, line


def test_tolerance_has_its_own_status_and_never_hides_cents(tmp_path):
    shop, _, line = one_cent_short()
    rules = read_rules(written(tmp_path, "tolerances: [{leg: BD, currency: USD, cents: 2, day_cents: 2}]"))
    found = shop.run(tmp_path / "out", rules)
    assert found.strength("BD", 31) == {"within_tolerance"}
    assert found.classes() == []
    assert found.summary.identities["bank_minus_expected"]["USD"].difference == -1
    assert found.closes
    assert shop.run(tmp_path / "strict").classes() == [("short_deposit", line, -1)]


@pytest.mark.parametrize(
    "limits", ["cents: 2, day_cents: 0", "cents: 0, day_cents: 9", "cents: 2, day_cents: 2, account: 9002"]
)
def test_tolerance_is_capped_by_item_day_and_account(tmp_path, limits):
    shop, _, line = one_cent_short()
    rules = read_rules(written(tmp_path, f"tolerances: [{{leg: BD, currency: USD, {limits}}}]"))
    assert shop.run(tmp_path / "out", rules).classes() == [("short_deposit", line, -1)]


def test_tolerance_holds_for_its_currency_only():
    assert built_in().tolerance("BD", "USD", 9001) is None
    assert not Tolerance("BD", "USD", cents=1).allows(100, 2)
    assert Tolerance("BD", "USD", bps=200).allows(-100, 2)


def test_a_rule_left_out_matches_nothing(tmp_path):
    shop = Shop()
    sale = shop.sell(5_000)
    shop.settle(sale, 31, ref=0)
    known = shop.sell(300)
    shop.settle(known, 31)
    for payment in (sale, known):
        shop.post(payment)
    shop.deposit(shop.close_batch(31))
    off = ", ".join(
        f"PL {name}"
        for name in (
            "amount_day_fee",
            "amount_day",
            "without_tip_fee",
            "without_tip",
            "amount_next_day",
            "amount_day_before",
        )
    )
    found = shop.run(tmp_path / "out", read_rules(written(tmp_path, f"without: [{off}]")))
    assert {left for left, _ in found.links("PL")} == {known}
    assert {left for left, _ in shop.run(tmp_path / "all").links("PL")} == {sale, known}
