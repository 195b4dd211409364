"""The customer master: merges move what hangs on a customer, nothing that was posted; un-merges restore it exactly."""

from __future__ import annotations

import pytest

from he_sync.flows import ownership
from he_sync.model.errors import FixInput
from he_sync.model.survivorship import RULES, Source, checked, survive
from he_sync.store import audit, crosswalk, effects, master
from he_sync.store.database import Store
from he_sync.store.master import Deed, Record
from tests.store.customers import DANA, erp, holding, links, money, name, order, owner, shop, take
from tests.store.examples import EVENING, effect, later

ADA, ADA_ERP = shop(7, first_name="Ada", last_name="Byron", email="ada@byron.example"), erp("H7", last_name="Byron")
BOB, BOB_ERP = shop(9, first_name="Bob", last_name="Stone", phone="212-555-0109"), erp("H9", last_name="Stone")


@pytest.fixture
def two(store: Store) -> tuple[int, int]:
    one, other = take(store, [ADA, ADA_ERP], [BOB, BOB_ERP])
    return one, other


def bodies(store: Store) -> dict[str, tuple[str, str]]:
    return {
        status.effect.entity: (status.state, str(status.effect.body.get("customer", "")))
        for status in effects.listing(store)
    }


def test_a_run_makes_customers_whose_shop_records_order_on_their_epicor_account(store: Store) -> None:
    one, other = take(store, [ADA, ADA_ERP], [BOB])
    assert (one, other) == (1, 2)
    assert links(store) == {"7": "H7"}
    assert master.customer(store, one).accounts == ("H7",)


def test_a_customer_keeps_its_id_when_the_next_run_finds_more_and_a_run_taken_twice_changes_nothing(
    store: Store,
) -> None:
    (one,) = take(store, [ADA])
    assert take(store, [ADA_ERP, ADA], [BOB]) == [one, 2]
    before = [(row.kind, row.detail) for row in master.history(store, one)]
    assert take(store, [ADA_ERP, ADA], [BOB]) == [one, 2]
    assert [(row.kind, row.detail) for row in master.history(store, one)] == before


def test_what_a_run_joins_is_merged_and_what_it_parts_is_split_each_with_its_event(store: Store) -> None:
    one, other = take(store, [ADA, ADA_ERP], [BOB])
    assert take(store, [ADA, ADA_ERP, BOB]) == [one]
    assert master.living(store, other) == one
    assert take(store, [ADA, ADA_ERP], [BOB]) == [one, 3]
    assert [event.kind for event in master.history(store, one)] == ["merge", "split"]
    assert links(store) == {"7": "H7"}


def test_a_merge_moves_records_links_and_unsent_orders_and_leaves_what_was_posted(store: Store, two) -> None:
    ada, bob = two
    effects.plan(store, [order(1, "H9"), order(2, "H9", 300), order(3, "H7"), effect("return 4", kind="create_rma")])
    sent = effects.claim(store, "worker", 60, later(EVENING, 1))
    assert sent.effect.entity == "order 1"
    assert effects.confirm(store, sent, "SO-1")
    done = master.merge(store, bob, ada, DANA)
    assert done.amount_minor == 300
    assert links(store) == {"7": "H7", "9": "H7"}
    assert crosswalk.epicor_id(store, "customer", "9") == "H7"
    assert bodies(store) == {
        "order 1": ("confirmed", "H9"),
        "order 2": ("planned", "H7"),
        "order 3": ("planned", "H7"),
        "return 4": ("planned", ""),
    }
    assert master.customer(store, bob).merged_into == ada
    assert owner(store, name(BOB)) == ada
    assert audit.entries(store, f"M{ada}")[-1].actor == "dana"


def test_planning_a_re_pointed_order_again_finds_it(store: Store, two) -> None:
    ada, bob = two
    effects.plan(store, [order(2, "H9")])
    master.merge(store, bob, ada, DANA)
    assert effects.plan(store, [order(2, "H7")]).known == (order(2, "H7"),)


def test_the_create_of_a_merged_customer_waits_for_a_person_and_its_orders_do_not_wait_for_it(store: Store) -> None:
    ada, bob = take(store, [ADA, ADA_ERP], [BOB])
    create = effect("customer 9", kind="create_customer", body={"CustID": "H9", "Name": "Bob Stone"})
    waiting = order(5, "H9", depends_on=create.key)
    effects.plan(store, [create, waiting])
    master.merge(store, bob, ada, DANA)
    held, ordered = effects.listing(store)
    assert (held.state, held.effect.waits_because) == ("waiting_approval", "the customer was merged")
    assert (ordered.state, ordered.effect.body["customer"], ordered.effect.depends_on) == ("planned", "H7", None)
    master.unmerge(store, bob, DANA)
    held, ordered = effects.listing(store)
    assert (held.state, held.effect.waits_because) == ("planned", "")
    assert ordered.effect == waiting


def test_an_order_of_an_account_that_others_use_too_waits_instead(store: Store, two) -> None:
    """Another shop record, which the master does not know, orders on H9: nobody can tell whose order it is."""
    ada, bob = two
    crosswalk.link(store, "customer", "55", "H9", EVENING)
    effects.plan(store, [order(1, "H9")])
    master.merge(store, bob, ada, DANA)
    assert bodies(store) == {"order 1": ("waiting_approval", "H9")}


def snapshot(store: Store, *ids: int) -> object:
    told = [(status.effect, status.state) for status in effects.listing(store)]
    return [master.customer(store, one) for one in ids], links(store), told


def test_an_un_merge_restores_both_customers_every_link_and_every_unsent_effect(store: Store, two) -> None:
    effects.plan(store, [order(1, "H9"), order(3, "H7"), effect("customer 9", kind="update_customer")])
    before, sum_before = snapshot(store, *two), money(store)
    master.merge(store, two[1], two[0], DANA)
    assert snapshot(store, *two) != before
    master.unmerge(store, two[1], DANA)
    assert snapshot(store, *two) == before
    assert money(store) == sum_before
    assert [event.kind for event in master.history(store, two[0])] == ["merge", "unmerge"]


def test_a_merge_is_taken_back_from_under_later_ones_which_stand(store: Store) -> None:
    eve = shop(11, first_name="Eve")
    ada, bob, third = take(store, [ADA, ADA_ERP], [BOB, BOB_ERP], [eve, erp("C3")])
    master.merge(store, bob, ada, DANA)
    master.merge(store, ada, third, DANA)
    done = master.unmerge(store, bob, DANA)
    assert owner(store, name(BOB)) == bob
    assert owner(store, name(BOB_ERP)) == bob
    assert owner(store, name(ADA)) == owner(store, name(eve)) == third
    assert links(store) == {"7": "C3", "9": "H9", "11": "C3"}
    assert len(done.again) == 1
    master.unmerge(store, ada, DANA)
    assert links(store) == {"7": "H7", "9": "H9", "11": "C3"}


def test_a_link_that_a_person_made_since_the_merge_outlives_the_un_merge(store: Store, two) -> None:
    ada, bob = two
    master.merge(store, bob, ada, DANA)
    crosswalk.link(store, "customer", "9", "X1", later(EVENING, 10**9))
    master.unmerge(store, bob, DANA)
    assert links(store)["9"] == "X1"


def test_a_link_to_an_account_that_the_master_does_not_know_comes_back_too(store: Store) -> None:
    ada, bob = take(store, [ADA, ADA_ERP], [BOB])
    crosswalk.link(store, "customer", "9", "K1", EVENING)
    master.merge(store, bob, ada, DANA)
    assert links(store) == {"7": "H7", "9": "H7"}
    master.unmerge(store, bob, DANA)
    assert links(store) == {"7": "H7", "9": "K1"}


def test_a_dry_run_says_what_a_merge_would_do_and_does_nothing(store: Store, two) -> None:
    effects.plan(store, [order(1, "H9")])
    before = snapshot(store, *two)
    told = master.merge(store, two[1], two[0], DANA, dry=True)
    assert (told.links[0].was, told.links[0].now, told.amount_minor) == ("H9", "H7", 1250)
    assert snapshot(store, *two) == before
    assert master.history(store, two[0]) == []
    assert audit.entries(store, f"M{two[0]}") == []


def test_a_split_parts_records_and_their_links_and_says_that_they_are_two(store: Store) -> None:
    (one,) = take(store, [ADA, ADA_ERP, BOB, BOB_ERP])
    assert links(store) == {"7": "H7", "9": "H7"} or links(store) == {"7": "H7", "9": "H9"}
    done = master.split(store, [name(BOB), name(BOB_ERP)], DANA)
    assert links(store) == {"7": "H7", "9": "H9"}
    assert owner(store, name(BOB)) == done.other != one
    assert {each.same for each in master.standing(store)} == {False}


@pytest.mark.parametrize(("one", "other", "said"), [(1, 1, "one customer already"), (1, 99, "no customer M99")])
def test_customers_that_cannot_be_merged_are_refused_by_name(store: Store, one: int, other: int, said: str) -> None:
    take(store, [ADA, ADA_ERP], [BOB, BOB_ERP])
    with pytest.raises(FixInput, match=said):
        master.merge(store, one, other, DANA)


def test_a_tombstone_says_where_it_went_and_takes_part_in_nothing(store: Store, two) -> None:
    master.merge(store, two[1], two[0], DANA)
    with pytest.raises(FixInput, match="M2 was merged into M1"):
        master.merge(store, two[0], two[1], DANA)
    with pytest.raises(FixInput, match="M1 was not merged"):
        master.unmerge(store, two[0], DANA)


@pytest.mark.parametrize(("who", "why"), [("", "x"), ("dana", "  ")])
def test_nobody_changes_the_master_without_a_name_and_a_reason(who: str, why: str) -> None:
    with pytest.raises(FixInput, match="who decides"):
        Deed(who, why)


# decisions


def test_decisions_never_contradict_each_other_by_way_of_a_third_record(store: Store) -> None:
    one, two, three = (Record("heartland", str(number)) for number in (1, 2, 3))
    assert master.decide(store, one, two, DANA, same=True)
    assert not master.decide(store, two, one, DANA, same=True)
    assert master.decide(store, two, three, DANA, same=True)
    with pytest.raises(FixInput, match="earlier decisions"):
        master.decide(store, one, three, DANA, same=False)
    assert master.decide(store, two, three, DANA, same=False)
    with pytest.raises(FixInput, match="cannot be one"):
        master.decide(store, one, three, DANA, same=True)


def test_a_merge_is_a_must_link_and_its_un_merge_a_cannot_link(store: Store, two) -> None:
    master.merge(store, two[1], two[0], DANA)
    assert [each.same for each in master.standing(store)] == [True]
    master.unmerge(store, two[1], DANA)
    assert {each.same for each in master.standing(store)} == {False}
    assert len(master.standing(store)) == 4


def test_the_next_run_obeys_links_of_people_unless_a_person_parted_what_they_join(store: Store) -> None:
    """The link of a run's own guess is no rule: it would prove itself."""
    take(store, [ADA, ADA_ERP], [BOB, BOB_ERP])
    assert master.constraints(store) == []
    crosswalk.link(store, "customer", "11", "H9", EVENING)
    assert [(str(one.left), str(one.right)) for one in master.constraints(store)] == [("epicor:H9", "heartland:11")]
    eve = Record("heartland", "11")
    master.decide(store, eve, name(ADA), DANA, same=True)
    master.decide(store, name(ADA), name(BOB_ERP), DANA, same=False)
    assert [one.who for one in master.constraints(store)] == ["dana", "dana"]


# the golden record


def test_each_field_survives_by_its_rule_with_source_and_date() -> None:
    old = Source("heartland", "1", {"email": "a@x.example", "street": "1 Elm St", "city": "Troy"}, "2020-01-01")
    new = Source("heartland", "2", {"email": "b@x.example", "phone": "5550100"}, "2024-01-01")
    theirs = Source("epicor", "H1", {"email": "c@x.example", "phone": "5550199", "city": "Rome"}, "2026-01-01")
    found = survive([theirs, old, new])
    assert (found["email"].value, found["email"].id, found["email"].rule) == ("b@x.example", "2", "newest")
    assert (found["phone"].value, found["phone"].rule) == ("5550100", "owner:heartland")
    assert (found["street"].value, found["city"].value, found["city"].dated) == ("1 Elm St", "Troy", "2020-01-01")
    assert survive([new, old, theirs]) == found
    checked_by_hand = Source("epicor", "H1", theirs.fields, theirs.dated, frozenset({"email"}))
    assert survive([checked_by_hand, old, new])["email"].value == "c@x.example"
    assert survive([old, theirs], {"address": ("longest",)})["city"].value == "Troy"


def test_the_golden_record_and_the_flows_agree_whose_a_field_is() -> None:
    for group in ("name", "email", "phone", "address"):
        assert f"owner:{ownership.CUSTOMER[group]}" in RULES[group]


def test_a_rule_that_nobody_knows_is_refused() -> None:
    with pytest.raises(FixInput, match="'oldest' is none of"):
        checked({"email": ("oldest",)})


def test_an_edit_reaches_the_golden_record_with_the_next_run(store: Store, two) -> None:
    edited = shop(7, first_name="Ada", last_name="King")
    take(store, [edited, ADA_ERP], [BOB, BOB_ERP])
    golden = master.customer(store, two[0]).golden
    assert (golden["last_name"].value, golden["last_name"].id) == ("King", "7")
    assert "email" not in golden


def test_what_a_person_verified_survives_before_the_owner_s_and_the_history_says_who(store: Store, two) -> None:
    ada, _ = two
    take(store, [ADA, erp("H7", last_name="King", first_name="Ada")], [BOB, BOB_ERP])
    assert master.customer(store, ada).golden["last_name"].value == "Byron"
    assert master.verify(store, name(ADA_ERP), ["name"], DANA) == ada
    found = master.customer(store, ada).golden["last_name"]
    assert (found.value, found.rule) == ("King", "verified")
    assert [event.kind for event in master.history(store, ada)] == ["verify"]
    with pytest.raises(FixInput, match="'shoe' is none of"):
        master.verify(store, name(ADA_ERP), ["shoe"], DANA)


# households


def test_households_are_a_second_answer_that_outlives_a_merge_and_its_un_merge(store: Store) -> None:
    homes = {name(ADA): "h", name(BOB): "h", name(ADA_ERP): "h"}
    one, two = take(store, [ADA, ADA_ERP], [BOB], household=homes)
    master.merge(store, two, one, DANA)
    master.unmerge(store, two, DANA)
    assert [master.customer(store, each).household for each in (one, two)] == [one, one]
    assert holding(store, "no such value") == []
