"""One customer, however it was typed, has one standard form."""

from __future__ import annotations

import pytest

from he_sync.match.columns import texts_of
from he_sync.match.profile import without_shared
from he_sync.match.standardise import habits, standard_columns, standardised
from tests.match.people import records


def form(**fields: str) -> dict[str, str]:
    return standardised(records(fields)).row(0, named=True)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"first_name": "  WILLIAM k ", "last_name": "O'Brien Jr."}, ("william", "k", "obrien", "jr")),
        ({"first_name": "José", "last_name": "Muñoz III"}, ("jose", "", "munoz", "3")),
        ({"first_name": "Dr. Ann", "last_name": "Lee-Park"}, ("ann", "", "lee park", "")),
        ({"first_name": "محمد", "last_name": "علي"}, ("محمد", "", "علي", "")),
        ({"first_name": "😀", "last_name": "Smith 🎉"}, ("", "", "smith", "")),
    ],
)
def test_names_lose_case_accents_titles_and_generations(given, wanted):
    found = form(**given)
    assert (found["first"], found["middle"], found["last"], found["generation"]) == wanted


def test_exchanged_names_are_put_right_by_the_files_own_frequencies():
    usual = [{"first_name": "Harold", "last_name": "Wojcik"}] * 12
    swapped = {"first_name": "Wojcik", "last_name": "Harold"}
    found = standardised(records(*usual, swapped)).row(12, named=True)
    assert (found["first"], found["last"]) == ("harold", "wojcik")


@pytest.mark.parametrize(
    ("mail", "wanted"),
    [
        ("J.Doe+shop@GMAIL.com", "jdoe@gmail.com"),
        ("ann.lee@gmial.com", "annlee@gmail.com"),
        ("ann.lee@yahoo.con", "ann.lee@yahoo.com"),
        ("bob@ymail.com", "bob@ymail.com"),
        ("office@gail-farms.com", "office@gail-farms.com"),
        ("none@none.com", "@"),
        ("noemail@noemail.com", "@"),
        ("not an address", "@"),
    ],
)
def test_mailboxes_have_one_form_and_made_up_ones_none(mail, wanted):
    found = form(email=mail)
    assert f"{found['user']}@{found['host']}" == wanted


@pytest.mark.parametrize(
    ("phone", "wanted"),
    [
        ("+1 (225) 256-5391 x137", "2252565391"),
        ("225.256.5391", "2252565391"),
        ("1-225-256-5391 ext. 4", "2252565391"),
        ("000-000-0000", ""),
        ("1234567890", ""),
        ("+49 30 901820", "4930901820"),
        ("٠١٢٣٤٥٦٧٨٩", ""),
    ],
)
def test_numbers_are_digits_without_country_extension_and_invention(phone, wanted):
    assert form(phone=phone)["digits"] == wanted


@pytest.mark.parametrize(
    ("street", "wanted"),
    [
        ("12 North Main Street, Apt #4B", ("12", "n main st", "4b")),
        ("12 N MAIN ST #4b", ("12", "n main st", "4b")),
        ("859 Fifth Place Suite 200", ("859", "5th pl", "200")),
        ("P.O. Box 77", ("77", "po box", "")),
        ("PSC 3 Box 1234", ("1234", "psc 3", "")),
        ("Unit 2050 Box 4190", ("4190", "unit 2050", "")),
    ],
)
def test_streets_keep_number_road_and_unit_apart(street, wanted):
    found = form(street=street)
    assert (found["number"], found["road"], found["unit"]) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("71263-1122", "71263"),
        (" 71263 ", "71263"),
        ("7126", "7126"),
        ("D-10115", "10115"),
        ("SW1A 1AA", "sw1a1aa"),
        ("unknown", ""),
        ("12", ""),
    ],
)
def test_a_zip_is_five_digits_and_a_foreign_postcode_stays_as_it_is(given: str, wanted: str):
    assert form(zip=given)["zip5"] == wanted


def test_a_zip_gets_back_the_zero_that_a_table_took():
    assert form(zip="2139", state="MA")["zip5"] == "02139"
    assert form(zip="2139", state="NSW")["zip5"] == "2139"


def test_what_a_visitor_is_told_beside_the_street_and_another_spelling_of_the_town_make_no_other_place():
    for one, other in (
        ({"street": "854 7th Ave. between 54th and 55th Sts."}, {"street": "854 Seventh Ave"}),
        ({"street": "2 Harrison St. near Hudson St."}, {"street": "2 Harrison Street"}),
        ({"city": "New York City"}, {"city": "New York"}),
        ({"city": "W. Hollywood"}, {"city": "West Hollywood"}),
        ({"company": "Spago (Los Angeles)"}, {"company": "Spago"}),
    ):
        assert form(**one) == form(**other)
    assert form(street="12 Off Road")["road"] == "off rd"


def test_a_company_in_the_last_name_is_a_company():
    named = [{"company": f"{owner} Plumbing LLC"} for owner in ("Abel", "Brown", "Cole", "Dunn")]
    stuffed = [
        {"last_name": "Evans & Sons Plumbing"},
        {"last_name": "Rainwater Logistics, L.L.C."},
        {"last_name": "Plumbing"},
    ]
    found = standardised(records(*named, *stuffed))["firm"].to_list()
    assert found == ["abel plumbing", "brown plumbing", "cole plumbing", "dunn plumbing", "evans and sons plumbing",
                     "rainwater logistics", ""]  # fmt: skip


def test_a_contact_on_many_names_is_nobodys_and_a_familys_is_kept():
    shared = [{"first_name": f"Name{k}", "last_name": f"Of{k}", "email": "info@mall.com"} for k in range(9)]
    family = [{"first_name": name, "last_name": "Bell", "email": "bells@cox.net"} for name in ("Ann", "Bob", "Cy")]
    clean, (mails, _) = without_shared(standard_columns(records(*shared, *family)))
    assert set(texts_of(clean, ["user"])["user"]) == {"", "bells"}
    assert (mails.junk, mails.junk_records, mails.worst) == (1, 9, "info@mall.com on 9 records")


ODD = (
    {"first_name": "Dr. Ann k", "last_name": "O'Brien Jr.", "phone": "(614) 555-1234 x12", "email": "a.b+x@GMAIL.com"},
    {"first_name": "", "last_name": "Acme Tool & Die Co.", "phone": "+1 614 555 1234", "email": "mailto:<a@b.com>"},
    {"first_name": "José", "last_name": "Muñoz III", "street": "12 North Main Street Apt. 4-B", "zip": "43001-1234"},
    {"first_name": "Lee", "last_name": "Park", "street": "First Avenue", "city": "Saint  Paul"},
    {"first_name": "Lee", "last_name": "Park", "phone": "01116145551234"},
    {"first_name": "Lee", "last_name": "Park q", "street": "P.O. Box 77", "state": "OH", "phone": "614-000-0000"},
    {"company": "The Widget Company LLC", "street": "PSC 3, Box 1200", "email": "ann@gmial.com", "phone": "#5551234"},
    {"company": "Crew Supply", "street": "99", "email": "no mail", "phone": ""},
)  # fmt: skip


def test_a_record_has_the_form_in_a_large_file_that_it_has_alone():
    large = records(*(ODD[k % len(ODD)] for k in range(7_000)))
    known = habits(large)
    alone = [standardised(records(odd), known).row(0) for odd in ODD]
    assert standardised(large).rows() == [alone[k % len(ODD)] for k in range(7_000)]


def test_a_number_is_the_same_however_the_country_is_dialled():
    assert {
        form(phone=given)["digits"]
        for given in (
            "614 555 1234",
            "+1 (614) 555-1234",
            "001 614 555 1234",
            "011 1 614-555-1234",
            "6145551234 ext. 9",
        )
    } == {"6145551234"}
