"""`python -m tests.close_world [SHAPE]`: a world lives and is closed; prints what is wrong, and ends with 1 for any."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.close_world.life import begun
from tests.close_world.shape import SHAPES, SMALL

MOST_SHOWN = 60


def main(name: str = SMALL.name) -> None:
    """Live, say, end."""
    started = time.monotonic()

    def tell(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - started:7.1f} s  {line}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="he-sync-close-") as folder, begun(SHAPES[name], Path(folder)) as life:
        life.live(tell)
    sys.stdout.write("".join(f"{finding}\n" for finding in life.findings[:MOST_SHOWN]))
    counted = ", ".join(f"{count:,} {what}" for what, count in life.counted.items())
    tell(f"{counted}, {life.bank.charged_back} chargebacks: {len(life.findings)} findings")
    raise SystemExit(bool(life.findings))


if __name__ == "__main__":
    main(*sys.argv[1:])
