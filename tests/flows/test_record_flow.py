"""A flow without Python: vendors of Epicor in Heartland, by two YAML files, on the real sandbox over HTTP."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from he_sync.flows import polls, registry
from he_sync.flows.drain import drain
from he_sync.flows.mapped.copying import PUT
from he_sync.flows.run import Works
from he_sync.flows.writers import WRITERS
from he_sync.model.errors import BrokenPromise, FixInput
from he_sync.sandbox.faults import Fault
from he_sync.store import applied, dead_letters, effects, inbox
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from tests.flows.desk import SECOND
from tests.flows.shop import numbers

TEMPLATE = Path(__file__).parents[2] / "assets" / "templates" / "vendors"
VENDORS, TOPIC = "purchasing/vendors", "Vendor"


class Buying:
    """An installation with one flow more, and vendors in Epicor."""

    def __init__(self, desk, store, clock, folder):
        self.desk, self.store, self.clock, self.folder = desk, store, clock, folder
        flow = folder / "flows" / "vendors"
        flow.mkdir(parents=True)
        shutil.copy(TEMPLATE / "defs.yaml", flow)
        self.map((TEMPLATE / "mapping.yaml").read_text())

    def map(self, text):
        path = self.folder / "mappings" / "vendors" / "mapping.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def flows(self):
        return registry.load_all(self.folder / "flows")

    def vendor(self, **more):
        """A new vendor; its entity and what it is called."""
        name = f"V{next(numbers)}"
        row = self.desk.systems.epicor.insert(
            "Erp.BO.VendorSvc", "Vendors", {"VendorID": name, "Name": f"Mill {name}", **more}
        )
        return f"erp_vendor {row['VendorNum']}", name

    def edit(self, entity, **fields):
        key = {"Company": "EPIC06", "VendorNum": int(entity.split()[1])}
        self.desk.systems.epicor.patch("Erp.BO.VendorSvc", "Vendors", key, fields)

    def hear(self, *entities):
        for entity in entities:
            given = f"vendor-{next(numbers)}"
            inbox.put(self.store, [inbox.Arrival("epicor", TOPIC, given, entity, "", "{}", given, "poll")])
        works = Works(self.store, self.desk.systems, self.desk.retailer, self.flows)
        return drain(works, "test", linger_seconds=0, poll_seconds=0, now=self.clock)

    def there(self, name):
        rows = self.desk.systems.heartland.list_all(VENDORS)
        return [row for row in rows if row.get("public_id") == name]

    def planned(self, entity):
        return [one for one in effects.listing(self.store) if one.effect.entity == entity]


@pytest.fixture
def buying(desk, tmp_path, clock, monkeypatch):
    monkeypatch.setenv("HE_HOME", str(tmp_path))
    monkeypatch.delenv("HE_MAPPINGS", raising=False)
    with open_store(tmp_path / "he_sync.db") as store:
        yield Buying(desk, store, clock, tmp_path)


def test_a_new_vendor_is_in_the_shop_once_however_often_it_is_told(buying):
    entity, name = buying.vendor(EMailAddress="sales@mill.example", PhoneNum="207 555 0100")
    for _ in range(3):
        buying.hear(entity, entity)
    [row] = buying.there(name)
    assert (row["name"], row["email"], row["active?"]) == (f"Mill {name}", "sales@mill.example", True)
    assert [one.state for one in buying.planned(entity)] == ["confirmed"]


def test_a_change_travels_and_says_old_and_new_and_only_what_is_mapped_is_written(buying):
    entity, name = buying.vendor(EMailAddress="old@mill.example")
    buying.hear(entity)
    number = buying.there(name)[0]["id"]
    buying.desk.systems.heartland.update(f"{VENDORS}/{number}", {"custom": {"buyer": "Ann"}})
    buying.edit(entity, EMailAddress="new@mill.example")
    buying.hear(entity)
    [row] = buying.there(name)
    assert (row["email"], row["custom"]) == ("new@mill.example", {"buyer": "Ann"})
    assert "email: old@mill.example -> new@mill.example" in buying.planned(entity)[-1].effect.summary


def test_a_create_whose_answer_was_lost_and_landed_late_makes_no_second_vendor_although_it_changed_meanwhile(
    buying, clock
):
    entity, name = buying.vendor()
    buying.desk.sandbox.faults.set(
        [Fault("late_landing", "heartland", "POST", "purchasing/vendors$", remaining=1, seconds=0.2)]
    )
    buying.hear(entity)
    buying.edit(entity, Name="Renamed")
    buying.hear(entity)
    buying.desk.settle()
    for _ in range(3):
        clock.forward(QUARANTINE + SECOND)
        buying.hear()
    [row] = buying.there(name)
    assert row["name"] == "Renamed"


def test_two_vendors_of_one_name_in_the_shop_are_a_persons_question_and_neither_is_touched(buying):
    entity, name = buying.vendor()
    for title in ("one", "two"):
        buying.desk.systems.heartland.create(VENDORS, {"public_id": name, "name": title})
    buying.hear(entity)
    assert sorted(row["name"] for row in buying.there(name)) == ["one", "two"]
    [letter] = dead_letters.listing(buying.store)
    assert "rename all but one" in letter.letter.plain


def test_without_its_mapping_the_flow_stands_still_and_its_events_wait_until_it_is_there(buying, clock):
    text = (buying.folder / "mappings" / "vendors" / "mapping.yaml").read_text()
    buying.map("mapping: [")
    entity, name = buying.vendor()
    buying.hear(entity)
    assert not buying.there(name)
    assert not dead_letters.listing(buying.store)
    buying.map(text)
    clock.forward(timedelta(minutes=1))
    buying.hear()
    assert len(buying.there(name)) == 1


def test_a_vendor_that_nobody_announced_comes_by_the_poll(buying, monkeypatch):
    monkeypatch.setattr(registry, "FOLDER", buying.folder / "flows")
    state = buying.desk.sandbox.state
    ask = (buying.store, buying.desk.systems, buying.desk.retailer)
    polls.poll_epicor(*ask, state.now())
    _, name = buying.vendor()
    polls.poll_epicor(*ask, state.now() + timedelta(minutes=2))
    buying.hear()
    assert len(buying.there(name)) == 1


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("decide: record", "decide: parts", "attributes.decide: is 'parts'"),
        ("epicor/Vendor", "heartland/vendor", "has one topic, epicor/"),
        ("Erp.BO.VendorSvc", "VendorSvc", "attributes.record.service"),
        ("  record:", "  recrod:", "attributes.recrod"),
    ],
)
def test_a_wrong_record_flow_is_refused_with_its_key(buying, right, wrong, said):
    path = buying.folder / "flows" / "vendors" / "defs.yaml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    with pytest.raises(FixInput, match=said.replace(".", r"\.")):
        registry.load(path)


def test_a_twin_that_came_into_the_shop_after_planning_is_seen_before_anything_is_written(buying):
    _, name = buying.vendor()
    body = {"path": VENDORS, "known_by": "public_id", "fields": {"public_id": name, "name": "New"}}
    for title in ("one", "two"):
        buying.desk.systems.heartland.create(VENDORS, {"public_id": name, "name": title})
    for step in (WRITERS[PUT].find, WRITERS[PUT].write):
        with pytest.raises(BrokenPromise, match="rename all but one"):
            step(buying.desk.bench(), "", body)
    assert sorted(row["name"] for row in buying.there(name)) == ["one", "two"]


def test_an_answer_that_is_older_than_what_the_shop_was_told_changes_nothing(buying, clock):
    entity, name = buying.vendor()
    buying.hear(entity)
    with buying.store.begin() as connection:
        applied.put(connection, applied.project(entity, "heartland", "9" * 20, {}, clock()))
    buying.edit(entity, Name="Of yesterday")
    buying.hear(entity)
    assert buying.there(name)[0]["name"] == f"Mill {name}"
