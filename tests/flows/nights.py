"""Nights of a small shop in its lake, for what looks at several dates at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from he_sync.flows import night
from he_sync.sandbox.server import running
from tests.flows.test_night import Retailer

FRIDAY = date(2026, 11, 20)
DAYS = [(FRIDAY - timedelta(days=back)).isoformat() for back in (2, 1, 0)]


@contextmanager
def compared(root: Path, days: Sequence[str] = DAYS) -> Iterator[Retailer]:
    """A shop whose dates were pulled and compared, each by its own night."""
    with running(root / "sandbox") as sandbox:
        shop = Retailer(sandbox, root / "home")
        shop.open("small", seed=5, history=len(days))
        for day in days:
            shop.do(night.compare_day, date.fromisoformat(day))
        yield shop
        shop.store.close()
