"""Finance does past closes again: the difference first, another person's word, and then exactly what was shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from he_sync.cli import house
from he_sync.flows import chain
from he_sync.flows.back_fill import deciding
from he_sync.flows.back_fill.carrying import CHANGED, carry_out
from he_sync.flows.back_fill.difference import find, journals
from he_sync.flows.back_fill.kept import Approved, Asked, Kept, ask
from he_sync.flows.books.ground import Memory
from he_sync.flows.rule_change.kept import Kept as KeptRules
from he_sync.flows.rule_change.kept import rules_in_force, rules_of
from he_sync.flows.settlement_books.folder import write_folder
from he_sync.flows.settlement_books.source import read_source
from he_sync.model.errors import FixInput, NotAllowed, Refused
from he_sync.model.retailer import Retailer
from he_sync.reconcile.chain.backtest import backtest
from he_sync.reconcile.chain.rules import ALWAYS, BUILT_IN, built_in
from he_sync.store import audit
from tests.console.conftest import named, serving
from tests.console.person import Answer, Person, wait_for
from tests.flows.close_shop import DAY, opened

OTHER = "1165"
"""An account that Epicor has, for a tender that it was not for."""
UNKNOWN = "1156"
TWO = ("S001", "S002")


@pytest.fixture(scope="module")
def the_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with opened(tmp_path_factory.mktemp("close")) as shop:
        yield shop


@pytest.fixture
def shop(the_shop: Any, tmp_path: Path) -> Iterator[Any]:
    """A date that is posted; its cash belongs on another account since."""
    shop = the_shop.anew(tmp_path)
    shop.propose()
    shop.approve()
    shop.post()
    shop.retailer = with_cash_on(shop.retailer, OTHER)
    yield shop
    the_shop.store.close()


def with_cash_on(retailer: Retailer, account: str) -> Retailer:
    tenders = [one.model_dump() | ({"account": account} if one.kind == "cash" else {}) for one in retailer.tenders]
    return Retailer.model_validate(retailer.model_dump() | {"tenders": tenders})


def environ(shop: Any, home: Path) -> dict[str, str]:
    return house.sandbox_environment(shop.sandbox, home, shop.retailer)


def asked_for(person: Person, rules: str = "today") -> tuple[str, Answer]:
    page = person.post("/back-fills", first=DAY, stores="", store=list(TWO), rules=rules)
    name = re.search(r"bf-\d{8}-[0-9a-f]{8}", page.words)[0]  # type: ignore[index]
    return name, wait_for(person, f"/back-fills/{name}", "What would move")


def digest(page: Answer) -> str:
    return re.search(r'name="digest" value="([0-9a-f]+)"', page.text)[1]  # type: ignore[index]


def shown(shop: Any, home: Path, who: str = "cora", rules: Any = "today") -> Asked:
    """One whose difference is known, asked for without a page."""
    one = ask(DAY, DAY, TWO, rules, who)
    deciding.begin(memory(shop), home, one)
    Kept(home).show(one.name, shop.do(find, one))
    return one


def memory(shop: Any) -> Memory:
    return Memory(shop.store, shop.lake, shop.retailer)


def let(shop: Any, home: Path, name: str, who: str = "carl", seen: str = "") -> None:
    deciding.let(memory(shop), home, name, who, "the new account", seen or Kept(home).digest(name))


def rows(shop: Any, home: Path, name: str) -> dict[str, Any]:
    return {row["store"]: row for row in shop.do(carry_out, home, name)[DAY]}


def test_two_stores_are_moved_to_another_account_by_two_people_who_saw_it_before(shop: Any, tmp_path: Path) -> None:
    before = shop.booked()
    named(tmp_path, "cora", "carl", "cleo")
    with serving(tmp_path, environ(shop, tmp_path)) as served:
        cora, _ = served.signs_in("cora")
        name, page = asked_for(cora)
        path = f"/back-fills/{name}"
        assert "2 journals reversed and 2 posted" in page.words
        assert f"{OTHER} " in page.words
        assert "cora asked for it; another person approves" in page.words
        assert shop.booked() == before
        own = cora.post(path, do="approve", note="mine", digest=digest(page))
        assert (own.status, "cora asked for it" in own.words) == (403, True)
        cleo, _ = served.signs_in("cleo")
        assert "above cleo's limit of 10.00" in cleo.get(path).words
        assert cleo.post(path, do="approve", note="small", digest=digest(page)).status == 403
        carl, _ = served.signs_in("carl")
        assert carl.post(path, do="approve", note="the new account", digest="0" * 16).status == 409
        assert carl.post(path, do="approve", note="", digest=digest(carl.get(path))).status == 422
        told = carl.post(path, do="approve", note="the new account", digest=digest(carl.get(path))).words
        assert "waits for Dagster" in told
        assert shop.booked() == before
        assert {row["state"] for row in rows(shop, tmp_path, name).values()} == {"posted"}
        assert "posted" in wait_for(carl, path, "What was done").words
    assert {place: cents for place, cents in shop.wanted().items() if place.partition("|")[2] in TWO} == {
        place: cents for place, cents in shop.booked().items() if place.partition("|")[2] in TWO
    }
    moved = {place: cents for place, cents in shop.booked().items() if before.get(place) != cents}
    assert OTHER in {place.partition("|")[0] for place in moved}
    assert {place.partition("|")[2] for place in moved} == set(TWO)
    trail = {(one.state, one.prepared_by, one.approved_by) for one in shop.journals() if one.approved_by == "carl"}
    assert trail == {("posted", "cora", "carl")}
    deeds = [(row.actor, row.action) for row in audit.entries(shop.store, f"back-fill {name}")]
    assert deeds == [("cora", "back-fill asked"), ("carl", "back-fill approved")]


def test_a_store_day_that_changed_after_it_was_shown_gets_nothing_and_the_others_get_theirs(
    shop: Any, tmp_path: Path
) -> None:
    one = shown(shop, tmp_path)
    let(shop, tmp_path, one.name)
    journals_before = {each.key for each in shop.journals() if each.store == "S001"}
    of_s001 = "store == 'S001' and amount_minor > 100 and not voided"

    def from_card_to_cash(frame: Any) -> Any:
        for kind, cents in (("cash", 100), ("card", -100)):
            frame.loc[frame.query(f"kind == '{kind}' and {of_s001}").index[:1], "amount_minor"] += cents
        return frame

    shop.change("payments", from_card_to_cash)
    done = rows(shop, tmp_path, one.name)
    assert (done["S001"]["posted"], done["S001"]["state"]) == ([], "not posted")
    assert done["S001"]["because"] == CHANGED
    assert len(done["S002"]["posted"]) == 2
    assert {each.key for each in shop.journals() if each.store == "S001"} == journals_before


def test_a_run_that_was_cut_off_goes_on_and_posts_nothing_twice(shop: Any, tmp_path: Path) -> None:
    one = shown(shop, tmp_path)
    let(shop, tmp_path, one.name)
    shop.propose(who=one.who, stores=TWO, which="today")
    first = rows(shop, tmp_path, one.name)
    assert {row["state"] for row in first.values()} == {"posted"}
    booked = shop.booked()
    Kept(tmp_path).folder(one.name).joinpath("progress.json").unlink()
    again = rows(shop, tmp_path, one.name)
    assert again == first
    assert shop.booked() == booked
    assert max(shop.written().values(), default=0) <= max(len(each.body["lines"]) for each in shop.journals())


def test_a_file_that_says_approved_is_no_approval_and_what_was_cancelled_never_runs(shop: Any, tmp_path: Path) -> None:
    one = shown(shop, tmp_path)
    kept, before = Kept(tmp_path), shop.booked()
    kept.approve(one.name, Approved("carl", "forged", "", kept.digest(one.name)))
    with pytest.raises(Refused, match="the audit has no approval"):
        shop.do(carry_out, tmp_path, one.name)
    let_then_changed = shown(shop, tmp_path)
    let(shop, tmp_path, let_then_changed.name)
    kept.show(let_then_changed.name, {"days": [], "refused": []})
    with pytest.raises(Refused, match="the audit has no approval"):
        shop.do(carry_out, tmp_path, let_then_changed.name)
    stopped = shown(shop, tmp_path)
    let(shop, tmp_path, stopped.name)
    assert stopped in Kept(tmp_path).waiting()
    deciding.cancel(memory(shop), tmp_path, stopped.name, "cora", "the wrong stores")
    assert stopped not in Kept(tmp_path).waiting()
    with pytest.raises(Refused, match="the audit has no approval"):
        shop.do(carry_out, tmp_path, stopped.name)
    assert shop.booked() == before


def test_who_lost_the_role_meanwhile_approves_nothing(shop: Any, tmp_path: Path) -> None:
    one = shown(shop, tmp_path)
    with pytest.raises(NotAllowed, match="cora asked for it"):
        let(shop, tmp_path, one.name, "Cora" if "Cora" in shop.retailer.approval.people else "cora")
    let(shop, tmp_path, one.name)
    people = {"cora": "controller"}
    approval = shop.retailer.approval.model_copy(update={"people": people})
    shop.retailer = shop.retailer.model_copy(update={"approval": approval})
    done = rows(shop, tmp_path, one.name)
    assert {row["state"] for row in done.values()} == {"not posted"}
    assert "carl may not approve" in done["S001"]["because"]


def test_nothing_to_move_and_what_cannot_be_asked_for_are_refused_in_one_line(shop: Any, tmp_path: Path) -> None:
    one = shown(shop, tmp_path, rules="day")
    assert journals(Kept(tmp_path).difference(one.name) or {}) == []
    with pytest.raises(Refused, match="moves nothing"):
        let(shop, tmp_path, one.name)
    shop.retailer = with_cash_on(shop.retailer, UNKNOWN)
    [day] = (Kept(tmp_path).difference(shown(shop, tmp_path).name) or {})["days"]
    assert [store["journals"] for store in day["stores"]] == [[], []]
    assert f"{UNKNOWN}|S001 is no active account in Epicor" in day["stores"][0]["refused"]
    for first, last, says in (
        ("yesterday", "", "is not a date"),
        ("2026-11-20", "2026-11-19", "must be 2026-11-20 or one of"),
        ("2026-01-01", "2026-12-31", "61 days after it"),
    ):
        with pytest.raises(FixInput, match=says):
            ask(first, last or first, (), "day", "cora")
    with pytest.raises(FixInput, match="names no store S999"):
        deciding.begin(memory(shop), tmp_path, ask(DAY, DAY, ("S999",), "day", "cora"))
    (tmp_path / "secret").mkdir()
    for name in ("../secret", "bf-20261120-0000000g", "..%2fsecret", "/etc", "bf-20261120-00000000/../../secret"):
        with pytest.raises(FixInput, match="no back-fill is called"):
            Kept(tmp_path).state(name)


def test_other_rules_are_tried_on_all_history_and_another_person_puts_them_in_force_with_the_trial_before_them(
    shop: Any, tmp_path: Path
) -> None:
    off = ", ".join(f"{rule.relation} {rule.name}" for rule in BUILT_IN if rule.name not in ALWAYS)
    text = f"name: fewer\nwithout: [{off}]\n"
    labelled = tmp_path / "history" / "answers"
    labelled.mkdir(parents=True)
    write_folder(read_source(shop.lake, [DAY], shop.retailer), labelled)
    (labelled / "links.csv").write_text("rel,left_id,right_id\nPL,1,-1\n")
    [expected] = backtest([built_in(), rules_of(text)], [labelled])
    named(tmp_path, "cora", "carl")
    with serving(tmp_path, environ(shop, tmp_path)) as served:
        cora, _ = served.signs_in("cora")
        assert "unknown key" in cora.post("/rules", text="rules: [all]").words
        assert "in force already" in cora.post("/rules", text="name: built-in").words
        name = re.search(r"rc-\d{8}-[0-9a-f]{8}", cora.post("/rules", text=text).words)[0]  # type: ignore[index]
        page = wait_for(cora, f"/rules/{name}", "on all kept history")
        trial = KeptRules(tmp_path).trial(name) or {}
        assert [row["history"] for row in trial["rows"]] == [f"{DAY} to {DAY}", "answers, labelled"]
        told = trial["rows"][1]
        assert (told["gained"], told["lost"], told["changed"]) == (expected.gained, expected.lost, expected.changed)
        assert told["false"] == {rel: list(both) for rel, both in expected.false_matches.items()}
        assert told["lost"]
        assert f"Rules {name}" in cora.get("/approvals").words
        assert cora.post(f"/rules/{name}", do="approve", note="mine", digest=digest(page)).status == 403
        carl, _ = served.signs_in("carl")
        page = carl.get(f"/rules/{name}")
        assert carl.post(f"/rules/{name}", do="approve", note="fewer guesses", digest="0" * 16).status == 409
        assert not (tmp_path / "rules.yaml").exists()
        assert "In force" in carl.post(f"/rules/{name}", do="approve", note="fewer guesses", digest=digest(page)).words
        assert f"Rules {name}" not in carl.get("/approvals").words
    wanted = rules_of(text).version
    assert rules_in_force(tmp_path).version == wanted
    assert chain.run(shop.lake, tmp_path, DAY, shop.retailer).figures["rules_version"] == wanted
    deeds = [(row.actor, row.action) for row in audit.entries(shop.store, f"rules {name}")]
    assert deeds == [("cora", "rules proposed"), ("carl", "rules approved")]
