"""`he-sync proof DATE`: before the close it names what the ERP lacks, after a close and a new pull it lacks nothing."""

import json


def test_before_the_close_the_money_is_said_and_after_it_the_erp_has_every_order(he_sync_alone, friday):
    he_sync_alone("close", friday, "--plan-only")
    code, out, err = he_sync_alone("proof", friday, "--json")
    before = json.loads(out)
    assert (code, err) == (1, "")
    assert before["freshness"].endswith("not yet in Epicor")
    assert any(one["missing"] for one in before["proofs"] if one["entity"] == "orders")
    he_sync_alone("close", friday)
    he_sync_alone("close", friday, "--plan-only")
    after = json.loads(he_sync_alone("proof", friday, "--json")[1])
    assert not any(one["missing"] for one in after["proofs"] if one["entity"] in {"orders", "customers"})


def test_a_date_that_was_never_pulled_is_refused_with_what_to_do(he_sync):
    code, out, err = he_sync("proof", "2020-01-01")
    assert (code, out) == (2, "")
    assert "2020-01-01" in err
    assert err.count("\n") == 1


def test_people_read_one_line_and_a_table(he_sync, friday):
    he_sync("close", friday, "--plan-only")
    _, out, _ = he_sync("proof", friday)
    assert out.splitlines()[0].startswith(f"{friday} ")
    assert "missing" in out
