"""The forecast of a run: what is said before is what happens."""

from __future__ import annotations

import polars as pl
import pytest

from he_sync.match.preflight import document, filled, forecast
from he_sync.match.reading import joined
from he_sync.match.run import match
from tests.customer_world.world import WORLDS, world
from tests.match.people import records

SAME = ("blocks", "largest", "example", "split", "skipped", "skipped_pairs")


def smiths(count: int, prefix: str) -> pl.DataFrame:
    return records(*({"first_name": "John", "last_name": "Smith"} for _ in range(count)), prefix=prefix)


@pytest.fixture(scope="module", params=["families", "one name"])
def sides(request: pytest.FixtureRequest) -> tuple[pl.DataFrame, pl.DataFrame]:
    if request.param == "families":
        left, right, _ = world(1_500, 5, WORLDS["families"])
        return left, right
    return smiths(400, "L"), smiths(300, "R")


def test_blocks_are_the_runs_own_and_pairs_a_little_above_because_two_keys_may_give_one(sides) -> None:
    said, done = forecast(*sides), match(*sides)
    for before, after in zip(said.costs, done.costs, strict=True):
        assert [getattr(before, name) for name in SAME] == [getattr(after, name) for name in SAME]
        assert after.pairs <= before.pairs <= 2 * after.pairs
    assert said.contacts == done.contacts
    assert said.records == {"left": len(sides[0]), "right": len(sides[1])}
    assert said.pairs >= len(done.scores.pairs)


def test_a_name_that_all_share_is_said_to_be_skipped_before_the_run() -> None:
    said = document(forecast(smiths(400, "L"), smiths(300, "R")))
    [rule] = [one for one in said["rules"] if one["rule"] == "first and last name"]
    assert (rule["largest"], rule["skipped"], rule["skipped_pairs"]) == (700, 1, 700 * 699 // 2)
    assert said["skipped_blocks"] >= 1
    assert rule["example"] == "john smith"


def test_missing_fields_are_counted_by_side() -> None:
    shares = filled(joined(records({"phone": "1"}, {"phone": " "}), records({"email": "a@b.c"}, prefix="B")))
    assert (shares["left"]["phone"], shares["right"]["phone"], shares["right"]["email"]) == (0.5, 0.0, 1.0)


def test_more_pairs_take_more_time_and_memory() -> None:
    few, many = (forecast(*world(1_500, 5, WORLDS[name])[:2]) for name in ("strangers", "families"))
    assert many.pairs > few.pairs
    assert many.mebibytes >= few.mebibytes > 0
    assert many.seconds > 0
