"""`he-sync close` and `he-sync doctor` on a sandbox that is whole, and on one with something to do."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from he_sync.cli import check
from he_sync.flows import close as closing
from he_sync.sandbox.faults import Fault
from he_sync.store import dead_letters, effects
from he_sync.store.database import open_store
from he_sync.store.engines import FIXED_SQLITE
from he_sync.store.lake import Lake

READER = {"HE_EPICOR_USER": "viewer", "HE_HEARTLAND_TOKEN": "sandbox-readonly-token"}


def closed(he_sync, day, *options, **settings):
    code, out, err = he_sync("close", day, "--json", *options, **settings)
    assert err == ""
    return code, json.loads(out)


def confirmed(he_sync):
    with open_store(he_sync.home / "he_sync.db") as store:
        return [one.effect for one in effects.listing(store, states=["confirmed"])]


# the doctor


def test_the_doctor_finds_nothing_to_do_on_a_sandbox_that_is_whole(he_sync):
    code, out, err = he_sync("doctor")
    assert (code, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()} == {"ok", "may"}
    assert {line.split()[1] for line in out.splitlines()} == {"heartland", "processor", "epicor", "he-sync"}


def test_the_doctor_advises_on_the_store_the_senders_secrets_and_the_addresses_and_still_ends_with_0(he_sync):
    code, out, _ = he_sync("doctor", "--json", HE_HOOK_SHOP_SECRETS="whsec_x", HE_DAGSTER_URL="http://127.0.0.1:3000")
    said = {one["what"]: one["say"] for one in json.loads(out) if one["system"] == "he-sync" and one["advice"]}
    assert code == 0
    assert "HE_HOOK_HEARTLAND_SECRET is not set" in said["hooks of heartland"]
    assert "come by the polls; set it here and at the sender" in said["hooks of epicor"]
    assert said["HE_ALERT_URL"] == "not set: alarms stand in the log alone; set it to where people read them"
    assert not {"hooks of shop", "HE_DAGSTER_URL"} & said.keys()
    assert bool(said.get("store engine")) is (sqlite3.sqlite_version_info < FIXED_SQLITE)


def test_the_doctor_says_that_the_store_does_not_answer_and_shows_no_password(he_sync):
    code, out, _ = he_sync("doctor", HE_STORE_URL="postgresql://he-sync:hunter2@127.0.0.1:1/he_sync")
    assert code == 1
    [line] = [line for line in out.splitlines() if line.startswith("DO")]
    assert "start the database or correct HE_STORE_URL" in line
    assert "hunter2" not in out


def test_the_doctor_names_every_right_that_a_reading_account_lacks(he_sync):
    code, out, _ = he_sync("doctor", "--json", **READER)
    assert code == 1
    lacking = {(one["system"], one["what"]) for one in json.loads(out) if not one["ok"]}
    assert {("heartland", "write inventory/adjustment_sets"), ("epicor", "write Erp.BO.SalesOrderSvc")} <= lacking
    assert all(what.startswith("write ") for _, what in lacking)


def test_the_doctor_is_not_deceived_by_a_token_that_was_fetched_with_the_right_password(he_sync, friday):
    assert he_sync("close", friday, "--plan-only")[0] == 0
    code, out, _ = he_sync("doctor", HE_EPICOR_PASSWORD="wrong")
    assert code == 1
    [line] = [line for line in out.splitlines() if line.startswith("DO")]
    assert "its password or the API key is refused" in line


# the close


def test_a_preview_writes_and_plans_nothing_and_the_close_writes_what_it_showed_once(he_sync_alone, friday):
    he_sync, before = he_sync_alone, he_sync_alone.writes()
    code, shown = closed(he_sync, friday, "--plan-only")
    assert (code, shown["written"], he_sync.writes()) == (0, 0, before)
    with open_store(he_sync.home / "he_sync.db") as store:
        assert effects.listing(store) == []
    code, done = closed(he_sync, friday)
    assert (code, done["to_do"]) == (0, [])
    assert done["plan"] == shown["plan"]
    assert done["written"] + done["waiting_for_approval"] == len(shown["plan"])
    written = he_sync.writes()
    assert written > before
    code, out, err = he_sync("close", friday)
    assert (code, err, he_sync.writes()) == (0, "", written)
    for word in ("came in:", "Differences", "Written 0", "Remaining", "tickets"):
        assert word in out
    for name in {one.klass for one in closing.differences(Lake(he_sync.home / "lake"), friday)}:
        assert name in out
    assert check.once_each(he_sync.sandbox.state, confirmed(he_sync)) == []


def test_a_reading_account_gets_every_write_rejected_by_name_and_granted_the_same_command_finishes(
    he_sync_alone, friday
):
    he_sync, before = he_sync_alone, he_sync_alone.writes()
    code, done = closed(he_sync, friday, **READER)
    assert (code, done["written"], he_sync.writes()) == (1, 0, before)
    kinds = {line.split()[0] for line in done["to_do"]}
    assert {"create_sales_order", "adjust_pos_stock", "post_journal"} <= kinds
    rejected = [line for line in done["to_do"] if "is rejected: not allowed: " in line]
    assert all("User viewer is not authorized" in line or "403" in line for line in rejected)
    assert all("not sent yet" in line for line in done["to_do"] if line not in rejected)
    code, done = closed(he_sync, friday)
    assert (code, done["to_do"]) == (0, [])
    assert done["written"] > 0
    assert check.once_each(he_sync.sandbox.state, confirmed(he_sync)) == []


def test_a_lost_answer_is_told_as_doubtful_with_exit_1_and_asked_again_too_soon_nothing_is_sent(he_sync_alone, friday):
    he_sync = he_sync_alone
    lost = Fault("lost_response", "epicor", "POST", "SalesOrderSvc/SalesOrders$", remaining=1)
    he_sync.sandbox.faults.set([lost])
    code, done = closed(he_sync, friday)
    assert code == 1
    [line] = [line for line in done["to_do"] if "is doubtful" in line]
    assert "looked up after" in line
    written = he_sync.writes()
    code, again = closed(he_sync, friday)
    assert (code, again["written"], he_sync.writes()) == (1, 0, written)


def test_a_location_that_no_profile_names_is_set_aside_and_the_other_stores_are_compared(he_sync, friday):
    def close_a_store(profile):
        profile["stores"] = [store for store in profile["stores"] if store["code"] != "S002"]

    _, whole = closed(he_sync, friday, "--plan-only")
    he_sync.change_profile(close_a_store)
    code, shown = closed(he_sync, friday, "--plan-only")
    assert code == 1
    assert [line for line in shown["plan"] if line not in whole["plan"]] == []
    assert any("location" in line for line in shown["to_do"])
    with open_store(he_sync.home / "he_sync.db") as store:
        letters = dead_letters.listing(store, friday, "heartland/tickets")
    assert letters
    tickets = Lake(he_sync.home / "lake").read("canonical", "tickets", friday)
    assert set(tickets["store"]) == {"S001", "S003"}


def test_a_payment_type_that_no_profile_names_is_set_aside_by_name(he_sync, friday):
    def forget_cash(profile):
        profile["tenders"] = [tender for tender in profile["tenders"] if tender["kind"] != "cash"]

    _, whole = closed(he_sync, friday, "--plan-only")
    he_sync.change_profile(forget_cash)
    code, shown = closed(he_sync, friday, "--plan-only")
    assert code == 1
    assert [line for line in shown["plan"] if line not in whole["plan"]] == []
    assert any("Cash" in line for line in shown["to_do"])
    assert len(Lake(he_sync.home / "lake").read("canonical", "payments", friday)) > 0


@pytest.mark.parametrize(("words", "code"), [(("doctor",), 0), (("close", "2019-07-04"), 2)])
def test_the_installed_command_ends_with_the_same_exit_codes(shop, tmp_path, words, code):
    _, environment = shop
    done = subprocess.run(
        [Path(sys.executable).with_name("he-sync"), *words],
        env={**environment, "HE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
