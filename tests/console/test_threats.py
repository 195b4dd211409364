"""What is tried at the console from outside and from within, beyond the doors: docs/security.md lists it by number."""

from __future__ import annotations

import csv
import io
import logging
import re
from pathlib import Path

import pytest

from he_sync.cli import ports
from he_sync.flows.spec import parse
from he_sync.mapping.products import read_rules as read_products
from he_sync.mapping.spec.compiled import usable
from he_sync.model.errors import HeSyncError
from he_sync.model.retailer import load_retailer
from he_sync.reconcile.chain.rules import read_rules as read_chain
from he_sync.reconcile.evidence.sheets import Sheet, as_csv
from he_sync.store import audit, board, effects
from he_sync.web.console.access import RULES
from he_sync.web.console.lines import REMOVED, CleanLine
from tests.console.conftest import Served
from tests.console.test_access import somewhere
from tests.store.examples import effect

ROOT = Path(__file__).parents[2]
SHIPPED = [*ROOT.glob("*.py"), *(each for room in ("he_sync", "assets", "resources", "sensors")
                                 for each in (ROOT / room).rglob("*.py"))]  # fmt: skip
UNSAFE = re.compile(
    r"^\s*(?:import|from) (?:pickle|dill|cloudpickle|marshal|shelve)\b|unsafe_load|full_load|UnsafeLoader", re.MULTILINE
)
CANARY = "4111111111111111"
WRITTEN = (CANARY, "4111 1111 1111 1111", "4111-1111-1111-1111", "".join(chr(0xFF10 + int(one)) for one in CANARY))


def test_no_form_takes_a_card_number_and_none_is_in_any_file_of_the_installation(served: Served) -> None:
    person = served.person()
    fields = {
        "key": "x",
        "letter": "1",
        "name": "x",
        "id": "x",
        "store": "x",
        "left": "customer 1",
        "right": "customer 2",
    }
    for rule in (rule for rule in RULES if rule.method == "POST" and not rule.open):
        for do in rule.deeds or [""]:
            for said in WRITTEN:
                page = person.post(somewhere(rule.path), do=do, note=f"paid with {said}", **fields)
                assert (page.status, "'note' holds what looks like a card number" in page.words) == (422, True), (
                    rule.path
                )
            assert "verification code" in person.post(somewhere(rule.path), do=do, text="cvv: 123").words
    fine = person.post("/conflicts", name="conflict 1", note="EAN 4006381333931, order 1234567")
    assert "looks like" not in fine.words
    held = [path.name for path in served.home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert held == []


def line_of(text: str, *, error: bool = False) -> str:
    failed = (ValueError, ValueError(text), None) if error else None
    said = "a page failed" if error else text
    return CleanLine("%(message)s").format(logging.LogRecord("x", logging.ERROR, "x", 1, said, (), failed))


def test_no_line_of_the_log_holds_a_card_number_or_code_even_in_the_words_of_an_error() -> None:
    for said in WRITTEN:
        for error in (False, True):
            line = line_of(f"card {said} refused", error=error)
            assert ("411111...1111" in line, CANARY in line, "\n" in line) == (True, False, False)
    assert line_of("cvv: 123") == line_of("1 " * 50_000) == REMOVED
    assert line_of("2026-11-30 order 5012 of ACME, 14.00") == "2026-11-30 order 5012 of ACME, 14.00"


EVIL = "'; DROP TABLE inbox; --"


def test_what_is_typed_into_an_address_is_a_value_and_never_sql(served: Served) -> None:
    kept = effect("ticket 1", limit_ok=False)
    effects.plan(served.store, [kept])
    person = served.person()
    asked = ["/letters?rule={}", "/record?q={}", "/events?state={}", "/events?source={}", "/close/2026-11-20?klass={}",
             "/approvals?state={}", "/stock?sku={}&location={}", "/exceptions?klass={}", "/records/{}"]  # fmt: skip
    for address in asked:
        for evil in (EVIL, '" OR 1=1 --', "x') UNION SELECT 1 --"):
            quoted = evil.replace(" ", "%20").replace('"', "%22").replace(";", "%3B").replace("'", "%27")
            assert person.get(address.replace("{}", quoted)).status in {200, 404, 422}, address
    person.post("/conflicts", name=EVIL, note=EVIL)
    assert [each.effect.key for each in effects.listing(served.store)] == [kept.key]
    assert board.events(served.store, served.clock()) is not None


def test_a_template_in_a_name_is_text(served: Served) -> None:
    effects.plan(served.store, [effect("ticket 1", limit_ok=False, summary="{{7*7}} {% raw %} ${7*7}")])
    assert "{{7*7}} {% raw %} ${7*7}" in served.person().get("/approvals").words


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\u3000=", "\uff1d", "\n=", "\0="])
def test_a_cell_that_a_spreadsheet_would_run_is_text_and_numbers_stay_numbers(start: str) -> None:
    sheet = Sheet("x", ("name", "amount"), ((f"{start}HYPERLINK(1)", -5),))
    [_, (name, amount)] = csv.reader(io.StringIO(as_csv(sheet), newline=""))
    assert (name[0], amount) == ("'", "-5")


def test_no_file_that_people_write_can_name_a_thing_of_python(tmp_path: Path) -> None:
    mark = tmp_path / "was here"
    evil = f"!!python/object/apply:os.system ['touch \"{mark}\"']"
    for place in (evil, f"name: {evil}", f"- {evil}", f"rules: [{evil}]", f"{evil}: x"):
        file = tmp_path / "evil.yaml"
        file.write_text(place, encoding="utf-8")
        for read in (load_retailer, read_products, read_chain, parse, lambda at: usable(at.read_text(), "x")):
            with pytest.raises(HeSyncError):
                read(file)
    assert not mark.exists()


def test_nothing_that_is_shipped_unpickles_or_reads_yaml_with_its_types() -> None:
    assert len(SHIPPED) > 500
    assert [path for path in SHIPPED if UNSAFE.search(path.read_text(encoding="utf-8"))] == []
    assert all(map(UNSAFE.search, ("import pickle", "  from shelve import open", "yaml.unsafe_load(x)")))


def test_dagster_and_the_console_listen_on_this_machine_alone() -> None:
    source = (ROOT / "he_sync" / "cli" / "stack.py").read_text(encoding="utf-8")
    assert ports.HOST == "127.0.0.1"
    assert '"dagster", "dev", "-w", "workspace.yaml", "-h", ports.HOST' in source


def test_a_file_that_is_asked_for_in_ten_thousand_pieces_is_no_longer_than_the_file(served: Served) -> None:
    person = served.person()
    whole = len(person.get("/static/console.css").text)
    for ranges in ("bytes=" + ",".join(f"{at}-" for at in range(10_000)), "bytes=" + "0-," * 4_000, "bytes=9-0"):
        answer = person.get("/static/console.css", Range=ranges[:60_000])
        assert answer.status in {200, 206, 400, 416, 431}
        assert len(answer.text) < 2 * whole


def test_nothing_that_helps_an_attacker_is_served(served: Served) -> None:
    person = served.person()
    for path in (
        "/docs",
        "/openapi.json",
        "/debug",
        "/.git/config",
        "/.env",
        "/static/../console.users",
        "/static/%2e%2e/app.py",
    ):
        assert person.get(path).status in {404, 400}, path
    assert person.get("/metrics").status == 404
    assert audit.first_broken(served.store) is None
