"""Finance at the desk of exceptions in the console: filters, decides many after a preview, takes the list along."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from he_sync.flows.exceptions.finding import desk, renew
from he_sync.store import audit
from he_sync.store.exceptions import Break, Found
from he_sync.store.lake import Lake
from he_sync.web.console.roles import Role
from tests.console.conftest import NOBODY_LISTENS, Served, named, serving
from tests.console.person import Person

DAY = "2026-11-20"
PEOPLE = {
    "roles": {"controller": {}, "clerk": {"limit_minor": 1_000}},
    "people": {"cora": "controller", "carl": "controller", "cleo": "clerk"},
    "automatic": [{"name": "small breaks", "limit_minor": 500, "month_limit_minor": 900}],
}


def lacks(number: int, cents: int = -1_250, store: str = "S001") -> Found:
    facts = (DAY, "deposits", "short_deposit", f"deposit {number}", store, DAY, cents, 0)
    return Found(*facts, "the bank has <less>", "review")


def close(served: Served, *found: Found) -> None:
    with desk(served.store, Lake(served.home / "lake")) as at:
        renew(at, DAY, ("deposits",), found)


def exceptions(served: Served) -> dict[str, Break]:
    with desk(served.store, Lake(served.home / "lake")) as at:
        return {one.found.subject: one for one in at.listing()}


def with_people(home: Path, profile: str) -> None:
    document = yaml.safe_load(profile) | {"approval": PEOPLE}
    (home / "profile.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    named(home, "cora", "carl", "cleo")
    named(home, "pia", roles=frozenset({Role.PREPARER}))


@pytest.fixture
def served(tmp_path: Path, profile: str) -> Iterator[Served]:
    """A date with three breaks, and three people of finance."""
    with_people(tmp_path, profile)
    with serving(tmp_path, {**NOBODY_LISTENS, "HE_HOME": str(tmp_path)}) as one:
        close(one, lacks(1), lacks(2, 300), replace(lacks(3, -700_000), klass="missing_deposit", store="S002"))
        yield one


def as_shown(person: Person, words: str, **fields: str | list[str]) -> str:
    """Sees the preview, and then does what it shows; gives what the list says after it."""
    seen = person.post("/exceptions", **fields)
    assert words in seen.words
    assert "Nothing has changed yet" in seen.words
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', seen.text)
    assert digest
    return person.post("/exceptions", digest=digest[1], **fields).words


def test_a_filtered_list_is_taken_by_one_and_explained_by_another_in_one_go(served: Served) -> None:
    cora, _ = served.signs_in("cora")
    assert "3 exceptions, 7,015.50 at risk" in cora.get("/exceptions").words
    page = cora.get("/exceptions?klass=short_deposit&store=S001")
    assert "2 exceptions, 15.50 at risk" in page.words
    assert "the bank has &lt;less&gt;" in page.text
    asked = {"klass": "short_deposit", "all": "1", "owner_of": "", "note": "asked the bank"}
    assert "2 taken, 15.50 at risk" in as_shown(cora, "2 of 2 would change, 15.50 at risk", do="take", **asked)
    assert {one.owner for one in exceptions(served).values()} == {"cora", ""}
    carl, _ = served.signs_in("carl")
    head = audit.head(served.store).seq
    asked["note"] = "a fee that the bank took"
    assert "cora had it; another person closes it" in cora.post("/exceptions", do="explain", **asked).words
    assert "2 explained" in as_shown(carl, "2 of 2 would change", do="explain", **asked)
    rows = audit.entries(served.store)[head:]
    assert [(row.actor, row.action) for row in rows if "exception" in row.action] == [
        ("carl", "exception explained")
    ] * 2
    one = carl.get(f"/exceptions/{exceptions(served)['deposit 1'].id}").words
    assert "carl, owner cora: a fee that the bank took" in one
    assert "cora: asked the bank" in one
    assert "1 exception unresolved, 7,000.00 at risk" in carl.get("/close").words
    assert "1 exception unresolved" in carl.get(f"/close/{DAY}/books").words


def test_what_changed_since_the_preview_is_not_decided_by_it(served: Served) -> None:
    carl, _ = served.signs_in("carl")
    ticked = exceptions(served)["deposit 1"].id
    fields: dict[str, str] = {"do": "explain", "note": "a fee", "id": ticked}
    seen = carl.post("/exceptions", **fields)
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', seen.text)
    assert digest
    close(served, lacks(1, -90_000))
    answer = carl.post("/exceptions", digest=digest[1], **fields)
    assert (answer.status, "changed since they were looked at" in answer.words) == (409, True)
    assert exceptions(served)["deposit 1"].status == "open"
    assert "short_deposit of deposit 1: changed: amount -12.50" not in answer.words
    assert "changed: amount -12.50 -> -900.00" in carl.get("/exceptions").words


def test_limits_reasons_rules_and_forms_of_others_are_refused_in_one_line(served: Served) -> None:
    cleo, _ = served.signs_in("cleo")
    every = {"all": "1", "note": "small"}
    assert "12.50 is above cleo's limit of 10.00" in cleo.post("/exceptions", do="explain", **every).words
    shown = cleo.post("/exceptions", do="write_off", rule="small breaks", **every).words
    assert "1 of 3 would change, 3.00 at risk" in shown
    assert "7,000.00 is above cleo's limit of 10.00" in shown
    for fields, status, line in (
        ({"do": "take", "all": "1"}, 422, "say why"),
        ({"do": "take", "note": "x"}, 422, "tick at least one exception"),
        ({"do": "write_off", "rule": "mine", **every}, 422, "no rule is called 'mine'"),
        ({"do": "erase", **every}, 422, "choose take, wait, explain, write_off, put_back"),
        ({"do": "take", "token": "stolen", **every}, 422, "from an older session"),
        ({"do": "take", "age": "old", **every}, 422, "age 'old' is none of"),
    ):
        answer = cleo.post("/exceptions", **fields)  # type: ignore[arg-type]
        assert (answer.status, line in answer.words) == (status, True), answer.words
    assert cleo.post("/exceptions", origin="http://elsewhere.example", do="take", **every).status == 403
    assert cleo.get("/exceptions/nothing").status == 422
    pia, _ = served.signs_in("pia")
    assert 'value="explain"' not in pia.get("/exceptions").text
    assert "this takes approver" in pia.post("/exceptions", do="explain", **every).words
    assert "3 of 3 would change" in pia.post("/exceptions", do="take", **every).words
    assert {one.status for one in exceptions(served).values()} == {"open"}


def test_the_list_is_taken_along_as_csv_with_ages_owners_and_exact_amounts(served: Served) -> None:
    close(served, lacks(1), replace(lacks(2, 300), subject="=SUM(A1)"))
    cora, _ = served.signs_in("cora")
    text = cora.raw_get("/exceptions.csv?klass=short_deposit").decode()
    rows = {row["of"]: row for row in csv.DictReader(io.StringIO(text))}
    assert set(rows) == {"deposit 1", "'=SUM(A1)"}
    assert (rows["deposit 1"]["amount"], rows["deposit 1"]["at_risk"]) == ("-12.50", "12.50")
    assert int(rows["deposit 1"]["age_business_days"]) > 0 or served.clock().date().isoformat() <= "2026-11-22"
    assert rows["deposit 1"]["status"] == "open"
