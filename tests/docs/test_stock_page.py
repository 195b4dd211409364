"""The ten numbers that the page works out by hand are what `he-sync stock why` says of the page's records."""

import json
import re
from fractions import Fraction
from math import floor

import pytest

from he_sync.cli.main import main
from he_sync.connect import strict_json
from he_sync.model.retailer import Epicor, Retailer, Store, Terms, dump_retailer
from he_sync.store.database import open_store
from he_sync.store.lake import Lake
from tests.docs.test_docs import ROOT, blocks

PAGE = (ROOT / "docs/stock.md").read_text()
DAY, READ = "2026-11-20", "2026-11-21T05:00:00+00:00"
OWNERS = {"S001": "heartland", "S002": "epicor"}


def rows(heading):
    """The cells of the table under a header row."""
    lines = PAGE[PAGE.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


RECORDS = rows("| item | place | Heartland")
QUESTIONS = rows("| item | place | channel | by hand")


def store(number, code, owner):
    place = {"location_id": 100_000 + number, "warehouse": f"W{number}", "timezone": "America/New_York"}
    return Store(code=code, name=code, stock_owner=owner, **place)


RETAILER = Retailer(
    name="The page's",
    timezone="America/New_York",
    heartland_adjustment_reason_id=1,
    stores=tuple(store(number, *one) for number, one in enumerate(OWNERS.items(), 1)),
    tenders=(),
    terms=Terms(fees={}, funding_bank_days={}),
    epicor=Epicor(company="EPIC06", walk_in_customer="WALKIN"),
)


def documents():
    """The page's records as both systems write them, by pull."""
    places = {store.code: store for store in RETAILER.stores}
    pulls = {"heartland/items": {}, "heartland/stock": {}, "epicor/parts": {}}
    for number, (sku, code, ours, theirs, unit) in enumerate(RECORDS, 1):
        place = places[code]
        on_hand, committed = ours.split(", ")
        there = dict(zip(("OnHandQty", "ReservedQty", "AllocatedQty"), theirs.split(", "), strict=True))
        code_of, _, holds = unit.partition(" of ")
        conversions = [{"UOMCode": code_of, "ConvFactor": holds}] if holds else []
        warehouse = {"WarehouseCode": place.warehouse, **there}
        pulls["heartland/items"][str(number)] = {"id": number, "public_id": sku}
        value = {
            "item_id": number,
            "location_id": place.location_id,
            "qty_on_hand": on_hand,
            "qty_committed": committed,
        }
        pulls["heartland/stock"][f"{number}~{place.location_id}"] = value
        part = {"PartNum": sku, "IUM": code_of, "PartWhses": [warehouse], "PartUOMs": conversions}
        pulls["epicor/parts"][sku] = part
    return pulls


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An installation whose last pull is the page's records."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "profile.yaml").write_text(dump_retailer(RETAILER))
    [policy] = blocks(PAGE, "yaml")
    (folder / "stock.yaml").write_text(policy)
    open_store(folder / "he_sync.db").close()
    for entity, found in documents().items():
        with Lake(folder / "lake").raw(entity, DAY) as pull:
            pull.append(list(found), [strict_json.dumps(one).decode() for one in found.values()])
            pull.facts = {"began": READ}
    return folder


def test_there_are_ten_numbers():
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: " ".join(row[:3]).strip())
def test_a_number_worked_out_by_hand_is_what_the_command_says(row, home, monkeypatch, capsys):
    sku, code, channel, by_hand, total, to_sell, beside = row
    options = ["--channel", channel] if channel else []
    monkeypatch.setenv("HE_HOME", str(home))
    monkeypatch.setenv("HE_PROFILE", str(home / "profile.yaml"))
    monkeypatch.setenv("HE_STORE_URL", "")
    words = ["stock", "why", sku, code, *options, "--policy", str(home / "stock.yaml"), "--json"]
    monkeypatch.setattr("sys.argv", ["he-sync", *words])
    with pytest.raises(SystemExit):
        main()
    answer = json.loads(capsys.readouterr().out)
    assert (answer["raw"], answer["published"]) == (total, to_sell)
    if answer["parts"]:
        kits = [floor(Fraction(part["published"]) / Fraction(per)) for per, part in answer["parts"]]
        assert [f"{part['published']} / {per}" for per, part in answer["parts"]] == by_hand.split(", ")
        assert min(kits) == int(total)
    else:
        terms = [term["units"] for term in answer["terms"] if term["units"] not in {"0", "-0"}] or ["0"]
        assert terms == re.sub(r"[+] |(- )", lambda sign: "-" if sign[1] else "", by_hand).split()
    for field in ("cause", "promise"):
        assert not answer[field] or answer[field] in beside
