"""Finance closes store-days in the console: the same steps, refusals and audit as by the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from he_sync.cli import house
from tests.console.conftest import serving
from tests.console.person import Answer, Person, wait_for
from tests.flows.close_shop import DAY, opened

STORES = ("S001", "S002", "S003")
PAGE, LEDGER = f"/close/{DAY}/books", f"/close/{DAY}/ledger"


@pytest.fixture(scope="module")
def the_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with opened(tmp_path_factory.mktemp("close")) as shop:
        yield shop


@pytest.fixture
def shop(the_shop: Any, tmp_path: Path) -> Iterator[Any]:
    yield the_shop.anew(tmp_path)
    the_shop.store.close()


def environ(shop: Any, home: Path) -> dict[str, str]:
    return house.sandbox_environment(shop.sandbox, home, shop.retailer)


def step(person: Person, what: str, why: str = "") -> Answer:
    return person.post(PAGE, do=what, store=list(STORES), note=why)


def test_a_date_goes_from_the_first_look_to_the_signature_and_the_board_shows_it(shop: Any, tmp_path: Path) -> None:
    shop.propose(who="carl")
    with serving(tmp_path, environ(shop, tmp_path), "cora") as served:
        person = served.person()
        assert "waits for approval by somebody other than carl" in person.get(PAGE).words
        assert "say why" in step(person, "approve").words
        assert "journals approved" in step(person, "approve", "checked the tills").words
        assert "journals posted" in step(person, "post").words
        assert "accounts of stores are as our journals should have made them" in person.get(LEDGER).words
        assert "we posted" in person.get(f"{LEDGER}?all=1").words
        assert "3 store-days signed" in step(person, "sign", "looked at").words
        assert person.get("/close").text.count('class="state signed"') == len(STORES)
        assert "cora" in person.get(PAGE).words
        gives_out_its_evidence_as_it_was_written(person, tmp_path)
        assert "3 store-days reopened" in step(person, "reopen", "a late ticket").words
    assert set(shop.states().values()) == {"posted"}


def gives_out_its_evidence_as_it_was_written(person: Person, home: Path) -> None:
    person.get("/packs")
    pack = person.post("/packs", first=DAY, store="S001")
    path = f"/packs/{re.search(r'packs/([-_0-9a-f]+)', wait_for(person, '/packs', 'there').text)[1]}"  # type: ignore[index]
    assert "Evidence of" in pack.words
    assert "files are as they were written" in wait_for(person, path, "close.pdf").words
    paper = person.raw_get(f"{path}/close.pdf")
    assert paper.startswith(b"%PDF-")
    folder = home / path.lstrip("/")
    assert paper == (folder / "close.pdf").read_bytes()
    for name in ("..%2f..%2fconsole.key", "profile.yaml", "%2e%2e", ".asked", "close.pdf%00", "../manifest.json"):
        assert person.get(f"{path}/{name}").status in {404, 422}, name
    assert person.get("/packs/..%2f..%2fetc").status in {404, 422}
    (folder / "lines.csv").write_text("another")
    assert "lines.csv was changed since the pack was written" in person.get(f"{path}/lines.csv").words


def test_who_proposed_in_the_console_neither_approves_nor_signs_there(shop: Any, tmp_path: Path) -> None:
    with serving(tmp_path, environ(shop, tmp_path), "cora") as served:
        person = served.person()
        assert "3 store-days looked at" in step(person, "look").words
        assert "journals proposed" in step(person, "propose").words
        assert "cora prepared it; another person approves" in step(person, "approve", "mine").words
        shop.approve("carl")
        assert "journals posted" in step(person, "post").words
        assert "cora prepared its journals; another person signs" in step(person, "sign", "mine").words
    assert set(shop.states().values()) == {"posted"}


def test_a_person_without_a_role_is_told_who_has_one(shop: Any, tmp_path: Path) -> None:
    shop.propose()
    with serving(tmp_path, environ(shop, tmp_path), "ana") as served:
        answer = step(served.person(), "approve", "all fine")
    assert (answer.status, "ana may not approve" in answer.words) == (403, True)
    assert {one.state for one in shop.journals()} == {"proposed"}
