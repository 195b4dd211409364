"""Addresses: one way of writing them, what is wrong with them in plain words, and an order's one-time ship-to.

Standardising never guesses what a person meant: it trims, unifies what has one right form (codes, postal codes, unit
words, shouted text) and moves what is too long to the next line. Names of people are left as they write them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from he_sync.mapping import lengths
from he_sync.mapping.regions import COUNTRY_NAMES, STATE_NAMES, STATES
from he_sync.mapping.street import cased, unit_apart, unit_form, wrapped
from he_sync.model.address import Address, Person
from he_sync.model.errors import BadRecord
from he_sync.model.retailer import Epicor
from he_sync.model.texts import plain, shortened

ZIP = re.compile(r"^(\d{5})[ -]?(\d{4})?$")
CANADA = re.compile(r"^([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]) ?(\d[ABCEGHJ-NPRSTV-Z]\d)$")
DEFAULT_COUNTRY = "US"


def standardise(address: Address, own: Mapping[str, int] | None = None) -> Address:
    """The address in its one form; doing it again changes nothing. `own` are the company's field lengths."""
    tidy = _tidied(address)
    country = _country(tidy.country)
    state = _state(tidy.state, country)
    postal = _postal(tidy.postal_code, country)
    moved = unit_apart(replace(tidy, country=country, state=state, postal_code=postal))
    return _fitted(moved, own or {})


def _tidied(address: Address) -> Address:
    person = Person(*(_clean(part) for part in (address.person.first, address.person.last, address.person.company)))
    lines = [*(cased(line) for line in map(_clean, address.lines) if line), "", "", ""]
    return replace(
        address,
        person=person,
        line_1=lines[0],
        line_2=lines[1],
        line_3=lines[2],
        city=cased(_clean(address.city)),
        state=_clean(address.state),
        postal_code=_clean(address.postal_code),
        country=_clean(address.country),
        phone=_clean(address.phone),
    )


def _clean(text: str) -> str:
    """Compatibility forms made one (full-width digits, ligatures), blanks trimmed, forbidden characters gone."""
    text = plain(text)
    return text if text.isascii() else plain(unicodedata.normalize("NFKC", text).replace("\u2044", "/"))


def _country(text: str) -> str:
    if not text:
        return DEFAULT_COUNTRY
    return COUNTRY_NAMES.get(text.casefold()) or (text.upper() if len(text) == 2 else text)  # noqa: PLR2004 - ISO code


def _state(text: str, country: str) -> str:
    """The code of a state of a country we know; elsewhere what was written."""
    if country not in STATES:
        return text
    code = text.rstrip(".").upper()
    return code if code in STATES[country] else STATE_NAMES[country].get(text.casefold(), text)


def _postal(text: str, country: str) -> str:
    """12345, 12345-6789 or A1A 1A1; what fits no pattern stays for a person to see."""
    upper = text.upper()
    if country == "US" and (found := ZIP.match(upper)):
        return f"{found[1]}-{found[2]}" if found[2] else found[1]
    if country == "CA" and (found := CANADA.match(upper)):
        return f"{found[1]} {found[2]}"
    return upper


def _fitted(address: Address, own: Mapping[str, int]) -> Address:
    """Lines that are too long continue on the next; a name is cut at a word; both are said in the notes."""
    notes, limit = list(address.notes), lengths.length("Address1", own)
    lines = wrapped(tuple(map(unit_form, address.lines)), limit)
    if lines != tuple(map(unit_form, address.lines)) and len(lines) <= 3:  # noqa: PLR2004 - Epicor has three lines
        notes.append(f"a street line was longer than {limit} characters and continues on the next")
    else:
        lines = address.lines
    person = address.person
    if len(person.full) > lengths.length("Name", own):
        short = shortened(person.full, lengths.length("Name", own))
        notes.append(f"the name was cut from {len(person.full)} characters to {short!r}")
        person = Person(company=short)
    padded = (*(unit_form(cased(line)) for line in lines), "", "", "")[:3]
    return replace(
        address, person=person, line_1=padded[0], line_2=padded[1], line_3=padded[2], notes=tuple(dict.fromkeys(notes))
    )


# what is wrong


def problems(address: Address, own: Mapping[str, int] | None = None) -> tuple[str, ...]:
    """What keeps a standardised address from being delivered to, each with what to correct; empty for a good one."""
    missing = [
        f"{what} is missing"
        for what, value in (
            ("the name", address.person.full),
            ("the street", address.line_1),
            ("the city", address.city),
            ("the postal code", address.postal_code),
            ("the state", address.state if address.country in STATES else "-"),
        )
        if not value
    ]
    return (*missing, *_wrong_codes(address), *_too_long(address, own or {}))


def _wrong_codes(address: Address) -> list[str]:
    found, country = [], address.country
    if len(country) != 2 or not country.isascii() or not country.isalpha():  # noqa: PLR2004 - ISO code
        found.append(f"country {country[:30]!r} is no two-letter code")
    states = STATES.get(country)
    if states and address.state and address.state not in states:
        found.append(f"state {address.state[:30]!r} is none of {country}")
    pattern = {"US": (ZIP, "12345 or 12345-6789"), "CA": (CANADA, "A1A 1A1")}.get(country)
    if pattern and address.postal_code and not pattern[0].match(address.postal_code):
        found.append(f"postal code {address.postal_code[:20]!r} does not read like {pattern[1]}")
    return found


def _too_long(address: Address, own: Mapping[str, int]) -> list[str]:
    values = {
        "Address1": (address.line_1, "the first street line"),
        "Address2": (address.line_2, "the second street line"),
        "Address3": (address.line_3, "the third street line"),
        "City": (address.city, "the city"),
        "State": (address.state, "the state"),
        "Zip": (address.postal_code, "the postal code"),
        "PhoneNum": (address.phone, "the phone number"),
    }
    return [
        f"{what} has {len(value)} characters and Epicor holds {lengths.length(field, own)}"
        for field, (value, what) in values.items()
        if len(value) > lengths.length(field, own)
    ]


# as columns


def one_time_ship_to(address: Address, codes: Epicor, where: str) -> dict[str, Any]:
    """OTS columns of a sales order. Raises BadRecord with all that is wrong, in one line."""
    tidy = checked(address, codes, f"{where}: ship-to address")
    ots = {
        "OTSName": tidy.person.full,
        "OTSAddress1": tidy.line_1,
        "OTSAddress2": tidy.line_2,
        "OTSAddress3": tidy.line_3,
        "OTSCity": tidy.city,
        "OTSState": tidy.state,
        "OTSZIP": tidy.postal_code,
        "OTSPhoneNum": tidy.phone,
    }
    return {
        "UseOTS": True,
        **{name: value for name, value in ots.items() if value},
        "OTSCountryNum": country_number(tidy, codes, where),
    }


def customer_columns(address: Address, codes: Epicor, where: str) -> dict[str, Any]:
    """Address columns of a customer; only what is there. Raises BadRecord with all that is wrong, in one line."""
    tidy = checked(address, codes, f"{where}: address")
    found = {
        "Address1": tidy.line_1,
        "Address2": tidy.line_2,
        "Address3": tidy.line_3,
        "City": tidy.city,
        "State": tidy.state,
        "Zip": tidy.postal_code,
    }
    said = {name: value for name, value in found.items() if value}
    return {**said, "CountryNum": country_number(tidy, codes, where)}


def checked(address: Address, codes: Epicor, where: str) -> Address:
    """The standardised address. Raises BadRecord where something keeps it from being delivered to."""
    tidy = standardise(address, codes.field_lengths)
    if wrong := problems(tidy, codes.field_lengths):
        raise BadRecord(f"{where}: {'; '.join(wrong)}; correct it in Heartland")
    return tidy


def country_number(address: Address, codes: Epicor, where: str) -> int:
    """Epicor's number of the country."""
    if number := codes.country_numbers.get(address.country):
        return number
    raise BadRecord(
        f"{where}: country {address.country} has no CountryNum in the profile; add it under epicor.country_numbers"
    )
