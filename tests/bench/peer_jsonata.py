"""jsonata-python over the same orders: what `make bench` holds our mapping language against.

Runs in an environment of its own: `python peer_jsonata.py EXPRESSION ORDERS OUT`. ORDERS is a JSON list with inexact
numbers, because it refuses exact ones. Prints a JSON list as `tests/bench/measure.py` does.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import jsonata


def main(expression: Path, orders: Path, out: Path) -> None:
    """Compile once, evaluate each order."""
    given = json.loads(orders.read_text(encoding="utf-8"))
    work = jsonata.Jsonata(expression.read_text(encoding="utf-8"))
    work.evaluate(given[0])
    baseline, wall, processor = peak(), time.perf_counter(), time.process_time()
    made = [work.evaluate(one) for one in given]
    seconds, spent = time.perf_counter() - wall, time.process_time() - processor
    out.write_text(json.dumps(made), encoding="utf-8")
    sys.stdout.write(json.dumps([seconds, spent, baseline, peak(), {"rows": len(made)}]))


def peak() -> int:
    """Bytes this process held at most."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
