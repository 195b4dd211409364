"""An installation that has something to show on every page of the console, and where its pages are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from he_sync.cli import house
from he_sync.flows import registry
from he_sync.store import effects, inbox
from he_sync.store.master import Pair, pair_of
from tests.console import test_anomalies as alerts
from tests.console.conftest import Served, named, serving
from tests.console.person import Person, wait_for
from tests.console.test_back_fills import OTHER, asked_for, with_cash_on
from tests.console.test_decisions import letter
from tests.console.test_exceptions import close, exceptions, lacks
from tests.console.test_flow_pages import raises_limit
from tests.flows.close_shop import DAY, opened
from tests.mapping_language import shop as web_shop
from tests.store.customers import erp, name, shop, take
from tests.store.examples import arrival, effect

FLOW = "order_to_fulfilment"
MAPPED = {"PONum": {"from": "id"}, "CustName": {"from": "customer.first_name"}, "DocOrderAmt": {"from": "total"}}
RULES = "name: strict\nwithout: [PL amount_next_day]\ntolerances: []\n"


@dataclass(frozen=True)
class Everything:
    """The console, somebody who may see all of it, and an address for each of its routes."""

    served: Served
    person: Person
    addresses: Mapping[str, tuple[str, ...]]
    """Addresses by the path of their route; a route that shows different things has several."""


@contextmanager
def everything(root: Path) -> Iterator[Everything]:
    home = root / "home"
    home.mkdir()
    with opened(root / "close") as seller:
        seller.anew(home)
        seller.closed()
        seller.retailer = with_cash_on(seller.retailer, OTHER)
        environ = house.sandbox_environment(seller.sandbox, home, seller.retailer)
        named(home, "cora", "carl")
        _mapping(home)
        alerts.kept(home, alerts.HALF, alerts.SILENT)
        with serving(home, environ) as served:
            _events(served)
            _customers(served)
            close(served, *(lacks(number, -100 * number, f"S00{1 + number % 2}") for number in range(1, 7)))
            cora, _ = served.signs_in("cora")
            alerts.muted(cora, alerts.SILENT, until=date.today() + timedelta(days=9))  # noqa: DTZ011 - any day to come
            yield Everything(served, cora, {**_plain(), **_asked(served, cora), **_of_texts()})
        seller.store.close()


def _mapping(home: Path) -> None:
    folder = home / "mappings" / web_shop.NAME
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(web_shop.mapping(MAPPED), encoding="utf-8")


def _events(served: Served) -> None:
    """Something in each state that a list can be filtered by; two programs that said different things."""
    web_shop.tell(served.store, 3)
    letter(served.store, 7)
    letter(served.store, 8, "address")
    effects.plan(served.store, [effect(f"ticket {number}", limit_ok=False) for number in range(3)])
    inbox.put(served.store, [arrival("event-1"), arrival("event-1", body_hash="0" * 64)])


def _customers(served: Served) -> None:
    ours, theirs = shop(7, given="Ann", surname="Lee"), erp("H7", given="Anne", surname="Lee")
    why = "surname same 2.10; phone -0.40"
    take(served.store, [ours], [theirs], review=[Pair(*pair_of(name(ours), name(theirs)), 510_000, why)])


def _plain() -> dict[str, tuple[str, ...]]:
    """Routes without a name in them."""
    return {
        "/sign-in": ("/sign-in",),
        "/": ("/",),
        "/events": ("/events", "/events?state=new"),
        "/record": ("/record?name=nobody",),
        "/records/{entity:path}": ("/records/order%207",),
        "/letters": ("/letters",),
        "/approvals": ("/approvals",),
        "/reviews": ("/reviews",),
        "/conflicts": ("/conflicts",),
        "/stock": ("/stock",),
        "/close": ("/close",),
        "/close/{day}": (f"/close/{DAY}",),
        "/close/{day}/books": (f"/close/{DAY}/books",),
        "/close/{day}/ledger": (f"/close/{DAY}/ledger?all=1",),
        "/exceptions": ("/exceptions", "/exceptions?status=all&store=S001"),
        "/back-fills": ("/back-fills",),
        "/rules": ("/rules",),
        "/packs": ("/packs",),
        "/connections": ("/connections",),
        "/anomalies": ("/anomalies",),
        "/audit": ("/audit",),
    }


def _asked(served: Served, person: Person) -> dict[str, tuple[str, ...]]:
    """What a person of finance asked for, each looked at when its answer is there; a draft that differs."""
    raises_limit(person)
    back_fill, _ = asked_for(person)
    rules = _name(r"rc-\d{8}-[0-9a-f]{8}", person.post("/rules", text=RULES).text)
    wait_for(person, f"/rules/{rules}", "on all kept history")
    person.post("/packs", first=DAY, store="S001")
    pack = _name(r"packs/([-_0-9a-f]+)", wait_for(person, "/packs", "there").text)
    broken = next(iter(exceptions(served).values())).id
    return {
        "/letters/{number:int}": ("/letters/1",),
        "/exceptions/{id}": (f"/exceptions/{broken}",),
        "/back-fills/{name}": (f"/back-fills/{back_fill}?still=1",),
        "/rules/{name}": (f"/rules/{rules}?still=1",),
        "/packs/{name}": (f"/packs/{pack}?still=1",),
    }


def _name(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found
    return found[found.re.groups]


def _of_texts() -> dict[str, tuple[str, ...]]:
    flow, mapping = f"/flows/{FLOW}", f"/mappings/{web_shop.NAME}"
    every = tuple(f"/flows/{file.parent.name}" for file in registry.files() if file.parent.name != FLOW)
    return {
        "/flows": ("/flows",),
        "/flows/{name}": (flow, *every[:1]),
        **{f"/flows/{{name}}/{tab}": (f"{flow}/{tab}",) for tab in ("changes", "yaml", "versions")},
        "/mappings": ("/mappings",),
        "/mappings/{name}": (mapping,),
        **{f"/mappings/{{name}}/{tab}": (f"{mapping}/{tab}",) for tab in ("changes", "yaml", "versions", "tests")},
        "/mappings/{name}/fields/{target}": (f"{mapping}/fields/PONum", f"{mapping}/fields/OrderComment"),
    }
