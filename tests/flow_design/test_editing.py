"""What the designer writes changes what was changed and not one character more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.flows import registry
from he_sync.flows.design.checking import checked
from he_sync.flows.design.craft import begun, differences, rebased
from he_sync.flows.design.editing import is_off, parts_of, switched, version_of, with_part
from he_sync.model.errors import FixInput

FILES = registry.files()
ORDERS = (registry.FOLDER / "order_to_fulfilment" / "defs.yaml").read_text(encoding="utf-8")
COMMENTED = (
    ORDERS.replace("attributes:\n", "# whose orders\nattributes:\n")
    .replace("  read: heartland_sales\n", "  read: heartland_sales  # by id\n\n  # in this order\n")
    .replace("    - {when: margin,", "    # finance, 2026-10\n    - {when: margin,")
    .replace("      - shop/order.created\n", "      - shop/order.created  # web\n")
    .replace("to: approval}\n    - {when: blocked", "to: approval}  # five\n    - {when: blocked")
)
ROUTES = parts_of(ORDERS)["route"]
VALUES: dict[str, list[Any]] = {
    "version": [1, 2, 17],
    "description": ["short", "a: b # c", parts_of(ORDERS)["description"], "word " * 60 + "end"],
    "trigger": [{"topics": some} for some in (["shop/order.created"], ["shop/order.updated", "heartland/sales_order"])],
    "not_before": ["2026-11-01", None],
    "validate": [["contract"], ["contract", "known_parts", "has_lines"], None],
    "match": [{"customers": ["email_and_name"], "walk_in": "profile"}],
    "map": [{"to": "sales_order"}, {**parts_of(ORDERS)["map"], "order_discount": "spread", "need_by_days": 3}],
    "route": [
        None,
        ROUTES,
        ROUTES[::-1],
        [ROUTES[2], {**ROUTES[0], "over": "7500.00"}],
        [*ROUTES, {"when": "amount", "over": "1.50", "to": "approval", "because": "small: a, b"}],
        [{**ROUTES[3], "because": 'the "buyer" looks'}],
    ],
    "report_back": [None, ["epicor_order"]],
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_a_shipped_flow_that_is_written_as_it_reads_stays_the_same_bytes(path) -> None:
    text = path.read_text(encoding="utf-8")
    for key, value in parts_of(text).items():
        assert with_part(text, key, value) == text
    assert switched(switched(text, on=False), on=True) == text
    assert checked(text).wrong == ()


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.sampled_from(sorted(VALUES)).flatmap(lambda key: st.tuples(st.just(key), st.sampled_from(VALUES[key]))),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_edits_read_back_as_they_were_meant_and_leave_all_else_alone(edits, end, bare) -> None:
    text = COMMENTED.replace("\n", end)
    text = text.removesuffix(end) if bare else text
    wanted, touched = parts_of(text), set()
    for key, value in edits:
        text = with_part(text, key, value)
        touched |= {key} if wanted.get(key) != value else set()
        wanted = {name: one for name, one in {**wanted, key: value}.items() if one is not None}
    assert parts_of(text) == wanted
    assert text.startswith(f"type: assets.flow.Flow{end}# whose orders{end}")
    assert text.endswith(end) != bare
    assert text.count("\r") == (text.count("\n") if end == "\r\n" else 0)
    assert f"read: heartland_sales  # by id{end}" in text
    for key, said in {"trigger": "shop/order.created  # web", "route": "# finance, 2026-10"}.items():
        assert key in touched or said in text


def test_a_route_that_moves_takes_its_comment_with_it_and_a_limit_keeps_its_quotes() -> None:
    made = with_part(COMMENTED, "route", [ROUTES[2], {**ROUTES[0], "over": "7500.00"}, *ROUTES[3:]])
    assert '  route:\n    # finance, 2026-10\n    - {when: margin, under_percent: "5", to: approval}  # five\n' in made
    assert '    - {when: amount, over: "7500.00", to: approval}\n    - {when: blocked_part' in made
    limit = with_part(COMMENTED, "route", [{**ROUTES[0], "over": "7500.00"}, *ROUTES[1:]])
    assert limit.replace("7500.00", "5000.00") == COMMENTED
    worded = COMMENTED.replace('"5000.00", to', '"5000.00", because: "finance looks", to')
    other = with_part(worded, "route", [{**parts_of(worded)["route"][0], "because": "ana looks"}, *ROUTES[1:]])
    assert other.replace("ana looks", "finance looks") == worded


def test_an_edit_and_its_opposite_give_the_same_bytes() -> None:
    for key, value in (("not_before", "2026-11-01"), ("validate", ["contract", "known_parts"]), ("version", 9)):
        assert with_part(with_part(COMMENTED, key, value), key, parts_of(COMMENTED).get(key)) == COMMENTED
    swapped = with_part(COMMENTED, "route", [ROUTES[1], ROUTES[0], *ROUTES[2:]])
    assert with_part(swapped, "route", ROUTES) == COMMENTED


def test_a_comment_within_brackets_is_never_lost_and_what_cannot_be_edited_is_said() -> None:
    inside = ORDERS.replace("[contract, has_lines,", "[contract, # first\n    has_lines,")
    with pytest.raises(FixInput, match="a comment stands within the brackets"):
        with_part(inside, "validate", ["contract"])
    with pytest.raises(FixInput, match=r"attributes: .* edit the YAML"):
        with_part("type: assets.flow.Flow\nattributes: {name: x, version: 1}\n", "version", 2)


def test_a_new_flow_begins_as_another_with_its_comments_and_version_one() -> None:
    made = begun(switched(COMMENTED, on=False).replace("version: 1", "version: 8"), "outlet_orders", "the outlet's")
    assert (version_of(made), parts_of(made)["name"], is_off(made)) == (1, "outlet_orders", False)
    assert "# finance, 2026-10" in made
    assert checked(made).wrong == ()


def test_what_differs_is_told_part_by_part_and_wording_is_no_difference() -> None:
    route = [ROUTES[1], {**ROUTES[0], "over": "7500.00"}, *ROUTES[2:]]
    made = switched(with_part(with_part(COMMENTED, "route", route), "version", 2), on=False)
    assert [(one.key, one.old, one.new) for one in differences(ORDERS, made)][:2] == [
        ("runs", "yes", "no"),
        (
            "route.amount",
            "if it comes to more than 5000.00, a person decides",
            "if it comes to more than 7500.00, a person decides",
        ),
    ]
    assert [one.key for one in differences(ORDERS, made)] == ["runs", "route.amount", "order of routes"]
    assert differences(ORDERS, COMMENTED) == []


def test_two_people_who_change_different_parts_both_keep_their_change_and_a_clash_is_named() -> None:
    mine = switched(with_part(with_part(COMMENTED, "validate", ["contract"]), "route", ROUTES[:2]), on=False)
    theirs = with_part(with_part(COMMENTED, "not_before", "2026-11-01"), "route", ROUTES[:3])
    made, clashes = rebased(COMMENTED, mine, theirs)
    read = parts_of(made)
    assert (read["validate"], str(read["not_before"]), len(read["route"]), is_off(made)) == (
        ["contract"],
        "2026-11-01",
        3,
        True,
    )
    assert [one.key for one in clashes] == ["route"]
