"""One night of the settlement chain over a lake: `python -m tests.bench.reconcile_night HOME DAY`, all in HOME."""

from __future__ import annotations

import sys
from pathlib import Path

from he_sync.flows import chain
from he_sync.sandbox.world.places import SIZES, retailer
from he_sync.store.lake import Lake

RETAILER = retailer(SIZES["medium"])


def main(home: str, day: str) -> None:
    """Compare the window up to the date."""
    chain.run(Lake(Path(home) / "lake"), Path(home), day, RETAILER)


if __name__ == "__main__":
    main(*sys.argv[1:])
