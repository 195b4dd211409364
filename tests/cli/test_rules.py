"""`he-sync rules`: proposed from files, accepted by a person, held against later files; routes tested on later rows."""

import json
import re
import sys

import numpy as np
import pandas as pd
import pytest

from he_sync.cli.main import main
from he_sync.flows.spec import parse
from he_sync.store.lake import Lake


@pytest.fixture
def he_sync(monkeypatch, capfd):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["he-sync", "rules", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capfd.readouterr()
        return ended.value.code, told.out, told.err

    return call


def lines(seed, faults=True):
    n, draw = 500, np.random.default_rng(seed)
    item = draw.integers(0, 40, n)
    frame = pd.DataFrame({"line_id": np.arange(n) + 1_000 * seed, "item_no": [f"{one:04d}" for one in item]})
    frame["dept"] = [f"D{(one * 7) % 5}" for one in item]
    net = draw.integers(100, 9_000, n)
    tax = (net * 825 + 5_000) // 10_000
    frame["net"], frame["tax"], frame["total"] = (one / 100 for one in (net, tax, net + tax))
    if faults:
        frame.loc[3, "total"] += 0.01
        frame.loc[9, "dept"] = "D9"
    return frame


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    lines(1).to_csv(tmp_path / "in" / "lines.csv", index=False)
    items = pd.DataFrame({"item_no": [f"{one:04d}" for one in range(40)], "brand": "x"})
    items.to_parquet(tmp_path / "in" / "items.parquet")
    return tmp_path


def proposed(path):
    return {one["rule"]: one for one in json.loads(path.read_text())["rules"]}


def test_rules_of_a_folder_name_the_rows_that_break_them_by_their_key_and_their_row_in_the_file(he_sync, folder):
    code, out, _ = he_sync("infer", folder / "in", "--out", folder / "p.json", "--json")
    found = proposed(folder / "p.json")
    assert (code, json.loads(out)["rules"]) == (0, len(found))
    wrong = found["total = net + tax"]
    assert (wrong["support"], wrong["exceptions"]) == (500, 1)
    assert wrong["rows"][0]["row"] == "5"
    assert wrong["rows"][0]["record"] == "1003"
    assert found["item_no decides dept"]["rows"][0]["dept"] == "D9"
    assert found["item_no is a item_no of items"]["exceptions"] == 0
    assert found["tax = net x 0.0825"]["exceptions"] == 0


def test_one_acceptance_makes_a_check_that_next_years_clean_file_passes_and_a_faulty_one_does_not(he_sync, folder):
    he_sync("infer", folder / "in", "--out", folder / "p.json")
    assert he_sync("accept", folder / "p.json", "--all", "--into", folder / "r.json", "--by", "ann")[0] == 0
    assert {one["accepted_by"] for one in json.loads((folder / "r.json").read_text())["rules"]} == {"ann"}
    later = folder / "next" / "lines.csv"
    later.parent.mkdir()
    lines(2, faults=False).to_csv(later, index=False)
    code, out, err = he_sync("check", later, folder / "in/items.parquet", "--rules", folder / "r.json", "--json")
    assert (code, json.loads(out)["broken"]) == (0, 0), err
    faulty = lines(2, faults=False).astype({"total": str})
    faulty.loc[7, "tax"] += 1
    faulty.loc[8, "total"] = "n/a"
    faulty.to_csv(later, index=False)
    args = ("check", later, folder / "in/items.parquet", "--rules", folder / "r.json", "--out", folder / "b.json")
    assert he_sync(*args)[0] == 1
    broken = {
        one["rule"]: [row["record"] for row in one["rows"]]
        for one in json.loads((folder / "b.json").read_text())["broken"]
    }
    assert broken["total = net + tax"] == ["2007", "2008"]
    assert broken["tax = net x 0.0825"] == ["2007"]


def test_one_rule_is_accepted_by_its_id_and_dropped_again(he_sync, folder):
    he_sync("infer", folder / "in", "--out", folder / "p.json")
    one = proposed(folder / "p.json")["total = net + tax"]["id"]
    he_sync("accept", folder / "p.json", "--rule", one, "--into", folder / "r.json")
    assert list(proposed(folder / "r.json")) == ["total = net + tax"]
    assert he_sync("drop", folder / "r.json", "--rule", one[:4])[0] == 0
    assert proposed(folder / "r.json") == {}


def test_rules_come_from_an_installations_canonical_frames_over_all_their_dates(he_sync, tmp_path):
    lake, frame = Lake(tmp_path / "home/lake"), lines(1)
    for day, rows in (("2026-11-19", frame[:250]), ("2026-11-20", frame[250:])):
        lake.write("canonical", "lines", day, rows.reset_index(drop=True), {})
    assert he_sync("infer", tmp_path / "home", "--out", tmp_path / "p.json")[0] == 0
    assert proposed(tmp_path / "p.json")["total = net + tax"]["support"] == 500


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("infer", "in/none.csv", "--out", "p.json"), "in/none.csv: there is no such file"),
        (("infer", "empty", "--out", "p.json"), "empty: holds no CSV or Parquet file"),
        (("infer", "in", "in/lines.csv", "--out", "p.json"), "was read from in/lines.csv already"),
        (("infer", "in", "--out", "none/p.json"), "cannot be written"),
        (("accept", "in/lines.csv", "--all", "--into", "r.json"), "is no file of rules"),
        (("accept", "p0.json", "--rule", "ffff", "--into", "r.json"), "0 rules have an id that begins with 'ffff'"),
        (("accept", "p0.json", "--into", "r.json"), "nothing was accepted"),
        (("check", "in/lines.csv", "--rules", "none.json"), "holds no accepted rule"),
        (("check", "in/items.parquet", "--rules", "r0.json"), "no rule of r0.json is about items"),
        (("check", "other/lines.csv", "--rules", "r0.json"), "lines: has no column total"),
        (("routes", "in/lines.csv", "--out", "o.json"), "has neither decisions nor accounts"),
        (("routes", "in/items.parquet", "--out", "o.json"), "has 40 rows"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(he_sync, folder, monkeypatch, words, said):
    monkeypatch.chdir(folder)
    rule = {"id": "ab", "entity": "lines", "kind": "key", "columns": ["total"], "rule": "total once", "facts": {}}
    (folder / "p0.json").write_text(json.dumps({"rules": [rule]}))
    (folder / "r0.json").write_text(json.dumps({"rules": [rule | {"accepted_by": "ann"}]}))
    for name in ("empty", "other"):
        (folder / name).mkdir()
    (folder / "other/lines.csv").write_text("a,b\n1,2\n")
    before = sorted(folder.rglob("*"))
    code, _, err = he_sync(*words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


def decisions(seed=4, above=4_000, moved=None):
    """Two years: people reject a quarter of what is over `above`, and almost nothing below it."""
    n, draw = 4_000, np.random.default_rng(seed)
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 700, n)), unit="D")
    amount = draw.gamma(1.2, 1_800, n).round(2)
    limit = np.where(np.arange(n) < 0.7 * n, above, above if moved is None else moved)
    rejected = draw.random(n) < np.where(amount > limit, 0.25, 0.004)
    outcome = np.where(rejected, "rejected", "approved")
    return pd.DataFrame({"order_no": np.arange(n), "date": day, "amount": amount, "decision": outcome})


FLOW = """type: assets.flow.Flow
attributes:
  name: outlet_orders  # the outlet's
  version: 3
  trigger: {topics: [shop/order.created]}
  read: heartland_sales
  map: {to: sales_order}
  route:
    - {when: blocked_part, to: approval}
  push: {target: epicor}
"""


def test_a_threshold_is_suggested_where_rejections_begin_and_says_what_it_would_have_asked(he_sync, tmp_path):
    decisions().to_csv(tmp_path / "h.csv", index=False)
    code, out, _ = he_sync("routes", tmp_path / "h.csv", "--out", tmp_path / "o.json", "--json")
    assert (code, json.loads(out)) == (0, {"routes": 1, "account_rules": 0, "left_out": 0})
    [one] = json.loads((tmp_path / "o.json").read_text())["routes"]
    assert one["route"]["over"] == "4000"
    later = decisions()[-1_200:]
    asked = later[later["amount"] > 4_000]
    assert (one["later"]["asked"], one["later"]["rejected"]) == (len(asked), (asked["decision"] == "rejected").sum())


def test_an_accepted_threshold_is_the_first_route_of_its_flow_and_the_rest_of_the_file_stays(he_sync, tmp_path):
    decisions().to_csv(tmp_path / "h.csv", index=False)
    he_sync("routes", tmp_path / "h.csv", "--out", tmp_path / "o.json")
    flow = tmp_path / "defs.yaml"
    flow.write_text(FLOW)
    [one] = json.loads((tmp_path / "o.json").read_text())["routes"]
    code, _, err = he_sync("adopt", tmp_path / "o.json", "--rule", one["id"], "--flow", flow)
    assert code == 0, err
    made = parse(flow)
    assert [(route.when, made.version) for route in made.route] == [("amount", 4), ("blocked_part", 4)]
    lost = [line for line in FLOW.splitlines() if line not in flow.read_text().splitlines()]
    assert lost == ["  version: 3"]
    flow.write_text(re.sub(r"  route:\n.*\n", "", FLOW))
    he_sync("adopt", tmp_path / "o.json", "--rule", one["id"], "--flow", flow)
    assert [route.when for route in parse(flow).route] == ["amount"]
    flow.write_text(FLOW.replace("route:\n    - {when: blocked_part, to: approval}", "route: []"))
    code, _, err = he_sync("adopt", tmp_path / "o.json", "--rule", one["id"], "--flow", flow)
    assert (code, "by hand" in err) == (2, True)


def unrelated():
    past = decisions()
    return past.assign(decision=np.where(np.arange(len(past)) % 25, "approved", "rejected"))


UNSURE = {"the limit was moved": decisions(moved=30_000), "rejections have another reason": unrelated()}


@pytest.mark.parametrize("past", UNSURE.values(), ids=UNSURE)
def test_a_threshold_that_the_later_part_does_not_confirm_is_not_proposed(he_sync, tmp_path, past):
    past.to_csv(tmp_path / "h.csv", index=False)
    he_sync("routes", tmp_path / "h.csv", "--out", tmp_path / "o.json")
    assert json.loads((tmp_path / "o.json").read_text())["routes"] == []


def test_new_customers_and_margins_have_thresholds_of_their_own(he_sync, tmp_path):
    n, draw = 5_000, np.random.default_rng(8)
    new, amount = draw.random(n) < 0.3, draw.integers(10_000, 900_000, n)
    margin = draw.integers(0, 60, n)
    rejected = draw.random(n) < np.where(new & (amount > 500_000), 0.3, 0) + np.where(margin < 10, 0.3, 0)
    history = {
        "is_new": new,
        "amount_minor": amount,
        "margin_percent": margin,
        "status": np.where(rejected, "Declined", "ok"),
    }
    pd.DataFrame(history).to_parquet(tmp_path / "h.parquet")
    he_sync("routes", tmp_path / "h.parquet", "--out", tmp_path / "o.json")
    found = [one["route"] for one in json.loads((tmp_path / "o.json").read_text())["routes"]]
    assert {(one["when"], one.get("over_amount") or one.get("under_percent")) for one in found} >= {
        ("new_customer", "5000"),
        ("margin", "10"),
    }


def booked(moved=False):
    n, draw = 3_000, np.random.default_rng(6)
    tender, klass = draw.choice(["visa", "amex", "cash", "gift"], n), draw.choice(["tools", "paint"], n)
    account = pd.Series(tender).map({"visa": "1150", "amex": "1151", "cash": "1155", "gift": ""})
    account = account.where(tender != "gift", np.where(klass == "tools", "2300", "2301"))
    if moved:
        account[(tender == "amex") & (np.arange(n) > 0.8 * n)] = "1152"
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(n) // 10, unit="D")
    return pd.DataFrame(
        {"line_id": np.arange(n), "posted": day, "payment_type": tender, "item_class": klass, "account": account}
    )


def test_account_rules_come_from_one_column_then_from_two_and_only_those_that_hold_later(he_sync, tmp_path):
    booked(moved=True).to_csv(tmp_path / "ledger.csv", index=False)
    he_sync("routes", tmp_path / "ledger.csv", "--out", tmp_path / "o.json")
    made = json.loads((tmp_path / "o.json").read_text())
    assert sorted(one["rule"] for one in made["rules"]) == [
        "account is 1150 where payment_type is visa",
        "account is 1155 where payment_type is cash",
        "account is 2300 where payment_type is gift and item_class is tools",
        "account is 2301 where payment_type is gift and item_class is paint",
    ]
    [left] = made["left_out"]
    assert (left["rule"], left["later"]["elsewhere"] > 0) == ("account is 1151 where payment_type is amex", True)


def test_an_accepted_account_rule_names_the_lines_that_are_booked_elsewhere(he_sync, tmp_path):
    booked().to_csv(tmp_path / "ledger.csv", index=False)
    he_sync("routes", tmp_path / "ledger.csv", "--out", tmp_path / "o.json")
    he_sync("accept", tmp_path / "o.json", "--all", "--into", tmp_path / "r.json")
    wrong = booked()
    wrong.loc[wrong.index[wrong["payment_type"] == "visa"][0], "account"] = "6490"
    wrong.to_csv(tmp_path / "ledger.csv", index=False)
    code, out, _ = he_sync("check", tmp_path / "ledger.csv", "--rules", tmp_path / "r.json", "--json")
    assert (code, json.loads(out)) == (1, {"rules": 5, "broken": 1, "rows": 1})
