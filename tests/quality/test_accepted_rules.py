"""An accepted rule is a check: of a contract, which sets the rows that break it aside, and of the close's suite."""

import json

import pandas as pd
import pytest

from he_sync.flows.canonical import Frame, Step
from he_sync.flows.canonical import run as canonical
from he_sync.model.contract import frame
from he_sync.model.errors import FixInput
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.ticket import Tickets
from he_sync.quality.close_suite.inferred import expected
from he_sync.quality.close_suite.rules import Table
from he_sync.quality.close_suite.run import validate
from he_sync.quality.contracts import check
from he_sync.quality.rules.book import FILE, Accepted, chosen, for_entity, read_accepted, read_rules, with_accepted
from he_sync.quality.rules.enforced import with_rules
from he_sync.quality.rules.infer import infer
from he_sync.quality.rules.rule import Rule
from he_sync.store.lake import Lake

DAY = "2026-11-20"


def ledger(*changes):
    base = {"posting_date": DAY, "amount_minor": 100, "payment_id": 0, "group_id": ""}
    rows = [
        base
        | {"line_id": f"GJ-{n}", "account": f"11{n % 3}0", "store": f"S00{n % 4}", "description": f"d{n % 3}"}
        | one
        for n, one in enumerate(changes)
    ]
    return frame(LedgerLines, rows)


DECIDES = Rule("ledger_lines", "dependency", ("account", "description"), "account decides description")
LISTED = Rule(
    "ledger_lines", "domain", ("store",), "store is one of ...", facts={"values": ["S000", "S001", "S002", "S003"]}
)
POSITIVE = Rule(
    "ledger_lines", "range", ("amount_minor",), "amount_minor is not below zero", facts={"least": 0, "most": None}
)


def test_rows_that_break_an_accepted_rule_are_set_aside_with_the_rule_and_the_others_travel_on():
    rows = ledger(*[{}] * 9, {"description": "else"}, {"amount_minor": -5}, {})
    checked = check("ledger_lines", with_rules(LedgerLines, [DECIDES, POSITIVE]), rows, "line_id")
    assert {(one.record, one.rule) for one in checked.failures} == {
        ("GJ-9", "account decides description"),
        ("GJ-10", "amount_minor is not below zero"),
    }
    assert list(checked.good["line_id"]) == [f"GJ-{n}" for n in (*range(9), 11)]
    assert all(json.loads(one.payload)["line_id"] == one.record for one in checked.failures)


def test_a_contract_keeps_its_own_checks_beside_accepted_rules():
    rows = ledger({}, {"account": ""})
    checked = check("ledger_lines", with_rules(LedgerLines, [POSITIVE]), rows, "line_id")
    assert [one.record for one in checked.failures] == ["GJ-1"]
    assert check("ledger_lines", LedgerLines, ledger({"amount_minor": -5}), "line_id").failures == ()


def test_a_rule_over_a_column_that_the_contract_lacks_is_refused_and_not_forgotten():
    with pytest.raises(FixInput, match="LedgerLines has no colour"):
        with_rules(LedgerLines, [Rule("ledger_lines", "range", ("colour",), "x", facts={"least": 0, "most": None})])


def test_a_reference_is_checked_where_its_entity_is_at_hand():
    facts = {"entity": "stores", "column": "code"}
    points = Rule("ledger_lines", "reference", ("store",), "store is a code of stores", facts=facts)
    stores = pd.DataFrame({"code": ["S000", "S001", "S002"]})
    rows = ledger({}, {}, {}, {})
    assert not check("ledger_lines", with_rules(LedgerLines, [points]), rows, "line_id").failures
    failed = check("ledger_lines", with_rules(LedgerLines, [points], {"stores": stores}), rows, "line_id").failures
    assert [one.record for one in failed] == ["GJ-3"]


def test_the_suite_of_a_close_says_the_same_of_what_the_library_can_say(tmp_path):
    rows = ledger(*[{}] * 4, {"store": "S009"}, {"amount_minor": -5}, {"line_id": "GJ-0"})
    once = Rule("ledger_lines", "key", ("line_id",), "line_id is there once and never empty")
    both = Rule("ledger_lines", "key", ("line_id", "account"), "line_id and account together are there once")
    found = [one for rule in (LISTED, POSITIVE, once, both) if (one := expected(rule))]
    met = validate([Table("ledger_lines", rows, tuple(found), "line_id")], DAY, tmp_path)
    assert [one.broken for one in met] == [1, 1, 2, 2]
    assert [one.column for one in met] == ["store", "amount_minor", "line_id", "line_id, account"]
    assert all(one.why.startswith("accepted rule ") for one in met)
    assert expected(DECIDES) is None


def test_dates_in_order_are_an_expectation_too(tmp_path):
    rule = Rule("orders", "order", ("placed", "shipped"), "placed is not after shipped")
    days = pd.to_datetime(["2026-01-01", "2026-01-05", "2026-01-03"])
    rows = pd.DataFrame({"id": ["a", "b", "c"], "placed": days, "shipped": days[[0, 0, 2]]})
    [met] = validate([Table("orders", rows, (expected(rule),), "id")], DAY, tmp_path)
    assert (met.broken, met.examples) == (1, ("b, 2026-01-01 00:00:00, 2026-01-05 00:00:00",))


def test_a_rule_read_from_its_file_breaks_on_the_rows_that_it_was_found_on(tmp_path):
    n = range(300)
    rows = pd.DataFrame(
        {"line_id": n, "item": [f"I{one % 20}" for one in n], "net": [100 + 7 * (one % 90) for one in n]}
    )
    rows = rows.assign(dept=rows["item"].str[-1], tax=rows["net"] % 17, channel=["web", "shop", "web"] * 100)
    rows["total"] = rows["net"] + rows["tax"]
    rows.loc[4, "total"] += 1
    found = infer({"lines": rows})
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"rules": [rule.plain(rows, "line_id") for rule in found]}))
    again = read_rules(path)
    assert [(one.id, one.broken({"lines": rows})) for one in again] == [(one.id, list(one.exceptions)) for one in found]
    assert {"key", "identity", "dependency", "domain", "range"} <= {one.kind for one in found}
    assert json.loads(path.read_text())["rules"][1]["rows"][0] | {"row": "6", "record": "4"} in [
        row for one in json.loads(path.read_text())["rules"] for row in one["rows"]
    ]


def test_who_accepted_first_stays_and_an_id_may_be_shortened(tmp_path):
    path = tmp_path / "rules.json"
    first, again = Accepted(LISTED, "ann", "2026-01-01"), Accepted(LISTED, "bob", "2026-02-01")
    kept = with_accepted([first], [again, Accepted(POSITIVE, "bob", "2026-02-01")])
    path.write_text(json.dumps({"rules": [one.plain() for one in kept]}))
    assert {(one.rule.kind, one.by) for one in read_accepted(path)} == {("domain", "ann"), ("range", "bob")}
    assert chosen(path, read_rules(path), [LISTED.id[:5]]) == [LISTED]
    assert for_entity(path, "tickets") == []


RULE = {"entity": "a", "kind": "key", "columns": ["b"], "rule": "b", "facts": {}}
WRONG = {
    "is no file of rules": {},
    "is no list of rules": {"rules": [1]},
    "rule 1 lacks": {"rules": [{"entity": "a"}]},
    "rule 1 is of kind 'x'": {"rules": [RULE | {"kind": "x"}]},
    "accepted by nobody": {"rules": [RULE]},
}


@pytest.mark.parametrize("said", WRONG)
def test_a_file_that_holds_no_accepted_rules_is_told_apart(tmp_path, said):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(WRONG[said]))
    with pytest.raises(FixInput, match=said):
        read_accepted(path)


LINES = Step(
    "lines",
    ("epicor/lines",),
    {"ledger_lines": Frame(LedgerLines, "line_id")},
    lambda _lake, _day, _retailer: {"epicor/lines": lambda document: [("ledger_lines", document)]},
    "ledger lines as they are",
)


def test_the_night_sets_aside_what_breaks_a_rule_that_its_installation_accepted(tmp_path):
    rows = ledger({}, {"amount_minor": -5}, {})
    lake = Lake(tmp_path / "lake")
    with lake.raw("epicor/lines", DAY) as writer:
        writer.append(list(rows["line_id"]), [json.dumps(row) for row in rows.to_dict("records")])
    assert canonical(LINES, lake, DAY, None).failures == ()
    kept = {"rules": [Accepted(POSITIVE, "ann", "2026-11-01").plain()]}
    (tmp_path / FILE).write_text(json.dumps(kept))
    made = canonical(LINES, lake, DAY, None)
    assert [(one.record, one.rule) for one in made.failures] == [("GJ-1", "amount_minor is not below zero")]
    assert list(lake.read("canonical", "ledger_lines", DAY)["line_id"]) == ["GJ-0", "GJ-2"]


def test_checks_of_a_contract_over_a_whole_row_stay_beside_accepted_ones():
    rule = Rule("tickets", "range", ("total_minor",), "total_minor is not below zero", facts={"least": 0, "most": None})
    own, ruled = (len(one.to_schema().checks) for one in (Tickets, with_rules(Tickets, [rule])))
    assert own > 0
    assert ruled == own + 1
    assert len(Tickets.to_schema().checks) == own
