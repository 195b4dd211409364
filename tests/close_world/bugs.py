"""Bugs on purpose in a copy of the tree: the world or the kills must turn red; `python -m tests.close_world.bugs`."""

from __future__ import annotations

import sys

from rich.console import Console

from tests.exact.bugs import Bug
from tests.exact.seeded_bugs import copied, prove, shown

WORLD = (
    "tests/close_world/test_close_world.py::"
    "test_every_day_is_signed_all_that_was_planted_is_found_and_clearing_is_its_open_items_every_evening"
)
KILLS = "tests/close_world/test_kills.py"
PULLED, LEDGER = "he_sync/flows/books/pulled.py", "he_sync/flows/books/ledger.py"

BUGS = (
    Bug(
        "drop a rule of matching",
        "he_sync/reconcile/settlements.py",
        '        "amount and day",\n        lambda payment: (payment.store, payment.amount_minor),',
        '        "amount and day",\n        lambda _: None,',
        (WORLD,),
    ),
    Bug(
        "drop a rule of the journals: tips are sales",
        "he_sync/reconcile/journals/sales.py",
        "        (books.tips, -day.tips),",
        "        (books.sales, -day.tips),",
        (WORLD,),
    ),
    Bug(
        "skip a store",
        PULLED,
        "    for code in sorted(expected):\n",
        '    for code in sorted(expected - {"S003"}):\n',
        (WORLD,),
    ),
    Bug(
        "the clocks never go back",
        "he_sync/model/calendar.py",
        "    local = instant.astimezone(zone(timezone))",
        "    local = instant.astimezone(zone(timezone)) + (timedelta(hours=1) if instant.month > 10 else timedelta())",
        (WORLD,),
    ),
    Bug(
        "believe that what was posted stands",
        "he_sync/flows/books/look.py",
        "*(unproven(journals, ledger) if ledger else ())",
        "*()",
        (WORLD,),
    ),
    Bug(
        "sign a store whose tills are off line",
        PULLED,
        "    if charged.empty or not (",
        "    if len(charged) >= 0 or not (",
        (WORLD,),
    ),
    Bug(
        "take a late journal of another date for an entry by hand",
        LEDGER,
        "row.group_id not in self.ours | self.late]",
        "row.group_id not in self.ours]",
        (WORLD,),
    ),
    Bug(
        "prove a payment that was posted into the next month as if it stood on its own date",
        "he_sync/reconcile/clearing/booked.py",
        "line.posting_date, *told)",
        "meant.payments.get(number, (line.posting_date,))[0], *told)",
        (WORLD,),
    ),
    Bug(
        "forget what others posted before the close took over",
        LEDGER,
        'office.retailer.epicor.ledger == "payments" or bool(alive & there)',
        'office.retailer.epicor.ledger == "payments"',
        (WORLD,),
    ),
    Bug(
        "post a date's journals in whatever period is open, closed or not",
        "he_sync/reconcile/journals/periods.py",
        "        if not period.closed:",
        "        if period.first <= period.last:",
        (WORLD,),
    ),
    Bug(
        "post twice: another key in another process",
        "he_sync/flows/books/posting.py",
        "    for turn in count(1):",
        '    for turn in count(__import__("os").getpid()):',
        (KILLS,),
    ),
    Bug(
        "believe an effect that was only begun",
        "he_sync/flows/books/posting.py",
        'status.state == "confirmed" and status.reference',
        'status.state in {"confirmed", "intent"}',
        (KILLS,),
    ),
)


def main(names: list[str]) -> None:
    """Prove all, or those named; exit 1 where one was not caught."""
    console = Console(width=160)
    with copied() as tree:
        proofs = []
        for bug in BUGS:
            if not names or bug.name in names:
                proofs.append(one := prove(tree, bug))
                console.print(f"{one.verdict:7} {bug.name} ({one.seconds:.0f} s)")
                if one.verdict != "caught":
                    console.print(one.said[-2000:], markup=False)
    console.print(shown(proofs))
    raise SystemExit(any(one.verdict != "caught" for one in proofs))


if __name__ == "__main__":
    main(sys.argv[1:])
