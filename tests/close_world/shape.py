"""How big a world is, which business dates it lives through, and on which of them something goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from he_sync.sandbox.world.places import SIZES, Size


@dataclass(frozen=True)
class Shape:
    """A world's size, its seed, and its dates; events are numbers of dates, counted from 0, that may stay empty.

    by_payment: on so many first dates others post each payment and the night corrects; from then on the close posts.
    outage: nights in which the processor is down; their dates are closed with the next one.
    late_store: the tills of one store come a day late. late_ticket: (date, arrival) of a ticket after the signature.
    held, released: the processor keeps a reserve of a deposit, and pays it. direct: an entry on clearing by hand.
    altered: somebody takes a posted line out of the ledger. closed: {date: month that finance closes then}.
    clocks: in the night after it the clocks go back.
    """

    name: str
    size: Size
    seed: int
    first: date
    days: int
    by_payment: int = 0
    outage: frozenset[int] = frozenset()
    late_store: frozenset[int] = frozenset()
    late_ticket: tuple[tuple[int, int], ...] = ()
    held: frozenset[int] = frozenset()
    released: frozenset[int] = frozenset()
    direct: frozenset[int] = frozenset()
    altered: frozenset[int] = frozenset()
    clocks: frozenset[int] = frozenset()
    closed: dict[int, str] = field(default_factory=dict)

    @property
    def dates(self) -> list[date]:
        """Every business date, in order."""
        return [self.first + timedelta(days=step) for step in range(self.days)]

    def known(self) -> Shape:
        """The same, its size known to the sandbox of this process: that has three of its own and takes more."""
        SIZES[self.name] = self.size
        return self


SMALL = Shape(
    name="close-small",
    size=Size(stores=3, tickets=8, items=60, customers=120, share=3),
    seed=16,
    first=date(2026, 10, 29),
    days=7,
    by_payment=2,
    outage=frozenset({4}),
    late_store=frozenset({3}),
    late_ticket=((2, 5),),
    held=frozenset({5}),
    released=frozenset({6}),
    direct=frozenset({3}),
    altered=frozenset({2}),
    clocks=frozenset({2}),
    closed={5: "2026-10"},
)
"""Thursday to Wednesday over a month end, and the Sunday on which the clocks go back."""

MEDIUM = Shape(
    name="close-medium",
    size=Size(stores=40, tickets=25, items=600, customers=400, share=4),
    seed=11,
    first=date(2026, 10, 5),
    days=62,
    by_payment=21,
    outage=frozenset({31}),
    late_store=frozenset({27, 52}),
    late_ticket=((26, 31), (40, 43), (50, 58)),
    held=frozenset({9, 29, 36, 44}),
    released=frozenset({23, 43, 50, 58}),
    direct=frozenset({14, 27, 41}),
    altered=frozenset({33, 55}),
    clocks=frozenset({26}),
    closed={31: "2026-10", 60: "2026-11"},
)
"""5 October to 5 December 2026: nine weekends, three bank holidays, two month ends, the end of summer time."""
TINY = Shape(
    name="close-tiny", size=Size(stores=2, tickets=3, items=20, customers=40), seed=5, first=date(2026, 11, 19), days=2
)
"""Two stores of a few sales: what is closed again and again, whoever closes it killed on the way."""
HUNDRED = Shape(
    name="close-hundred",
    size=Size(stores=100, tickets=250, items=1500, customers=4000),
    seed=7,
    first=date(2026, 11, 19),
    days=2,
)
"""A hundred stores of the medium world's size, on a Friday with the Thursday whose batches its deposits pay."""
SHAPES = {shape.name: shape for shape in (SMALL, MEDIUM, TINY, HUNDRED)}
