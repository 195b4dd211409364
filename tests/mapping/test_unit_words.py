"""One table of unit words: a unit that is written apart on an order is the unit that customers are compared by."""

import polars as pl
import pytest

from he_sync.mapping.addresses import standardise
from he_sync.match.streets import addresses
from he_sync.model.address import Address
from he_sync.model.unit_words import SHORT


@pytest.mark.parametrize("word", SHORT)
def test_a_unit_is_one_thing_where_addresses_are_written_and_where_they_are_compared(word):
    line = f"12 Oak St {word} 4b"
    row = {"street": line, "zip": "04101", "city": "Portland", "state": "ME"}
    compared = addresses(pl.DataFrame([row])).row(0, named=True)
    assert (compared["number"], compared["road"], compared["unit"]) == ("12", "oak st", "4b")
    own = standardise(Address(line_1="12 Oak St", line_2=f"{word} 4b", city="Portland", state="ME"))
    assert own.line_2 == f"{SHORT[word]} 4B"
