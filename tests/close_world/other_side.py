"""The other side: days happen to it, and what the sandbox cannot do by itself is planted in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from he_sync.connect.epicor_sequences import JournalLine, post_journal
from he_sync.connect.systems import Systems
from he_sync.connect.wire import Request, http_send
from he_sync.model.difference import CLASSES
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.state import decode
from he_sync.sandbox.world.furniture import PAYMENT_TYPES
from he_sync.sandbox.world.randomness import money
from tests.close_world.shape import Shape
from tests.close_world.taken import SALES, Balance, Document, cents, ledger, ledger_by_date, sold
from tests.exact.stand_in import StandIn

Fact = tuple[str, str, int, int]
"""Class, subject, cents, thousandths: how a difference is held against the truth."""
Kept = tuple[str, list[tuple[Any, Any, Document]]]
BELOW = ("heartland/sales/tickets.lines", "heartland/sales/orders.lines", "heartland/payments")
POSTED = "epicor/GLJrnDtl"
LONGEST_SECONDS, OK = 3600.0, 200


class OtherSide:
    """The stand-ins of one world, and the truth about what was planted in them.

    `wanted` is what each date must come to in the ledger, `planted` what its close must find, `off` what the bank and
    people moved beside the store-days, `reserves` what a deposit holds back, negative where it pays; all in cents.
    `misdated` are payments that others posted into the next month: (account, store, from, until before, cents).
    """

    def __init__(self, there: StandIn, shape: Shape) -> None:
        self.there, self.shape, self.state, self.retailer = there, shape, there.state, there.retailer
        self.wanted: dict[str, Balance] = {}
        self.planted: dict[str, set[Fact]] = {}
        self.off: Balance = Counter()
        self.reserves: Balance = Counter()
        self.by_hand: dict[str, list[tuple[str, str, int]]] = {}
        self.misdated: list[tuple[str, str, str, str, int]] = []
        self._spans: dict[str, tuple[int, int]] = {}
        self._hidden: list[Kept] = []

    # days

    def happen(self, day: date, *, posted_by_others: bool) -> None:
        """A business date in all three systems; what was posted of its payments goes where the close posts them."""
        name, first, revision = day.isoformat(), self._next(), self.state.next_rev()
        self._make(name)
        self._spans[name] = (first, self._next())
        self.wanted[name] = sold(self.state, self.shape.seed, *self._spans[name]).balance
        rows = json.loads((self.there.folder / "truth.json").read_text(encoding="utf-8"))
        self.planted[name] = {
            (row["class"], row["subject"], row["delta_minor"], row["delta_milli"])
            for row in rows
            if row["date"] == name and (posted_by_others or CLASSES[row["class"]] != "ledger")
        }
        if not posted_by_others:
            self._delete(POSTED, "json_extract(doc, '$.SysRevID') > ?", revision)
        where = "json_extract(doc, '$.SysRevID') > ? AND json_extract(doc, '$.JEDate') >= ?"
        for line in self.state.select(POSTED, where, [revision, (day + timedelta(days=1)).isoformat()]):
            moved = cents(line.get("DebitAmount")) - cents(line.get("CreditAmount"))
            self.misdated.append((*line["GLAccount"].split("|"), name, line["JEDate"][:10], moved))

    def _make(self, day: str) -> None:
        """A date of a hundred stores takes minutes."""
        with http_send(total_deadline=LONGEST_SECONDS) as send:
            body = json.dumps({"date": day}).encode()
            answer = send(Request("POST", f"{self.there.urls['admin']}/world/day", {}, body, idempotent=False))
        if answer.status != OK:
            raise RuntimeError(f"{day} did not happen: {answer.body[:200]!r}")

    def _next(self) -> int:
        return max(self.state.next_id(name) for name in SALES)

    def stock(self, day: str) -> set[Fact]:
        """What of a date's plants shows on every date until it is put right."""
        return {fact for fact in self.planted[day] if CLASSES[fact[0]] == "inventory"}

    # the ledger

    def booked(self) -> Balance:
        """Balance by account with store of everything in the ledger; accounts at nothing left out."""
        return _alone(ledger(self.state))

    def booked_until(self, days: Sequence[str]) -> dict[str, Balance]:
        """The same as it stood at the end of each of these dates, by the dates of the documents."""
        moved = ledger_by_date(self.state)
        return {day: _sum([one for on, one in moved.items() if on <= day]) for day in days}

    def should_stand(self) -> Balance:
        """What the dates until now, the bank and people's entries come to."""
        return _alone(_sum([*self.wanted.values(), self.off]))

    # what goes wrong

    @contextmanager
    def processor_down(self) -> Iterator[None]:
        """The processor answers 503 to everything."""
        self.there.admin("PUT", "/faults", [asdict(Fault("error_before", "processor"))])
        try:
            yield
        finally:
            self.there.admin("PUT", "/faults", [])

    def close_period(self, month: str) -> None:
        """Finance closes a fiscal period in Epicor, and all before it."""
        self.there.admin("PUT", "/switches", {"epicor.closed_through": month})

    def hold_back(self, code: str, day: str) -> int:
        """Heartland has nothing of a store's date yet: its tills are off line; gives how many sales that is."""
        place = next(store.location_id for store in self.retailer.stores if store.code == code)
        where = "key >= ? AND key < ? AND json_extract(doc, '$.source_location_id') = ?"
        span = (*self._spans[day], place)
        keys = [one["id"] for name in SALES for one in self.state.select(name, where, span)]
        marks = ",".join("?" * len(keys))
        for name in BELOW:
            self._hidden.append((name, self._take(name, f"parent IN ({marks})", *keys)))
        for name in SALES:
            self._hidden.append((name, self._take(name, f"key IN ({marks})", *keys)))
        return len(keys)

    def come_in(self) -> None:
        """What the tills kept has come."""
        for name, rows in self._hidden:
            self.state.load(name, rows)
        self._hidden.clear()

    def ring_up(self, systems: Systems, code: str, day: date, at: str, amount: int) -> Fact:
        """A ticket of a date, paid in cash, that reaches Heartland now; gives what the orders then lack."""
        store = next(store for store in self.retailer.stores if store.code == code)
        station = self.state.select("heartland/stations", "json_extract(doc, '$.location_id') = ?", [store.location_id])
        item = self.state.select("heartland/items", limit=1)[0]
        line = {"item_id": item["id"], "qty": 1, "unit_price": money(amount), "original_unit_price": money(amount)}
        paid = {"payment_type_id": PAYMENT_TYPES["Cash"], "amount": money(amount), "type": "Payments::CashPayment"}
        head = {"source_location_id": store.location_id, "station_id": station[0]["id"], "type": "Ticket"}
        done = {"status": "complete", "completed_at": at, "recalculate": False, "affect_inventory": False}
        number = systems.heartland.create("sales/tickets", {**head, **done, "item_lines": [line], "payments": [paid]})
        self.wanted[day.isoformat()].update({f"1155|{code}": amount, f"4000|{code}": -amount})
        return ("order_missing_in_erp", f"ticket {number}", -amount, 0)

    def enter_by_hand(self, systems: Systems, code: str, day: date, amount: int) -> None:
        """Somebody puts cents from a store's card clearing on the differences account, past everybody."""
        own, text, moved = self.retailer.accounts, "cleared by hand", money(amount)
        places = {f"{own.differences}|{code}": amount, f"{own.card_clearing}|{code}": -amount}
        lines = [JournalLine(account, money(cents), text) for account, cents in places.items()]
        header = {"JEDate": f"{day}T00:00:00", "Description": text}
        post_journal(systems.epicor, f"HAND{day:%m%d}{'R' if moved < 0 else ''}", header, lines)
        self.off.update(places)
        self.by_hand.setdefault(day.isoformat(), []).append((own.card_clearing, code, -amount))

    @contextmanager
    def taken_out(self, group: str) -> Iterator[None]:
        """Somebody takes a posted group out of the ledger, and it is put back."""
        rows = self._take(POSTED, "json_extract(doc, '$.GroupID') = ?", group)
        try:
            yield
        finally:
            self.state.load(POSTED, rows)

    def _take(self, name: str, where: str, *values: Any) -> list[tuple[Any, Any, Document]]:
        """Rows that go, as they were."""
        quoted = self.state.table(name)
        query = f"SELECT key, parent, doc FROM {quoted} WHERE {where}"  # noqa: S608 - own names
        rows = [(key, parent, decode(text)) for key, parent, text in self.state._connection().execute(query, values)]
        self._delete(name, where, *values)
        return rows

    def _delete(self, name: str, where: str, *values: Any) -> None:
        with self.state.transaction("world"):
            self.state._connection().execute(f"DELETE FROM {self.state.table(name)} WHERE {where}", values)  # noqa: S608 - own names


def _sum(those: list[Balance]) -> Balance:
    sums: Balance = Counter()
    for one in those:
        sums.update(one)
    return sums


def _alone(sums: Balance) -> Balance:
    return Counter({account: cents for account, cents in sums.items() if cents})
