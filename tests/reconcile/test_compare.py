"""Comparisons by key and of stock: exact findings, repeated keys paired by best, the same in any order of rows."""

from itertools import permutations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.model.errors import FixInput
from he_sync.reconcile.compare import inventory, keyed
from he_sync.reconcile.given import open_books
from tests.reconcile.folder import write

SIDES = keyed.Sides("a", "b", ("id",), ("amount", "account"))


def compare(left, right, sides=SIDES):
    """Counts, and findings as (id, what, columns, left amount, right amount) in one order."""
    connection = duckdb.connect(config={"threads": 1})
    for name, rows in (("a", left), ("b", right)):
        connection.execute(f"CREATE TABLE {name} (id VARCHAR, amount BIGINT, account BIGINT)")
        if rows:
            marks = ", ".join("(?, ?, ?)" for _ in rows)
            connection.execute(f"INSERT INTO {name} VALUES {marks}", [value for row in rows for value in row])  # noqa: S608 - our own names
    counts = keyed.compare(connection, sides)
    found = connection.execute("SELECT id, what, columns, left_amount, right_amount FROM differences ORDER BY ALL")
    return counts, found.fetchall()


def test_the_correct_posting_is_the_partner_and_the_wrong_one_the_duplicate_whichever_comes_first():
    """datacompy pairs in file order, reports (500, 950) as unequal and the correct posting as the extra row."""
    for right in permutations([("p", 950, 1), ("p", 500, 1)]):
        counts, found = compare([("p", 500, 1)], list(right))
        assert found == [("p", "duplicate_right", "", None, 950)]
        assert (counts.equal, counts.differs) == (1, 0)


def test_the_first_column_counts_more_than_all_after_it():
    _, found = compare([("p", 500, 7)], [("p", 501, 7), ("p", 500, 8)])
    assert found == [("p", "differs", "account", 500, 500), ("p", "duplicate_right", "", None, 501)]


def test_a_key_twice_on_one_side_and_never_on_the_other_is_two_rows_on_one_side():
    _, found = compare([("p", 1, 1), ("p", 2, 1)], [])
    assert [what for _, what, *_ in found] == ["only_left", "only_left"]


def test_rows_without_a_key_are_refused_with_their_number():
    with pytest.raises(FixInput, match="left side: 2 rows have no id; a comparison by key needs one in every row"):
        compare([(None, 1, 1), (None, 1, 1)], [("p", 1, 1)])


def naive(left, right):
    """Counts by trying all pairs of a key: equal rows first, then equal amounts, then equal accounts, then any."""
    left, right = list(left), list(right)
    equal = differs = 0
    for agrees in (lambda a, b: a == b, lambda a, b: a[:2] == b[:2], lambda a, b: a[2] == b[2], lambda a, b: True):  # noqa: ARG005 - any pair
        for one in list(left):
            partner = next((other for other in right if other[0] == one[0] and agrees(one, other)), None)
            if partner:
                left.remove(one)
                right.remove(partner)
                equal, differs = equal + (one == partner), differs + (one != partner)
    return equal, differs, len(left), len(right)


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 2)), max_size=7)


@settings(max_examples=60, deadline=None)
@given(left=ROWS, right=ROWS)
def test_every_row_is_in_exactly_one_pair_or_left_over_as_trying_all_pairs_says(left, right):
    counts, _ = compare(left, right)
    over = (counts.only_left + counts.duplicate_left, counts.only_right + counts.duplicate_right)
    assert (counts.equal, counts.differs, *over) == naive(left, right)
    assert len(left) == counts.equal + counts.differs + over[0]
    assert len(right) == counts.equal + counts.differs + over[1]


def test_the_order_of_rows_changes_nothing():
    left = [("a", 1, 1), ("a", 2, 1), ("b", 3, 1)]
    right = [("a", 2, 2), ("a", 2, 1), ("a", 9, 9), ("c", 1, 1)]
    first = compare(left, right)
    assert all(compare(list(one), right[::-1]) == first for one in permutations(left))


STOCK = {
    "pos_inventory": "sku location available_ea",
    "erp_inventory": "sku location on_hand reserved uom",
    "inflight": "sku location qty_ea",
}


def stock(tmp_path, pos=None, erp=None, moving=()):
    """Findings of one item at one place: (class, delta)."""
    files = {
        name: (STOCK[name], [(1, 0, *values)] if values else [])
        for name, values in (("pos_inventory", pos), ("erp_inventory", erp), ("inflight", moving))
    }
    with open_books(write(tmp_path, "csv", files), subject="inventory") as books:
        inventory.compare(books.connection, books.rows)
        return books.connection.execute("SELECT break_class, delta_cents FROM inventory_breaks").fetchall()


@pytest.mark.parametrize(
    ("pos", "erp", "moving", "found"),
    [
        ((48,), (5, 1, "CS"), (), []),
        ((60,), (5, 1, "CS"), (12,), []),
        ((48,), (5, 1, "CS"), (6,), [("inv_quantity_drift", -6)]),
        ((53,), (5, 1, "CS"), (), [("inv_quantity_drift", 5)]),
        ((-48,), (5, 1, "CS"), (), [("inv_sign_flip", -96)]),
        ((60,), (5, 1, "CS"), (), [("inv_reserved_ignored", 12)]),
        ((60,), (60, 0, "CS"), (), [("inv_uom_error", -660)]),
        ((48,), (60, 1, "CS"), (), [("inv_uom_error", -660)]),
        ((4,), (5, 1, "CS"), (), [("inv_uom_error", -44)]),
        ((576,), (5, 1, "CS"), (), [("inv_uom_error", 528)]),
        ((52,), (52, 2, "EA"), (), [("inv_reserved_ignored", 2)]),
        (None, (5, 1, "CS"), (), [("inv_missing_in_pos", 0)]),
        ((7,), None, (), [("inv_missing_in_erp", 0)]),
        ((0,), None, (), []),
        (None, (0, 0, "CS"), (), []),
        (None, None, (12,), []),
    ],
)
def test_each_cause_of_a_stock_difference_is_named(tmp_path, pos, erp, moving, found):
    assert stock(tmp_path, pos, erp, moving) == found


def test_an_items_number_is_its_place_among_the_sorted_items_where_items_are_texts(tmp_path):
    files = {
        "uom": ("sku stock_uom eaches", [("B", "EA", 1), ("A", "EA", 1), ("C", "EA", 1)]),
        "pos_inventory": (STOCK["pos_inventory"], [("B", 2, 9)]),
        "erp_inventory": (STOCK["erp_inventory"], [("B", 2, 7, 0, "EA")]),
        "inflight": (STOCK["inflight"], []),
    }
    with open_books(write(tmp_path, "csv", files), subject="inventory") as books:
        inventory.compare(books.connection, books.rows)
        assert books.connection.execute("SELECT record_id FROM inventory_breaks").fetchall() == [(2 * 3 + 1,)]


@pytest.mark.parametrize("here", ["pos_inventory", "erp_inventory"])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_an_item_that_is_there_twice_is_refused_however_often_the_other_side_has_it(tmp_path, here, times):
    row = {"pos_inventory": ("x", 0, 4), "erp_inventory": ("x", 0, 4, 0, "EA")}
    files = {name: (STOCK[name], [one] * (2 if name == here else times)) for name, one in row.items()}
    files |= {"uom": ("sku stock_uom eaches", [("x", "EA", 1)]), "inflight": (STOCK["inflight"], [("x", 1, 1)])}
    if not times:
        files |= {name: (STOCK[name], [("x", 9, *one[2:])]) for name, one in row.items() if name != here}
    folder = write(tmp_path, "parquet", files)
    with (
        open_books(folder, subject="inventory") as books,
        pytest.raises(inventory.Repeated, match="item x at location 0"),
    ):
        inventory.compare(books.connection, books.rows)
