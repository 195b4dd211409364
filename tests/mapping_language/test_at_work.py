"""The step of a flow that maps by a file: the live version, one bad record alone, the last version that was right."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from he_sync.connect.systems import Systems
from he_sync.flows import registry
from he_sync.flows.case import Case, Desk, Steps
from he_sync.flows.mapped.recorded import recorded
from he_sync.flows.mapped.step import FACT, Live, mapper
from he_sync.flows.spec import Flow
from he_sync.mapping.shelf.versions import FILE, FolderShelf
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.store import inbox, story
from he_sync.store.database import open_store
from tests.mapping_language import shop

FLOW = Flow.model_validate(
    {"name": "orders", "version": 1, "trigger": {"topics": ["shop/order"]}, "read": "order", "decide": "order"}
)
ENTRIES = {
    "PONum": {"from": "id"},
    "EMailAddress": {"from": "customer.email", "steps": ["required"]},
    "DocOrderAmt": {"from": "total"},
}


def cases(*numbers: int) -> list[Case]:
    none = cast("tuple[inbox.Event, ...]", ())
    return [Case(f"order {number}", none, shop.order(number)) for number in numbers]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    store = open_store(tmp_path / "he_sync.db")
    return Desk(store, cast("Systems", None), cast("Retailer", None), FLOW, datetime.now(UTC))


@pytest.fixture
def live(tmp_path: Path) -> Live:
    path = tmp_path / shop.NAME / FILE
    path.parent.mkdir()
    path.write_text(shop.mapping(ENTRIES))
    return Live(FolderShelf(tmp_path), shop.NAME)


def test_a_record_that_cannot_be_mapped_is_parked_alone_with_its_field_and_the_mappings_version(
    live: Live, desk: Desk
) -> None:
    quiet = cases(3)[0].still("nothing to do")
    done = mapper(live)([*cases(10, 11), quiet, *cases(12)], desk)
    assert done[0].problem is not None
    assert done[0].problem.plain == "order 10: EMailAddress is empty and must not be (shop_orders version 1)"
    assert done[2] is quiet
    assert [one.facts[FACT]["PONum"] for one in done if FACT in one.facts] == ["117011", "117012"]
    assert done[1].facts[FACT]["DocOrderAmt"] == shop.order(11)["total"]
    assert [step.summary for step in done[1].steps] == ["shop_orders version 1"]


def test_a_new_version_is_used_from_the_next_batch_on_and_a_broken_file_leaves_the_last_good_one(
    live: Live, desk: Desk, tmp_path: Path
) -> None:
    told: list[str] = []
    live.told, path, step = told.append, tmp_path / shop.NAME / FILE, mapper(live)
    step(cases(1), desk)
    path.write_text(shop.mapping({**ENTRIES, "PONum": {"sql": "'WEB-' || id"}}, version=2))
    assert step(cases(1), desk)[0].facts[FACT]["PONum"] == "WEB-117001"
    path.write_text(shop.mapping({**ENTRIES, "PONum": {"from": "idd"}}, version=3))
    for _ in range(2):
        assert step(cases(1), desk)[0].facts[FACT]["PONum"] == "WEB-117001"
    assert len(told) == 1
    assert "did you mean id?" in told[0]


def test_a_mapping_that_never_was_right_cannot_begin(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(FixInput):
        mapper(Live(FolderShelf(tmp_path), "nothing"))(cases(1), desk)


def test_the_registry_takes_a_mapping_as_one_more_mapper(live: Live) -> None:
    joined = registry.joined([registry.STEPS, Steps(mappers={shop.NAME: mapper(live)})])
    assert shop.NAME in joined.mappers


def test_a_mapping_is_tried_on_the_newest_document_of_each_record_and_on_nothing_of_another_kind(desk: Desk) -> None:
    shop.tell(desk.store, 5)
    with desk.store.begin() as connection:
        newer = story.Step("order 117004", desk.now, "read", "read", '{"id":4,"total":1.10}')
        story.tell(connection, [newer, story.Step("customer 1", desk.now, "read", "read", '{"id":1}')])
    found = recorded(desk.store, "heartland/order")
    assert [one.entity for one in found] == [f"order {117_000 + number}" for number in (4, 0, 1, 2, 3)]
    assert str(found[0].document["total"]) == "1.10"
    assert recorded(desk.store, "heartland/order", most=2) == found[:2]
    assert recorded(desk.store, "heartland/o%") == []
