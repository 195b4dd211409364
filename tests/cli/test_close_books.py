"""`he-sync close status|propose|approve|post|sign|reopen|pack|verify` as finance calls it, refusals in one line."""

import json
import re

import pytest

from tests.flows.close_shop import LEDGER

PEOPLE = {
    "roles": {"controller": {}, "clerk": {"limit_minor": 1_000}},
    "people": {"cora": "controller", "carl": "controller", "cleo": "clerk"},
    "automatic": [{"name": "small breaks", "limit_minor": 50, "month_limit_minor": 100}],
}


def with_books(profile):
    profile["approval"] = PEOPLE
    profile["epicor"]["ledger"] = "store_days"


@pytest.fixture
def finance(he_sync, friday):
    """A compared date whose ledger the close writes; what others posted in the sandbox is taken away."""
    he_sync.change_profile(with_books)
    state = he_sync.sandbox.state
    with state.transaction():
        for name in LEDGER:
            state._connection().execute(f"DELETE FROM {state.table(name)}")  # noqa: S608 - own names
    assert he_sync("close", friday, "--plan-only")[0] == 0
    return he_sync


def said(call):
    code, out, err = call
    assert err == ""
    return code, json.loads(out)


def test_finance_takes_a_date_from_the_comparison_to_a_pack_that_verifies(finance, friday, tmp_path):
    code, found = said(finance("close", "status", friday, "--json"))
    assert code == 0
    assert {row["because"] for row in found["rows"]} == {"no journal is proposed yet"}
    code, shown = said(finance("close", "propose", friday, "--preview", "--json"))
    code, found = said(finance("close", "propose", friday, "--who", "cora", "--json"))
    assert code == 0
    assert [row["journal"] for row in found["rows"]] == [row["journal"] for row in shown["rows"]]
    code, found = said(finance("close", "approve", friday, "--who", "cora", "--reason", "mine", "--json"))
    assert code == 1
    assert all("cora prepared it; another person approves" in line for line in found["to_do"])
    assert finance("close", "approve", friday, "--who", "carl", "--reason", "checked", "--json")[0] == 0
    code, found = said(finance("close", "post", friday, "--json"))
    assert (code, len(found["rows"])) == (0, len(shown["rows"]))
    assert said(finance("close", "post", friday, "--json")) == (0, {"rows": [], "to_do": []})
    code, found = said(finance("close", "sign", friday, "--who", "cora", "--reason", "ok", "--json"))
    assert (code, "cora prepared its journals; another person signs" in found["to_do"][0]) == (1, True)
    code, found = said(finance("close", "sign", friday, "--who", "cleo", "--reason", "ok", "--json"))
    assert (code, found["rows"], len(found["to_do"])) == (1, [], 3)
    assert all(
        re.search(r"\d+ unresolved exceptions of [\d,.]+ are above cleo's limit", line) for line in found["to_do"]
    )
    assert finance("close", "sign", friday, "--who", "carl", "--reason", "ok")[0] == 0
    out = str(tmp_path / "pack")
    code, told, _ = finance("close", "pack", friday, "--out", out)
    assert (code, told.startswith(f"{out}: manifest ")) == (0, True)
    code, told, _ = finance("close", "verify", out, "--books")
    assert (code, "files are as they were written" in told) == (0, True)
    (tmp_path / "pack" / "lines.csv").write_text("key\n")
    code, _, err = finance("close", "verify", out)
    assert (code, err) == (1, f"{out}: lines.csv was changed since the pack was written\n")
    code, told, _ = finance("close", "status", friday)
    assert code == 0
    assert "carl approved" in told
    assert re.match(rf"{friday}: of ([\d,.]+) taken, \1 is signed\n", told)
    state = finance.sandbox.state
    with state.transaction():
        state._connection().execute("DELETE FROM \"epicor/GLJrnDtl\" WHERE doc LIKE '%1155|S002%'")
    assert {row["state"] for row in said(finance("close", "status", friday, "--json"))[1]["rows"]} == {"signed"}
    found = said(finance("close", "status", friday, "--ledger", "--json"))[1]["rows"]
    assert {row["store"]: row["state"] for row in found} == {"S001": "signed", "S002": "proposed", "S003": "signed"}
    assert re.search(r"1155\|v1 is posted as \d+ and the ledger lacks [\d,.]+ on 1155\|S002", found[1]["because"])
    code, found = said(
        finance("close", "reopen", friday, "--store", "S001", "--who", "carl", "--reason", "x", "--json")
    )
    assert (code, [row["done"] for row in found["rows"]]) == (0, ["S001"])


BAD = [
    (("status", "yesterday"), 2, "'yesterday' is not a date; write it as 2026-11-20"),
    (
        ("status", "2026-11-20", "--until", "2026-11-19"),
        2,
        "--until 2026-11-19 must be 2026-11-20 or one of the 61",
    ),
    (("status", "2019-07-04"), 2, "has no data for 2019-07-04; materialise it first"),
    (("approve", "FRIDAY", "--who", "mallory", "--reason", "x"), 1, "mallory may not approve"),
    (("sign", "FRIDAY", "--who", "cora", "--reason", " "), 1, "say why, it stands in the evidence"),
    (("approve", "FRIDAY", "--who", "cora"), 2, "Missing option '--reason'"),
    (("status", "FRIDAY", "--store", "S099"), 2, "the profile names no store S099"),
    (("propose", "FRIDAY", "--rules", "mine"), 2, "'mine' is not one of 'day', 'today'"),
    (("pack", "2019-07-04", "--out", "OUT"), 2, "has no data for 2019-07-04"),
    (("verify", "OUT"), 2, "name a folder that he-sync close pack wrote"),
]


def test_bad_input_is_one_line_and_nothing_is_proposed(finance, friday, tmp_path):
    for words, code, line in BAD:
        given = [{"FRIDAY": friday, "OUT": str(tmp_path / "out")}.get(word, word) for word in words]
        ended, out, err = finance("close", *given)
        assert (ended, out, err.count("\n")) == (code, "", 1), err
        assert line in err
        assert not (tmp_path / "out").exists()


def test_a_range_says_of_each_date_what_is_in_its_way_and_goes_on(finance):
    code, found = said(finance("close", "status", "2019-07-04", "--until", "2019-07-05", "--json"))
    assert code == 1
    assert [line.partition(":")[0] for line in found["to_do"]] == ["2019-07-04", "2019-07-05"]


def test_a_company_that_cannot_say_what_is_closed_is_told_which_query_it_lacks(finance, friday, monkeypatch):
    from he_sync.sandbox.epicor import baq  # noqa: PLC0415 - the stand-in of this test alone

    monkeypatch.delitem(baq.BAQS, "hesync_periods")
    code, _, err = finance("close", "propose", friday)
    assert code == 2
    assert "epicor has no query HeSync_Periods" in err


# exceptions


def test_finance_works_off_the_exceptions_of_a_date_with_a_preview_before_each_change(finance, friday, tmp_path):
    desk = ("close", "exceptions")
    assert said(finance(*desk, "list", "--json")) == (0, {"rows": [], "to_do": []})
    code, came = said(finance(*desk, "look", friday, "--json"))
    assert (code, {row["what"] for row in came["rows"]}) == (0, {"exception found"})
    assert said(finance(*desk, "look", friday, "--json"))[1]["rows"] == []
    rows = said(finance(*desk, "list", "--json"))[1]["rows"]
    assert len(rows) == len(came["rows"])
    klass = rows[0]["class"]
    mine = [row["id"] for row in rows if row["class"] == klass]
    change = (*desk, "take", "--class", klass, "--reason", "looks for it", "--who", "cleo", "--json")
    code, shown = said(finance(*change, "--preview"))
    assert (code, [row["id"] for row in shown["rows"]]) == (0, mine)
    assert {row["owner"] for row in said(finance(*desk, "list", "--json"))[1]["rows"]} == {""}
    assert said(finance(*change)) == (code, shown)
    assert [row["id"] for row in said(finance(*desk, "list", "--owner", "cleo", "--json"))[1]["rows"]] == mine
    why = ("--reason", "asked", "--json", "--who")
    code, found = said(finance(*desk, "explain", mine[0], *why, "cleo"))
    assert (code, found["rows"]) == (1, [])
    assert "cleo had it; another person closes it" in found["to_do"][0]
    assert finance(*desk, "explain", mine[0], *why, "carl")[0] == 0
    told = said(finance(*desk, "show", mine[0], "--json"))[1]
    assert (told["exception"]["status"], told["exception"]["owner"]) == ("explained", "cleo")
    assert [(step["who"], step["what"]) for step in told["steps"]] == [
        ("he-sync", "exception found"),
        ("cleo", "exception taken"),
        ("carl", "exception explained"),
    ]
    code, out, _ = finance(*desk, "list", "--status", "all", "--csv", str(tmp_path / "out"))
    assert (code, out) == (0, f"{tmp_path / 'out' / 'exceptions.csv'}: {len(rows)} exceptions\n")
    assert (tmp_path / "out" / "exceptions.csv").read_text().count("\n") == len(rows) + 1


BAD_WISHES = [
    (("look", "yesterday"), 2, "'yesterday' is not a date"),
    (("look", "2019-07-04"), 2, "2019-07-04 was not compared; run he-sync close 2019-07-04"),
    (("list", "--age", "old"), 2, "age 'old' is none of 0, 1-3, 4-7, 8+"),
    (("show", "7"), 2, "no exception has the number 7"),
    (("take", "--reason", "x"), 2, "name exceptions by number, or a filter"),
    (("take", "--day", "2019-07-04", "--reason", "x"), 2, "no exception fits the filter"),
    (("take", "--day", "FRIDAY"), 2, "Missing option '--reason'"),
    (("write-off", "--day", "FRIDAY", "--reason", "x"), 2, "name the rule of approval.automatic"),
    (("write-off", "--day", "FRIDAY", "--reason", "x", "--rule", "y", "--who", "carl"), 2, "no rule is called 'y'"),
    (("explain", "--day", "FRIDAY", "--reason", "x", "--who", "mallory"), 1, "mallory may not approve"),
]


def test_a_wish_that_cannot_be_is_one_line_and_changes_nothing(finance, friday):
    assert finance("close", "exceptions", "look", friday)[0] == 0
    for words, code, line in BAD_WISHES:
        given = [{"FRIDAY": friday}.get(word, word) for word in words]
        ended, out, err = finance("close", "exceptions", *given)
        assert (ended, out, err.count("\n")) == (code, "", 1), (words, out, err)
        assert line in err
    assert {row["status"] for row in said(finance("close", "exceptions", "list", "--json"))[1]["rows"]} == {"open"}


# tills


def test_finance_counts_the_drawers_and_is_told_which_is_off_and_which_ticket_is_nowhere(finance, friday, tmp_path):
    code, found = said(finance("close", "tills", friday, "--json"))
    assert (code, found["to_do"]) == (0, [])
    cash = [row for row in found["rows"] if row["store"] == "S001" and row["cash taken"]]
    assert {(row["counted"], row["over"]) for row in found["rows"]} == {("", "")}
    sheet = tmp_path / "counts.csv"
    counts = [f"S001,{row['register']},{row['cash taken'].replace(',', '')}" for row in cash[1:]]
    sheet.write_text("\n".join(["store,register,counted", *counts]) + "\n")
    code, found = said(finance("close", "tills", friday, "--counts", str(sheet), "--who", "cora", "--json"))
    forgotten = f"S001 register {cash[0]['register']} was not counted, others of its store were; count it"
    assert (code, found["to_do"]) == (1, [forgotten] if counts else [])
    sheet.write_text(f"store,register,counted\nS001,{cash[0]['register']},0\n")
    code, found = said(finance("close", "tills", friday, "--counts", str(sheet), "--json"))
    [row] = [row for row in found["rows"] if row["register"] == cash[0]["register"]]
    assert (code, row["over"]) == (1, f"-{cash[0]['cash taken']}")
    off = f"S001 register {row['register']} is {cash[0]['cash taken']} short; see who counted it"
    assert off in found["to_do"]
    sheet.write_text("store,register\nS001,1\n")
    ended, out, err = finance("close", "tills", friday, "--counts", str(sheet))
    assert (ended, out, err.count("\n"), "has no column counted" in err) == (2, "", 1, True)
