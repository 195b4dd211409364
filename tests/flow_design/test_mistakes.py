"""Every seeded mistake is named at its line and key, with the nearest value that would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from he_sync.flows import registry
from he_sync.flows.design.checking import checked
from he_sync.model.errors import FixInput
from tests.flow_design.test_editing import ORDERS

MISTAKES = [
    # what stands there, what was written instead, key, what is said
    ("  read: heartland_sales", "  reed: heartland_sales", "attributes.reed", "did you mean read?"),
    ("  read: heartland_sales", "  read: heartland_sale", "attributes.read", "did you mean heartland_sales?"),
    ("  read: heartland_sales", "  read: heartland_customers", "attributes.map.to", "did you mean customer?"),
    ("  read: heartland_sales\n", "", "attributes.read", "read is missing"),
    ("type: assets.flow.Flow", "type: assets.flow.Flo", "type", "did you mean assets.flow.Flow?"),
    ("type: assets.flow.Flow\n", "", "type", "type is missing"),
    ("attributes:", "atributes:", "atributes", "did you mean attributes?"),
    (
        "  name: order_to_fulfilment",
        "  name: Order to fulfilment",
        "attributes.name",
        "did you mean order_to_fulfilment?",
    ),
    ("  version: 1", "  version: one", "attributes.version", "it is 'one'"),
    ("  version: 1", "  version: 0", "attributes.version", "greater than or equal to 1"),
    ("  version: 1", "  versoin: 1", "attributes.versoin", "did you mean version?"),
    ("  trigger:", "  triggers:", "attributes.triggers", "did you mean trigger?"),
    ("    topics:", "    topic:", "attributes.trigger.topic", "did you mean topics?"),
    ("shop/order.created", "shop:order.created", "attributes.trigger.topics.2", "is no topic"),
    ("shop/order.created", "shp/order.created", "attributes.trigger.topics.2", "did you mean shop/order.created?"),
    (
        "shop/order.created",
        "Heartland/sales_order",
        "attributes.trigger.topics.2",
        "did you mean heartland/sales_order?",
    ),
    ("shop/order.created", "shop/order.updated", "attributes.trigger.topics.2", "is named twice"),
    ("has_lines", "has_line", "attributes.validate.1", "did you mean has_lines?"),
    ("known_parts", "known_part", "attributes.validate.2", "did you mean known_parts?"),
    ("deliverable_address", "deliverable_adress", "attributes.validate.3", "did you mean deliverable_address?"),
    ("[contract, has_lines", "[contrct, has_lines", "attributes.validate.0", "did you mean contract?"),
    ("[contract, has_lines,", "[has_lines, contract,", "attributes.validate.0", "put contract before it"),
    ("[contract, has_lines,", "[has_lines,", "attributes.validate.0", "put contract before it"),
    (", known_parts,", ",", "attributes.route.3", "never holds without the check known_parts"),
    ("  validate:", "  valdate:", "attributes.valdate", "did you mean validate?"),
    ("email_and_name]", "email_or_name]", "attributes.match.customers.1", "did you mean email_and_name?"),
    ("walk_in: profile", "walkin: profile", "attributes.match.walkin", "did you mean walk_in?"),
    ("walk_in: profile", "walk_in: profil", "attributes.match.walk_in", "did you mean profile?"),
    ("  match: {customers: [link, email_and_name], walk_in: profile}\n", "", "attributes.route.1", "without `match`"),
    ("to: sales_order", "to: sales_ordr", "attributes.map.to", "did you mean sales_order?"),
    ("to: sales_order", "to: rma", "attributes.map.to", "did you mean sales_order?"),
    ("tips: by_profile", "tip: by_profile", "attributes.map.tip", "did you mean tips?"),
    ("tips: by_profile", "tips: by_profil", "attributes.map.tips", "did you mean by_profile?"),
    ("same_part_and_price", "same_part", "attributes.map.aggregate_lines", "did you mean same_part_and_price?"),
    (
        "{to: sales_order,",
        "{to: sales_order, need_by_days: 400,",
        "attributes.map.need_by_days",
        "less than or equal to 365",
    ),
    (
        "{to: sales_order,",
        "{to: sales_order, owners: {fone: epicor},",
        "attributes.map.owners.fone",
        "did you mean phone?",
    ),
    ("when: amount", "when: amout", "attributes.route.0.when", "did you mean amount?"),
    ("{when: amount", "{wen: amount", "attributes.route.0", "it says wen instead of when"),
    ('over: "5000.00"', "over: 5000.50", "attributes.route.0.over", "in quotes"),
    ('over: "5000.00"', 'ovr: "5000.00"', "attributes.route.0.ovr", "did you mean over?"),
    ('over: "5000.00"', 'over: "-1"', "attributes.route.0.over", "greater than or equal to 0"),
    (
        'over: "5000.00", to: approval',
        'over: "5000.00", to: aproval',
        "attributes.route.0.to",
        "did you mean approval?",
    ),
    ("when: blocked_part", "when: blockedpart", "attributes.route.3.when", "did you mean blocked_part?"),
    ("target: epicor", "target: epicorr", "attributes.push.target", "did you mean epicor?"),
    ("way: composite", "way: function_", "attributes.push.way", "did you mean function?"),
    ("duplicates: look_up", "duplicates: lookup", "attributes.push.duplicates", "did you mean look_up?"),
    ("[epicor_order]", "[epicor_orders]", "attributes.report_back.0", "did you mean epicor_order?"),
    ("  report_back:", "  report_bak:", "attributes.report_bak", "did you mean report_back?"),
    ("  version: 1\n", "  version: 1\n  version: 2\n", "attributes.version", "is given twice"),
    ("  version: 1\n", "  version: 1\n  not_before: 2026-13-01\n", "attributes.not_before", "is no date"),
    ("  version: 1\n", "  version: 1\n  not_before: soon\n", "attributes.not_before", "date"),
    ("  read: heartland_sales", "  read: [heartland_sales", "", "is no YAML"),
    ("  read: heartland_sales", "\tread: heartland_sales", "", "is no YAML"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "said"), MISTAKES, ids=lambda value: str(value)[:40].strip())
def test_a_mistake_is_named_at_its_line_and_key_with_what_was_meant(right, wrong, key, said) -> None:
    assert right in ORDERS
    text = ORDERS.replace(right, wrong, 1)
    found = checked(text, "defs.yaml").wrong
    named = [one for one in found if said in one.text and (not key or one.place.key == key)]
    assert named, [one.said("defs.yaml") for one in found]
    line = text[: next(i for i, (a, b) in enumerate(zip(text, ORDERS, strict=False)) if a != b)].count("\n") + 1
    if "missing" not in said and "without" not in said and "did you mean customer" not in said:
        assert abs(named[0].place.line - line) <= 1, (named[0].place, line)


@pytest.mark.parametrize(("right", "wrong"), [(right, wrong) for right, wrong, *_ in MISTAKES])
def test_what_the_check_passes_the_drain_takes_and_what_the_drain_refuses_the_check_names(right, wrong) -> None:
    text = ORDERS.replace(right, wrong, 1)
    try:
        taken = registry.known(text, Path("defs.yaml")) is not None
    except (FixInput, ValueError):
        taken = False
    if not taken:
        assert checked(text).wrong


RECORD = (registry.FOLDER.with_name("templates") / "vendors" / "defs.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("right", "wrong", "key", "said"),
    [
        ("    key: ", "    kye: ", "attributes.record.kye", "did you mean key?"),
        ("decide: record", "decide: recrd", "attributes.decide", "did you mean record?"),
        ("mapping: vendors", "mapping: Vendors", "attributes.record.mapping", "did you mean vendors?"),
        ("Erp.BO.VendorSvc", "VendorSvc", "attributes.record.service", "e.g. Erp.BO.VendorSvc"),
    ],
)
def test_a_mistake_in_a_flow_of_records_is_named_so_too(right, wrong, key, said) -> None:
    assert checked(RECORD).wrong == ()
    found = checked(RECORD.replace(right, wrong, 1)).wrong
    assert [one for one in found if one.place.key == key and said in one.text], found
