"""What the canvas writes changes what was changed and not one character more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.mapping.spec.comparing import differences, rebased
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.document import composed, plain
from he_sync.mapping.spec.editing import with_entries, with_entry, with_test, with_value, without
from he_sync.mapping.spec.reading import read
from he_sync.mapping.spec.writing import entry_data
from tests.mapping_language.test_mistakes import RIGHT

COMMENTED = RIGHT.replace("    from: id\n", "    from: id  # the shop's own number\n").replace(
    "  City:\n", "\n  # where it goes\n  City:\n"
)
ENTRIES = [
    {"from": "status"},
    {"sql": "total - coalesce(discount, 0)"},
    {"from": "status", "steps": ["trim", {"cut": 3}, {"replace": {"old": "a, b", "new": "#"}}]},
    {"from": "total", "only": "status = 'open'", "otherwise": Decimal("1.50")},
    {"value": "5"},
    {"value": "yes: no # [x]"},
    {"sql": "case\n  when total > 1 then 'a'\n  else 'b'\nend"},
    {"lines": {"of": "lines", "take": "join", "sql": "'x'", "by": " / "}},
]
TARGETS = ["PONum", "OrderAmt", "City", "Terms", "Goods", "Fresh"]


def data(text: str) -> dict[str, Any]:
    found: dict[str, Any] = plain(composed(text, "x"))
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(TARGETS), st.one_of(st.none(), st.sampled_from(ENTRIES))), max_size=12),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_edits_read_back_as_they_were_meant_and_leave_all_else_alone(
    edits: list[tuple[str, dict[str, Any] | None]], end: str
) -> None:
    text = COMMENTED.replace("\n", end)
    wanted = data(text)
    for target, entry in edits:
        text = with_entry(text, target, entry)
        wanted["map"] = {name: one for name, one in wanted["map"].items() if name != target}
        wanted["map"] |= {target: entry} if entry else {}
    assert data(text) == wanted
    at_once = with_entries(COMMENTED.replace("\n", end), dict(edits))
    assert data(at_once)["map"] == wanted["map"]
    head, tail = (
        COMMENTED.replace("\n", end).split(f"map:{end}")[0],
        COMMENTED.replace("\n", end).split(f"tests:{end}")[1],
    )
    assert text.startswith(head)
    assert text.endswith(tail)
    assert (end == "\r\n") == (text.count("\r\n") == text.count("\n"))


def test_an_edit_keeps_the_comments_beside_it_and_the_lines_of_every_other_field() -> None:
    made = with_entry(COMMENTED, "PONum", {"from": "id", "steps": [{"prefix": "SHOP-"}]})
    assert "from: id  # the shop's own number\n" in made
    assert made.replace("SHOP-", "WEB-") == COMMENTED


def test_an_edit_and_its_opposite_give_the_same_bytes() -> None:
    there = data(COMMENTED)["map"]["OrderAmt"]
    assert with_entry(with_entry(COMMENTED, "OrderAmt", {"sql": "total"}), "OrderAmt", there) == COMMENTED
    assert with_entry(with_entry(COMMENTED, "Zip", {"from": "status"}), "Zip", None) == COMMENTED
    assert with_value(with_value(COMMENTED, "version", 4), "version", 3) == COMMENTED


def test_what_the_canvas_wrote_it_reads_and_writes_again_byte_by_byte() -> None:
    text = without(RIGHT, "tests").split("map:")[0] + "map: {}\n"
    for target, entry in zip(TARGETS, ENTRIES, strict=False):
        text = with_entry(text, target, entry)
    again = text.split("map:")[0] + "map: {}\n"
    for target, one in read(text, "x")[0].entries.items():
        again = with_entry(again, target, entry_data(one))
    assert again == text


@pytest.mark.parametrize("entry", [one for one in ENTRIES if "\n" not in str(one)])
def test_a_file_in_one_line_style_can_be_edited_too(entry: dict[str, Any]) -> None:
    text = RIGHT.split("map:\n")[0] + "map: {PONum: {from: id}, City: {from: billing.city}}  # all\n"
    assert data(with_entry(text, "City", entry))["map"] == {"PONum": {"from": "id"}, "City": entry}
    inner = RIGHT.split("map:\n")[0] + "map:\n  City: {value: Zürich 𝄞} # why\n"
    made = with_entry(inner, "City", entry)
    assert data(made)["map"] == {"City": entry}
    assert made.endswith(" # why\n")


def test_a_test_is_added_behind_the_others_and_the_mapping_still_runs() -> None:
    given_record = {"id": 9, "total": Decimal("3.10"), "status": "open"}
    made = with_test(COMMENTED, {"name": "small: an order", "given": given_record, "expect": {"PONum": "WEB-9"}})
    assert made.startswith(COMMENTED)
    assert [one.name for one in engine(made).mapping.tests] == ["an order", "small: an order"]


def test_two_people_who_change_different_fields_both_keep_their_change_and_a_clash_is_named() -> None:
    mine = with_entry(with_entry(RIGHT, "City", {"from": "status"}), "PONum", {"from": "status"})
    theirs = with_entry(with_entry(RIGHT, "OrderAmt", {"from": "total"}), "PONum", {"from": "customer_name"})
    assert [one.key for one in differences(RIGHT, theirs)] == ["PONum", "OrderAmt"]
    made, clashes = rebased(RIGHT, mine, theirs)
    assert data(made)["map"]["City"] == {"from": "status"}
    assert data(made)["map"]["OrderAmt"] == {"from": "total"}
    assert [(one.key, one.old, one.new) for one in clashes] == [("PONum", "customer_name", "status")]
