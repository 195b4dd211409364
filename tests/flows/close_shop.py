"""A small shop whose ledger is written by the close: one pulled and compared date, and people with limits."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

from he_sync.flows import compare, night
from he_sync.flows.books import deciding, posting, proposing
from he_sync.model.retailer import Approval
from he_sync.reconcile.journals.days import store_days
from he_sync.sandbox.epicor.switches import CLOSED_THROUGH, EARLIEST_APPLY_DATE
from he_sync.sandbox.server import running
from he_sync.sandbox.state import decode
from he_sync.store import books
from he_sync.store.database import open_store
from he_sync.store.lake import Lake
from tests.flows.desk import Clock
from tests.flows.test_night import Retailer as Shop

FRIDAY = date(2026, 11, 20)
DAY = FRIDAY.isoformat()
APPROVAL = Approval.model_validate(
    {
        "roles": {"controller": {}, "clerk": {"limit_minor": 1_000}},
        "people": {"cora": "controller", "carl": "controller", "cleo": "clerk"},
    }
)
LEDGER = ("epicor/GLJrnDtl", "epicor/GLJrnHed", "epicor/GLJrnDtlMnl", "epicor/GLJrnGrp")


def books_of(retailer):
    """The profile of a company whose ledger is written by the close."""
    epicor = retailer.epicor.model_copy(update={"ledger": "store_days"})
    return retailer.model_copy(update={"epicor": epicor, "approval": APPROVAL})


class Close(Shop):
    """A shop to whom a day happened, nothing of which stands in the ledger."""

    def open_books(self):
        self.open("small", seed=5, day=FRIDAY, history=0)
        rows = self.sandbox.state._connection().execute('SELECT key, parent, doc FROM "epicor/GLJrnDtl"').fetchall()
        self.postings = [(key, parent, decode(text)) for key, parent, text in rows]
        self.do(night.compare_day, FRIDAY)
        self.forget_postings()
        self.as_made = books_of(self.retailer)
        self.retailer = self.as_made

    def forget_postings(self):
        """Nothing but the close posts what the shops took; `with_postings` brings back what was there."""
        state = self.sandbox.state
        with state.transaction():
            for name in LEDGER:
                state._connection().execute(f"DELETE FROM {state.table(name)}")  # noqa: S608 - own names
            state._connection().execute("DELETE FROM oracle")

    def with_postings(self):
        """Something else posts each payment, with the errors that were planted."""
        self.sandbox.state.load("epicor/GLJrnDtl", self.postings)

    def anew(self, folder, store=None):
        """The same compared date, with an empty ledger, store and lake of its own."""
        self.forget_postings()
        self.sandbox.faults.set([])
        self.switch(CLOSED_THROUGH, "")
        self.switch(EARLIEST_APPLY_DATE, "")
        self.retailer, self.clock = self.as_made, Clock()
        shutil.copytree(self.home / "lake", folder / "lake")
        self.lake = Lake(folder / "lake")
        self.store = open_store(store or folder / "he_sync.db")
        return self

    def switch(self, switch, value):
        switch.set(self.sandbox.state, value)

    def change(self, frame, edit):
        """What a later pull brings: a canonical frame of the date, edited."""
        self.lake.write("canonical", frame, DAY, edit(self.lake.read("canonical", frame, DAY)))

    def propose(self, who="he-sync", stores=(), which="day"):
        return self.do(proposing.propose_day, DAY, who, stores, which)

    def approve(self, who="cora", stores=()):
        return self.do(deciding.approve_day, DAY, who, "checked against the tills", stores)

    def post(self, stores=()):
        return self.do(posting.post_day, DAY, "cora", stores, self.clock)

    def sign(self, who="cora", stores=()):
        return self.do(deciding.sign_day, DAY, who, "looked at", stores)

    def reopen(self, who="cora", stores=()):
        return self.do(deciding.reopen_day, DAY, who, "a late ticket", stores)

    def closed(self):
        """The whole way, once."""
        self.propose()
        self.approve()
        self.post()
        assert self.sign().refused == ()

    def states(self):
        return {one.store: one.state for one in books.listing(self.store, DAY, DAY)}

    def journals(self, *states):
        return books.of_day(self.store, DAY, states=states or ("proposed", "approved", "posted", "reversed"))

    def booked(self):
        """Balance by account with store of everything in the ledger, in cents."""
        sums = Counter()
        for row in self.sandbox.state.select("epicor/GLJrnDtl"):
            debit, credit = (Decimal(row.get(side) or 0) for side in ("DebitAmount", "CreditAmount"))
            sums[row["GLAccount"]] += int((debit - credit) * 100)
        return {account: cents for account, cents in sums.items() if cents}

    def wanted(self):
        """The same as the store-days' entries say it."""
        frames = [self.lake.read("canonical", name, DAY) for name in ("tickets", "payments")]
        accounts = compare.accounts(self.lake, DAY, self.retailer)
        days = store_days(DAY, *frames, accounts, self.retailer)
        sums = Counter()
        for one in days:
            for line in one.entry.lines if one.entry else ():
                sums[f"{line.account}|{one.store}"] += line.amount_minor
        return {account: cents for account, cents in sums.items() if cents}

    def written(self):
        """Journals by group that somebody posted over the API, each with its lines' count."""
        rows = self.sandbox.state.oracle("collection = 'epicor/GLJrnDtl' AND operation = 'insert' AND origin = 'api'")
        return Counter((row["after"]["GroupID"], row["after"]["JournalNum"]) for row in rows)


@contextmanager
def opened(root: Path) -> Iterator[Close]:
    with running(root / "sandbox") as sandbox:
        shop = Close(sandbox, root / "home")
        shop.open_books()
        yield shop
        shop.store.close()
