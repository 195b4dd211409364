"""The canvas over real HTTP: nothing typed is lost, nobody's work is overwritten, what runs keeps running."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from he_sync.mapping.shelf.versions import FILE, shelf
from he_sync.mapping.spec.compiled import engine
from he_sync.store import audit
from tests.console.conftest import NOBODY_LISTENS, Served, named, serving
from tests.console.person import Answer, Person
from tests.mapping_language import shop

PAGE = f"/mappings/{shop.NAME}"
STARTED = {"PONum": {"from": "id"}, "OTSCity": {"from": "shipping.city", "steps": ["trim", {"cut": 50}]}}
MARK = re.compile(r'name="mark" value="([0-9a-f]*)"')
ORDERS = 12


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A shop with some recorded orders and a mapping of two fields that is live."""
    path = tmp_path / "mappings" / shop.NAME / FILE
    path.parent.mkdir(parents=True)
    path.write_text(shop.mapping(STARTED), encoding="utf-8")
    with serving(tmp_path, {**NOBODY_LISTENS, "HE_HOME": str(tmp_path)}) as one:
        shop.tell(one.store, ORDERS)
        yield one


def mark(page: Answer) -> str:
    found = MARK.search(page.text)
    assert found, page.words[:300]
    return found[1]


def does(person: Person, what: str, path: str = PAGE, **fields: str) -> Answer:
    """A button of a page, with what the page carries."""
    return person.post(path, do=what, mark=mark(person.get(path)), **fields)


def asks(person: Person, note: str = "better") -> Answer:
    return does(person, "ask", f"{PAGE}/changes", note=note)


def approves(person: Person) -> Answer:
    path = f"{PAGE}/changes?of=proposal"
    return person.post(f"{PAGE}/changes", do="approve", mark=mark(person.get(path)))


def live(served: Served) -> str:
    return shelf(served.home / "mappings").live(shop.NAME)


def test_what_was_typed_is_kept_with_whatever_button_was_pressed_and_a_mistake_is_said_in_its_row(
    served: Served,
) -> None:
    person = served.person()
    page = does(person, "accept:OrderComment=note", **{"from:DocOrderAmt": "totl", "from:CurrencyCode": '"USD"'})
    assert 'value="&#34;USD&#34;"' in page.text
    assert "heartland/order has no field totl; did you mean total?" in page.words
    assert "note to OrderComment accepted" in page.words
    page = does(person, "keep", **{"from:DocOrderAmt": "total"})
    assert str(shop.order(0)["total"]) in page.words
    assert live(served) == shop.mapping(STARTED)


def test_a_rejected_suggestion_never_comes_again_and_an_accepted_one_fits_the_fields_kind(served: Served) -> None:
    person = served.person()
    assert "accept:OrderDate=created_at" in person.get(PAGE).text
    does(person, "reject:OrderComment=note")
    page = does(person, "accept:OrderDate=created_at")
    assert "accept:OrderComment=note" not in page.text
    assert "2026-11-30" in page.words
    assert "steps: - date" in " ".join(unescape(person.get(f"{PAGE}/yaml").text).split())


def test_two_people_on_one_mapping_the_second_sees_what_the_first_changed_and_keeps_both(served: Served) -> None:
    ana = served.person()
    with serving(served.home, {**NOBODY_LISTENS, "HE_HOME": str(served.home)}, who="ben") as other:
        ben = other.person()
        does(ben, "keep", **{"from:SalesRepCode1": "sales_rep"})
        does(ana, "keep", **{"from:PONum": "= 'WEB-' || id"})
        asks(ana)
        assert "ben" not in live(served)
        assert "version 2 of shop_orders is live" in approves(ben).words
        refused = asks(ben)
        assert refused.status == 409
        assert "the live mapping was changed meanwhile: PONum" in refused.words
        assert "PONum id = 'WEB-' || id" in refused.words
        does(ben, "catch_up")
        asks(ben)
        assert "version 3 of shop_orders is live" in approves(ana).words
    entries = engine(live(served)).mapping.entries
    assert {"PONum", "OTSCity", "SalesRepCode1"} == set(entries)
    assert {row.action for row in audit.entries(served.store, f"mapping {shop.NAME}")} == {
        "mapping.asked",
        "mapping.approved",
    }


def test_where_people_have_names_another_than_who_asked_approves(served: Served) -> None:
    named(served.home, "ana", "ben")
    (ana, _), (ben, _) = served.signs_in("ana"), served.signs_in("ben")
    does(ana, "keep", **{"from:OrderComment": "note"})
    asks(ana)
    assert "another person approves" in ana.get(f"{PAGE}/changes?of=proposal").words
    refused = approves(ana)
    assert refused.status == 403
    assert "ana asked for this change; another person approves" in refused.words
    assert "version 2 of shop_orders is live" in approves(ben).words
    newest, as_found = shelf(served.home / "mappings").versions(shop.NAME)
    assert (newest.deed.by, newest.deed.approved_by, as_found.number) == ("ana", "ben", 1)


def test_an_older_window_does_not_overwrite_a_newer_one(served: Served) -> None:
    person = served.person()
    old = mark(person.get(PAGE))
    does(person, "keep", **{"from:OrderComment": "note"})
    late = person.post(PAGE, do="keep", mark=old, **{"from:Plant": '"MfgSys"'})
    assert late.status == 409
    assert "another window" in late.words
    assert 'value="note"' in person.get(PAGE).text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_yaml_goes_to_the_page_and_back_without_a_byte_of_difference(served: Served, end: str) -> None:
    text = f"# Größe & <b>\n\n{shop.mapping(STARTED)}\n# the end\n".replace("\n", end)
    path = served.home / "mappings" / shop.NAME / FILE
    path.write_bytes(text.encode())
    person = served.person()
    shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", person.get(f"{PAGE}/yaml").text, re.DOTALL)
    assert shown
    as_sent = unescape(shown[1]).replace("\r\n", "\n").replace("\n", "\r\n")
    does(person, "", f"{PAGE}/yaml", text=as_sent)
    assert "the draft says nothing new" in asks(person).words
    does(person, "", f"{PAGE}/yaml", text=as_sent.replace("- trim", "- squeeze"))
    asks(person)
    approves(person)
    assert path.read_bytes().decode() == text.replace("- trim", "- squeeze").replace("version: 1", "version: 2")


def test_a_draft_that_does_not_load_changes_nothing_that_runs_and_names_its_line(served: Served) -> None:
    person = served.person()
    page = does(
        person, "", f"{PAGE}/yaml", text=shop.mapping(STARTED).replace("  PONum:\n    from", "  PONum:\n    form")
    )
    assert "there is no key form; did you mean from?" in page.words
    does(person, "", f"{PAGE}/yaml", text="mapping: [")
    assert "Mend the YAML" in person.get(PAGE).words
    assert asks(person).status == 422
    assert live(served) == shop.mapping(STARTED)


def test_what_would_change_over_recent_records_is_counted_and_shown_old_and_new(served: Served) -> None:
    person = served.person()
    does(
        person,
        "keep",
        **{"from:OTSCity": "= case when shipping.state = 'NY' then upper(shipping.city) else shipping.city end"},
    )
    orders = [shop.order(number) for number in range(ORDERS)]
    changed = sum(one["shipping"]["state"] == "NY" for one in orders)
    page = person.get(f"{PAGE}/changes?way=changed")
    assert f"changed {changed} unchanged {ORDERS - changed}" in page.words
    assert page.text.count("<del>New York</del> <ins>NEW YORK</ins>") == changed
    does(person, "keep", **{"from:EMailAddress": "customer.email"})
    does(person, "add", f"{PAGE}/fields/EMailAddress", way="from", **{"from": "customer.email", "new": "required"})
    page = person.get(f"{PAGE}/changes?way=would_fail")
    assert f"would fail {sum(not one['customer']['email'] for one in orders)}" in page.words
    assert "EMailAddress is empty and must not be" in page.words


def test_steps_are_added_moved_and_removed_by_forms_and_a_condition_is_made_of_three_answers(served: Served) -> None:
    person, path = served.person(), f"{PAGE}/fields/OTSCity"
    given = {"way": "from", "from": "shipping.city"}
    two = {"step": ["trim", "cut"], "step:1:to": "20"}
    does(person, "add", path, new="upper", **given, **two)
    does(person, "up:2", path, step=["trim", "cut", "upper"], **given, **{"step:1:to": "20"})
    does(person, "remove:0", path, step=["trim", "upper", "cut"], **given, **{"step:2:to": "20"})
    three = {"condition.field": "total", "condition.operator": ">", "condition.value": "100"}
    page = does(
        person, "condition", path, step=["upper", "cut"], otherwise="NONE", **given, **{"step:1:to": "20"}, **three
    )
    draft = " ".join(unescape(person.get(f"{PAGE}/yaml").text).split())
    assert "OTSCity: from: shipping.city steps: - upper - cut: 20 only: total > 100 otherwise: NONE" in draft
    assert "NONE" in page.words
    wrong = does(person, "condition", path, step=["upper"], **given, **{**three, "condition.value": "many"})
    assert "'many' is no number" in wrong.words


def test_a_test_taken_from_a_record_holds_and_then_guards_the_mapping(served: Served) -> None:
    person = served.person()
    page = does(person, "", f"{PAGE}/tests", record="order 117003", title="a usual order")
    assert "a usual order holds" in page.words
    does(person, "keep", **{"from:PONum": "= 'X' || id"})
    assert "a usual order: PONum is 'X117003', not '117003'" in asks(person).words


def test_a_new_mapping_begins_with_pasted_records_and_their_kinds(served: Served) -> None:
    person = served.person()
    begun = person.post(
        "/mappings",
        name="vendors",
        source="epicor/vendor",
        target="heartland/vendor",
        fields="public_id: text(20)\nname: text(50)",
        samples='{"VendorID": "ACME", "Name": "Acme <b>", "Limit": 10.50}',
    )
    assert "vendors begins with 3 source fields" in begun.words
    assert "Acme &lt;b&gt;" in begun.text
    assert "accept:name=Name" in begun.text


def test_an_older_version_is_compared_and_brought_back_the_way_of_every_change(served: Served) -> None:
    person = served.person()
    for text in ("= 'WEB-' || id", "= 'SHOP-' || id"):
        does(person, "keep", **{"from:PONum": text})
        asks(person)
        approves(person)
    newest, before, _ = shelf(served.home / "mappings").versions(shop.NAME)
    page = person.get(f"{PAGE}/versions?key={before.key}")
    assert (newest.number, before.number) == (3, 2)
    assert "'WEB-' || id" in page.words
    assert "'SHOP-' || id" in page.words
    person.post(f"{PAGE}/versions", key=before.key)
    assert "'SHOP-'" in live(served)
    asks(person, "the old numbers again")
    approves(person)
    assert "'WEB-'" in live(served)
    assert "version: 4" in live(served)


@pytest.mark.parametrize("path", ["/mappings/../../etc", "/mappings/nothing", "/mappings/No", f"{PAGE}/fields/Nothing"])
def test_an_address_that_is_no_mapping_is_refused_in_one_line(served: Served, path: str) -> None:
    assert served.person().get(path).status in {404, 422}


def test_a_field_is_previewed_while_another_refuses_the_record_and_a_mistyped_name_stays_in_its_cell(
    served: Served,
) -> None:
    person = served.person()
    page = does(person, "keep", **{"from:TermsCode": "shipping_method", "from:DocOrderAmt": "totl"})
    orders = [shop.order(number) for number in range(ORDERS)]
    assert 'value="totl"' in page.text
    refused = next(one for one in orders if one["shipping_method"] == "GROUND")
    page = person.get(f"{PAGE}?record=order%20{refused['id']}")
    assert "'GROUND' is longer than 4 characters; add the step cut" in page.words
    assert f'class="becomes">{refused["id"]}' in page.text
    does(person, "keep", **{"from:DocOrderAmt": ""})
    page = person.get(f"{PAGE}/changes")
    number = sum(one["shipping_method"] == "GROUND" for one in orders)
    assert f"TermsCode 'GROUND' is longer than 4 characters; add the step cut {number}" in page.words


def test_lines_are_begun_with_the_name_of_a_list_and_shown_by_their_number(served: Served) -> None:
    person, path = served.person(), "/mappings/lined"
    fields, samples = "PONum\nDtls: list\nDtls.PartNum: text(5)", '[{"id": 1, "lines": [{"sku": "A"}, {"sku": "B"}]}]'
    person.post("/mappings", name="lined", source="till/sale", target="erp/order", fields=fields, samples=samples)
    page = does(person, "keep", path, **{"from:Dtls": "lines"})
    assert "each of lines" in page.words
    text = unescape(person.get(f"{path}/yaml").text)
    assert "  Dtls:\n    each: lines\n    map: {}\n" in text
    shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", text, re.DOTALL)
    assert shown
    does(person, "", f"{path}/yaml", text=shown[1].replace("map: {}", "map:\n      PartNum: {from: sku}"))
    assert "each of lines: PartNum sku 2 lines" in person.get(path).words
