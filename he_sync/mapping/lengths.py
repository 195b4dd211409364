"""How many characters an Epicor field holds, and what becomes of a text that is longer.

The service descriptions give no lengths; these are the usual ones of a Kinetic database, and a company whose differ
says so in its profile (`epicor.field_lengths`). A key is never cut: its record waits for a person (F84).
"""

from __future__ import annotations

from collections.abc import Mapping

from he_sync.model.errors import BadRecord
from he_sync.model.texts import bad_characters, shortened

LENGTHS: Mapping[str, int] = {
    "CustID": 10,
    "PONum": 50,
    "PartNum": 50,
    "LineDesc": 1000,
    "MiscCode": 4,
    "MiscDescription": 50,
    "SalesUM": 6,
    "Name": 50,
    "Address1": 50,
    "Address2": 50,
    "Address3": 50,
    "City": 50,
    "State": 50,
    "Zip": 10,
    "PhoneNum": 20,
    "EMailAddress": 50,
    "OrderComment": 4000,
}


def length(field: str, overrides: Mapping[str, int]) -> int:
    """The characters that a field holds in this company."""
    return overrides.get(field, LENGTHS[field])


def key(field: str, value: str, where: str, overrides: Mapping[str, int]) -> str:
    """A key as it is. Raises BadRecord where it does not fit or holds what no key may."""
    limit = length(field, overrides)
    if len(value) > limit:
        raise BadRecord(
            f"{where}: {field} {value[:20]!r}... has {len(value)} characters and Epicor holds {limit}; "
            "shorten it at its source"
        )
    if bad_characters(value):
        raise BadRecord(f"{where}: {field} {value[:20]!r} holds a control character; correct it at its source")
    return value


def text(field: str, value: str, overrides: Mapping[str, int]) -> str:
    """A text that is no key, cut at a word where it is too long."""
    return shortened(value, length(field, overrides))
