"""Addresses have one form; what cannot be delivered to is said in plain words; a key is never cut."""

import time
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.mapping import customers
from he_sync.mapping.addresses import customer_columns, problems, standardise
from he_sync.mapping.lengths import LENGTHS
from he_sync.model.address import Address, Person
from he_sync.model.errors import BadRecord
from he_sync.model.texts import bad_characters
from tests.mapping.examples import HOME, ON_A_BUSY_MACHINE, RETAILER, profile

WORDS = st.sampled_from(
    ["MAIN", "Maple", "street", "NW", "12", "suite", "200", "#", "4b", "Abcdefghijklmnopqrst", "\uff21\uff22", "po"]
)
TEXTS = (
    st.text(max_size=70)
    | st.lists(WORDS, max_size=16).map(" ".join)
    | st.sampled_from(["123 MAIN ST APT 4B", "p.o. box 7", "# 5", "suite 200", "İstanbul", "ﬁne ½"])
)
COUNTRIES = st.sampled_from(["", "us", "USA", "Canada", "ca", "MX", "Narnia"])


@settings(ON_A_BUSY_MACHINE, max_examples=500)
@given(st.builds(Address, st.builds(Person, TEXTS, TEXTS, TEXTS), *[TEXTS] * 6, COUNTRIES, TEXTS))
def test_an_address_that_is_standard_stays_as_it_is_and_holds_nothing_that_no_field_may(address):
    once = standardise(address)
    assert standardise(once) == once
    texts = [value for name, value in asdict(once).items() if name not in {"person", "notes"}]
    assert not any(bad_characters(text.replace("\u200c", "").replace("\u200d", "")) for text in texts)
    assert all(text == text.strip() for text in texts)


def home(**changes):
    return standardise(replace(HOME, **changes))


@pytest.mark.parametrize(
    ("field", "written", "standard"),
    [
        ("postal_code", " 60601 ", "60601"),
        ("postal_code", "606011234", "60601-1234"),
        ("postal_code", "60601 1234", "60601-1234"),
        ("postal_code", "\uff16\uff10\uff16\uff10\uff11", "60601"),
        ("state", "illinois", "IL"),
        ("state", "il.", "IL"),
        ("state", "District of Columbia", "DC"),
        ("country", "united states", "US"),
        ("country", "", "US"),
        ("city", "CHICAGO", "Chicago"),
        ("city", "winston-salem", "Winston-Salem"),
        ("city", "LaGrange", "LaGrange"),
        ("line_1", "12 MAPLE AVE NE", "12 Maple Ave NE"),
        ("line_1", "po box 12", "PO Box 12"),
        ("line_1", "221 2ND ST", "221 2nd St"),
        ("line_2", "suite 200", "Ste 200"),
        ("line_2", "apartment #4b", "Apt 4B"),
        ("line_1", "12  Maple\tAve\x00", "12 Maple Ave"),
        ("line_1", "12 Ma\u202eple Ave\ud800", "12 Maple Ave"),
    ],
)
def test_what_has_one_right_form_is_written_in_it(field, written, standard):
    assert getattr(home(**{field: written}), field) == standard


def test_a_canadian_postal_code_has_a_blank_in_the_middle_and_a_province():
    tidy = home(country="Canada", state="Ontario", postal_code="m5v3l9")
    assert (tidy.country, tidy.state, tidy.postal_code, problems(tidy)) == ("CA", "ON", "M5V 3L9", ())


@pytest.mark.parametrize(
    ("street", "first", "second"),
    [
        ("12 Maple Ave, Apt 4b", "12 Maple Ave", "Apt 4B"),
        ("12 Maple Ave Suite 200", "12 Maple Ave", "Ste 200"),
        ("12 Maple Ave # 5", "12 Maple Ave", "#5"),
        ("12 Unity Rd", "12 Unity Rd", ""),
    ],
)
def test_an_apartment_moves_to_a_line_of_its_own_where_that_is_free(street, first, second):
    tidy = home(line_1=street, line_2="")
    assert (tidy.line_1, tidy.line_2) == (first, second)
    assert home(line_1=street, line_2="Back door").line_1 == street


def test_a_street_of_ten_thousand_characters_is_refused_at_once():
    started = time.process_time()
    assert problems(home(line_1="1 " * 5000, line_2=""))
    assert time.process_time() - started < 0.5


def test_nobodys_name_is_rewritten():
    person = Person("MIKE", "van der berg")
    assert home(person=person).person == person


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"postal_code": "ABC"}, "postal code 'ABC' does not read like 12345 or 12345-6789"),
        ({"postal_code": ""}, "the postal code is missing"),
        ({"state": "ZZ"}, "state 'ZZ' is none of US"),
        ({"state": ""}, "the state is missing"),
        ({"city": ""}, "the city is missing"),
        ({"line_1": "", "line_2": ""}, "the street is missing"),
        ({"person": Person()}, "the name is missing"),
        ({"country": "Narnia"}, "country 'Narnia' is no two-letter code"),
        ({"country": "CA", "state": "ON"}, "postal code '60601' does not read like A1A 1A1"),
        ({"phone": "call me on the other number"}, "the phone number has 27 characters and Epicor holds 20"),
    ],
)
def test_what_keeps_a_parcel_from_arriving_is_said_in_plain_words(changes, said):
    assert said in problems(home(**changes))


def test_a_good_address_has_no_problems():
    assert problems(home()) == ()
    assert problems(home(country="MX", state="Oaxaca", postal_code="68000")) == ()


# lengths: F84 of the fault catalogue


def words(count):
    return ("Abcd efgh " * 100)[:count].strip().ljust(count, "x")


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_street_one_character_too_long_continues_on_the_next_line_and_says_so(over):
    street = words(50 + over)
    tidy = home(line_1=street, line_2="Back door")
    assert " ".join(tidy.lines) == f"{street} Back door"
    assert max(map(len, tidy.lines)) <= 50
    assert bool(tidy.notes) == (over > 0)
    assert problems(tidy) == ()


def test_a_street_that_fits_into_no_three_lines_is_left_whole_and_refused():
    tidy = home(line_1=words(160))
    assert tidy.line_1 == words(160)
    assert "the first street line has 160 characters and Epicor holds 50" in problems(tidy)


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize(
    ("field", "column"), [("city", "City"), ("state", "State"), ("postal_code", "Zip"), ("phone", "PhoneNum")]
)
def test_a_code_one_character_too_long_is_refused_and_never_cut(field, column, over):
    text = "A" * (LENGTHS[column] + over)
    tidy = standardise(replace(HOME, country="MX", **{field: text}))
    assert getattr(tidy, field).upper() == text
    assert bool(problems(tidy)) == (over > 0)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_name_one_character_too_long_is_cut_at_a_word_and_the_cut_is_told(over):
    name = words(50 + over)
    tidy = home(person=Person(company=name))
    assert name.startswith(tidy.person.full)
    assert len(tidy.person.full) <= 50
    assert bool(tidy.notes) == (over > 0)


def test_a_company_with_shorter_fields_says_so_in_its_profile():
    assert max(map(len, standardise(replace(HOME, line_1=words(45)), {"Address1": 40}).lines)) <= 40


# customers


def test_a_customer_is_created_with_what_is_known_of_it_and_no_more():
    body = customers.customer(7, "Ana Ruiz", "ana@example.test", "", RETAILER, HOME)
    assert body == {
        "Company": "EPIC06",
        "CustID": "H7",
        "Name": "Ana Ruiz",
        "EMailAddress": "ana@example.test",
        "PhoneNum": "",
        "CustomerType": "CUS",
        "Address1": "12 Maple Ave",
        "Address2": "Apt 4",
        "City": "Chicago",
        "State": "IL",
        "Zip": "60601",
        "CountryNum": 1,
    }
    assert "City" not in customers.customer(7, "Ana Ruiz", "", "", RETAILER, Address())
    assert customers.customer(7, "", "", "", RETAILER)["Name"] == "Customer 7"


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_an_e_mail_one_character_too_long_parks_its_customer_because_it_is_matched_by_it(over):
    email = "a" * (LENGTHS["EMailAddress"] + over - 5) + "@b.cd"
    if over <= 0:
        assert customers.customer(7, "Ana", email, "", RETAILER)["EMailAddress"] == email
        return
    with pytest.raises(BadRecord, match=r"customer 7: EMailAddress .* has 51 characters and Epicor holds 50"):
        customers.customer(7, "Ana", email, "", RETAILER)


def test_a_customer_id_too_long_for_its_key_is_refused():
    with pytest.raises(BadRecord, match="CustID"):
        customers.customer(10**9, "Ana", "", "", profile(field_lengths={"CustID": 8}))


def test_only_what_the_pos_owns_and_what_differs_is_changed():
    wanted = customers.customer(7, "Ana Ruiz", "ana@example.test", "", RETAILER, HOME)
    found = {**wanted, "CustNum": 214, "TermsCode": "N30", "City": "Boston", "PhoneNum": None, "CustomerType": "SUS"}
    assert customers.changes(wanted, found) == {"CustNum": 214, "City": "Chicago"}
    assert customers.changes(wanted, {**found, "City": "Chicago"}) is None
    with pytest.raises(BadRecord, match="CustNum"):
        customers.changes(wanted, {"City": "Boston"})


def test_who_nobody_knows_buys_as_the_walk_in_of_the_store_or_else_of_the_company():
    assert [customers.walk_in(store, RETAILER) for store in ("S001", "S002", "")] == ["WALKIN", "WALK2", "WALKIN"]
    assert customers.is_walk_in("WALK2", RETAILER)
    assert not customers.is_walk_in("H7", RETAILER)
    assert not customers.is_walk_in("", RETAILER)


def test_an_address_of_a_customer_that_cannot_be_kept_says_all_that_is_wrong_in_one_line():
    with pytest.raises(BadRecord) as refused:
        customer_columns(replace(HOME, city="", state="ZZ"), RETAILER.epicor, "customer 7")
    assert str(refused.value) == (
        "customer 7: address: the city is missing; state 'ZZ' is none of US; correct it in Heartland"
    )
