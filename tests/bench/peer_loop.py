"""The floor of the wire: the same pages by a plain loop of the standard library, floats and all, into JSON lines.

No deadline, no cap, no retry, no exact number, no count against the source: what the pull adds is what its rows a
second are short of this.
"""

from __future__ import annotations

import base64
import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

Rows = list[dict[str, Any]]
Run = Callable[[], dict[str, Any]]
BULK_SPAN = {"local_completed_at": {"$gte": "2026-11-19T04:00:00", "$lt": "2026-11-20T04:00:00"}}
SALE_PARTS = "".join(f"&_include[]={name}" for name in ("lines", "payments", "subtotal", "tax_total"))
PART_COLUMNS = "SysRevID,Company,PartNum,PartDescription,IUM,UnitPrice,InActive,TypeCode"
PART_CHILDREN = "PartWhses($select=WarehouseCode,OnHandQty,ReservedQty),PartUOMs($select=UOMCode,ConvFactor)"


def _get(url: str, **headers: str) -> Any:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})  # noqa: S310 - the sandbox
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the sandbox
        return json.loads(answer.read())


def _tickets(last: int) -> Rows:
    asked = quote(json.dumps([BULK_SPAN, {"id": {"$gt": last}}]))
    url = f"{os.environ['HE_HEARTLAND_URL']}/sales/tickets?_filter={asked}{SALE_PARTS}&sort[]=id&page=1&per_page=500"
    rows: Rows = _get(url, Authorization=f"Bearer {os.environ['HE_HEARTLAND_TOKEN']}")["results"]
    return rows


def _parts(last: int) -> Rows:
    user = f"{os.environ['HE_EPICOR_USER']}:{os.environ['HE_EPICOR_PASSWORD']}"
    url = (
        f"{os.environ['HE_EPICOR_URL']}/api/v2/odata/{os.environ['HE_EPICOR_COMPANY']}/Erp.BO.PartSvc/Parts"
        f"?$filter={quote(f'SysRevID gt {last}')}&$select={PART_COLUMNS}&$expand={PART_CHILDREN}"
        "&$orderby=SysRevID&$top=1000"
    )
    basic = f"Basic {base64.b64encode(user.encode()).decode()}"
    rows: Rows = _get(url, Authorization=basic, x_api_key=os.environ["HE_EPICOR_API_KEY"])["value"]
    return rows


PAGES: dict[str, tuple[Callable[[int], Rows], str]] = {
    "heartland/tickets": (_tickets, "id"),
    "epicor/parts": (_parts, "SysRevID"),
}


def pages(entity: str) -> Iterator[Rows]:
    """Pages of an entity by rising key, as the client asks for them."""
    fetch, key = PAGES[entity]
    last = 0
    while rows := fetch(last):
        yield rows
        last = rows[-1][key]


@contextmanager
def to_lines(entity: str) -> Iterator[Run]:
    """Every page, each row a line."""
    target = Path(os.environ["HE_HOME"]) / "peer.jsonl"

    def run() -> dict[str, Any]:
        count = 0
        with target.open("w", encoding="utf-8") as lines:
            for rows in pages(entity):
                lines.writelines(json.dumps(row) + "\n" for row in rows)
                count += len(rows)
        return {"rows": count, "bytes": target.stat().st_size}

    yield run
