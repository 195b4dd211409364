"""The mapping language: twenty fields of an order, beside plain Python and jsonata-python, and one record's preview.

All three are held to give the same records; JSONata's, which computes in floats, to half a cent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from he_sync.mapping.spec.applying import apply
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.trying import same
from tests.bench.environments import environment, peer
from tests.bench.figures import Figure, skipped
from tests.bench.mapping_orders import FILE, JSONATA, orders, plain
from tests.bench.measure import Measure, measured

JSONATA_PYTHON = ("jsonata-python==0.7.1",)
ORDERS, FEW = 100_000, 2_000
WORK = "tests.bench.mapping_orders"
MEBIBYTE = 1024 * 1024
HALF_A_CENT = Decimal("0.005")


def figures(folder: Path) -> Iterator[Figure]:
    """Expression time, records in to records out, memory, and a single preview."""
    folder.mkdir(parents=True, exist_ok=True)
    wrong = [place for place, (ours, theirs) in enumerate(_both()) if not _alike(ours, theirs, Decimal(0))]
    if wrong:
        raise RuntimeError(f"order {wrong[0]}: ours and plain Python differ")
    name = f"mapping of 20 fields, {ORDERS:,} orders"
    python = measured(f"{WORK}:in_python", str(ORDERS), {})
    whole, apart = (measured(f"{WORK}:{work}", str(ORDERS), {}) for work in ("dict_to_dict", "expressions"))
    rate = ORDERS / float(apart.figures["expressions"])
    jsonata = _jsonata(folder)
    yield Figure(name, "expressions, records a second", rate, "rows/s", "plain Python", python.rate, "more")
    if jsonata:
        yield Figure(name, "the same", rate, "rows/s", "jsonata-python", jsonata.rate, "more")
    else:
        yield skipped(name, f"{JSONATA_PYTHON[0]} cannot be installed, or refuses")
    yield Figure(name, "dict to dict, records a second", whole.rate, "rows/s", "plain Python", python.rate, "more")
    if jsonata:
        yield Figure(name, "the same", whole.rate, "rows/s", "jsonata-python", jsonata.rate, "more")
    yield Figure(name, "peak over baseline", whole.growth / MEBIBYTE, "MiB", "plain Python", python.growth / MEBIBYTE)
    yield Figure(name, "preview of one record, median", 1000 * float(apart.figures["single"]), "ms")


def _both() -> Iterator[tuple[Any, Any]]:
    given = orders(FEW)
    return zip(apply(engine(FILE), given).records, map(plain, given), strict=True)


def _jsonata(folder: Path) -> Measure | None:
    python = environment("jsonata", *JSONATA_PYTHON)
    if python is None:
        return None
    expression, given, out = folder / "expression.jsonata", folder / "orders.json", folder / "mapped.json"
    expression.write_text(JSONATA, encoding="utf-8")
    given.write_text(json.dumps(orders(FEW), default=float), encoding="utf-8")
    made = peer(python, "peer_jsonata.py", expression, given, out)
    found = json.loads(out.read_text(encoding="utf-8"), parse_float=Decimal)
    for place, (theirs, order) in enumerate(zip(found, orders(FEW), strict=True)):
        if not _alike(theirs, plain(order), HALF_A_CENT):
            raise RuntimeError(f"order {place}: jsonata-python and plain Python differ")
    return made


def _alike(one: dict[str, Any], other: dict[str, Any], within: Decimal) -> bool:
    return one.keys() == other.keys() and all(_equal(one[name], other[name], within) for name in other)


def _equal(one: Any, other: Any, within: Decimal) -> bool:
    if isinstance(other, Decimal) and isinstance(one, int | Decimal):
        return abs(Decimal(one) - other) <= within
    return same(one, other)
