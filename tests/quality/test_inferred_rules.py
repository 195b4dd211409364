"""Rules proposed from records with planted rules and faults: nearly all are found, and none breaks next year."""

import numpy as np
import pandas as pd
import pytest

from he_sync.quality.rules.infer import MOST, infer

ROWS, WORLDS, FAULTY = 2_000, 5, 0.005
PLANTED = {
    "dependency": [
        ("item", "description"), ("item", "department"), ("item", "brand"), ("item", "unit"), ("item", "list_minor"),
        ("department", "division"), ("store", "region"), ("store", "zone"), ("region", "manager"),
        ("customer", "rep"), ("customer", "terms"), ("terms", "days"), ("customer", "level"), ("unit", "decimals"),
    ],
    "identity": [
        ("extended_minor", "qty", "list_minor"), ("net_minor", "extended_minor", "discount_minor"),
        ("total_minor", "net_minor", "tax_minor"), ("total_minor", "paid_minor", "due_minor"),
        ("available", "on_hand", "committed"), ("on_hand", "shelf", "backroom"),
    ],
}  # fmt: skip


def year(seed, first_row):
    """A clean year of lines. What decides what is the world's, drawn by its seed; the lines are the year's."""
    world, lines = np.random.default_rng(seed), np.random.default_rng(seed * 100 + first_row)
    n = ROWS
    item, store, customer = lines.integers(0, 200, n), lines.integers(0, 24, n), lines.integers(0, 300, n)
    department, unit = world.integers(0, 9, 200)[item], world.integers(0, 4, 200)[item]
    region, terms = world.integers(0, 6, 24)[store], world.integers(0, 5, 300)[customer]
    price = world.integers(200, 9_000, 200)[item]
    qty, shelf, back = lines.integers(1, 9, n), lines.integers(0, 40, n), lines.integers(0, 90, n)
    extended = qty * price
    discount = np.where(lines.random(n) < 0.3, extended // lines.integers(5, 20, n), 0)
    net = extended - discount
    tax = net * lines.choice([0, 6, 8], n) // 100
    paid = (net + tax) * lines.choice([0, 50, 100], n, p=[0.1, 0.2, 0.7]) // 100
    committed = lines.integers(0, 12, n)
    return pd.DataFrame(
        {
            "line_id": np.arange(first_row, first_row + n),
            "item": [f"I{one:04d}" for one in item], "description": [f"Thing {one}" for one in item],
            "department": [f"D{one}" for one in department], "division": [f"V{one // 3}" for one in department],
            "brand": [f"B{one}" for one in world.integers(0, 15, 200)[item]], "unit": [f"U{one}" for one in unit],
            "decimals": world.integers(0, 3, 4)[unit], "store": [f"S{one:02d}" for one in store],
            "region": [f"R{one}" for one in region], "zone": [f"Z{one}" for one in world.integers(0, 4, 24)[store]],
            "manager": [f"M{one}" for one in world.permutation(6)[region]],
            "customer": [f"C{one}" for one in customer],
            "rep": [f"P{one}" for one in world.integers(0, 8, 300)[customer]],
            "terms": [f"N{one}" for one in terms], "days": np.array([0, 10, 30, 45, 60])[terms],
            "level": [f"L{one}" for one in world.integers(0, 4, 300)[customer]],
            "qty": qty, "list_minor": price, "extended_minor": extended, "discount_minor": discount, "net_minor": net,
            "tax_minor": tax, "total_minor": net + tax, "paid_minor": paid, "due_minor": net + tax - paid,
            "shelf": shelf, "backroom": back, "on_hand": shelf + back, "committed": committed,
            "available": shelf + back - committed, "status": lines.choice(["open", "shipped", "void"], n),
            "placed": pd.Timestamp("2026-01-01") + pd.to_timedelta(lines.integers(0, 300, n), unit="D"),
        }
    ).assign(shipped=lambda rows: rows["placed"] + pd.to_timedelta(lines.integers(0, 20, n), unit="D"))  # fmt: skip


def with_faults(clean, seed):
    """One row in two hundred of every decided column has another row's value, or an amount that is off."""
    rows, draw = clean.copy(), np.random.default_rng(seed)
    for kind, rules in PLANTED.items():
        for rule in rules:
            column = rule[1] if kind == "dependency" else rule[0]
            where = draw.choice(len(rows), int(FAULTY * len(rows)), replace=False)
            values = rows[column].to_numpy(copy=True)
            values[where] = (
                values[draw.permutation(len(rows))[: len(where)]] if kind == "dependency" else values[where] + 7
            )
            rows[column] = values
    return rows


@pytest.fixture(scope="module")
def worlds():
    made = []
    for seed in range(1, WORLDS + 1):
        clean = year(seed, 1)
        made.append((clean, year(seed, 10_001), infer({"lines": with_faults(clean, seed)})))
    return made


def same(kind, columns):
    return (kind, columns) if kind == "dependency" else (kind, frozenset(columns))


def test_of_100_planted_rules_95_are_found_and_97_of_100_proposals_are_true(worlds):
    sought = {same(kind, columns) for kind, rules in PLANTED.items() for columns in rules}
    found = true = proposals = 0
    for clean, later, rules in worlds:
        ours = [rule for rule in rules if rule.kind in PLANTED]
        found += len(sought & {same(rule.kind, rule.columns) for rule in ours})
        proposals += len(ours)
        true += sum(not rule.broken({"lines": clean}) and not rule.broken({"lines": later}) for rule in ours)
    assert len(sought) * WORLDS == 100
    assert found >= 95
    assert true / proposals >= 0.97


def test_next_years_clean_records_break_no_rule_of_any_kind(worlds):
    assert [
        (rule.text, len(broken))
        for _, later, rules in worlds
        for rule in rules
        if (broken := rule.broken({"lines": later}))
    ] == []


def test_there_are_at_most_thirty_proposals_each_with_support_and_exceptions(worlds):
    for _, _, rules in worlds:
        assert len(rules) <= MOST
        assert all(rule.support > len(rule.exceptions) for rule in rules)
        assert {"key", "identity", "dependency"} <= {rule.kind for rule in rules}


def test_rows_with_a_wrong_amount_are_the_exceptions_of_their_identity(worlds):
    clean = worlds[0][0].copy()
    clean.loc[[5, 70, 900], "total_minor"] += 1
    [rule] = [one for one in infer({"lines": clean}) if one.text == "total_minor = net_minor + tax_minor"]
    assert rule.exceptions == (5, 70, 900)


def test_a_column_whose_values_are_keys_of_another_entity_is_a_reference(worlds):
    clean = worlds[0][0]
    items = clean[["item", "brand"]].drop_duplicates("item").reset_index(drop=True)
    [rule] = [one for one in infer({"lines": clean, "items": items}) if one.kind == "reference"]
    assert (rule.entity, rule.columns, rule.exceptions) == ("lines", ("item",), ())
    assert rule.broken({"lines": clean, "items": items[1:]})


def test_a_frame_without_rows_or_with_one_column_has_no_rules():
    assert infer({"none": pd.DataFrame({"a": []}), "one": pd.DataFrame({"a": ["x"] * 60})}) == []
