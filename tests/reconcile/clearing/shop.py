"""Two stores over some dates whose books are written by the journals: what moved, and the ledger that says so."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pandas as pd

from he_sync.model.contract import frame
from he_sync.model.deposit import BankLines, Deposits
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.retailer import Retailer
from he_sync.model.settlement_line import SettlementLines
from he_sync.reconcile.clearing.arrivals import arrivals
from he_sync.reconcile.clearing.booked import Meant, booked
from he_sync.reconcile.clearing.moves import Known, moves
from he_sync.reconcile.clearing.prove import prove, proven
from he_sync.reconcile.journals.funding import Deposit, deposit
from he_sync.reconcile.journals.sales import StoreDay, store_day
from tests.reconcile.journals.shop import PROFILE

RETAILER = Retailer.model_validate(PROFILE)
BOOKS = RETAILER.accounts
FIRST = date(2026, 11, 16)
GROUPS = {"VISA": ("VMDD", BOOKS.card_clearing, 2), "AMEX": ("AMEX", BOOKS.amex_clearing, 1)}
PAYMENT = ["payment_id", "owner", "store", "business_date", "kind", "amount_minor", "account"]
TICKET = ["ticket_id", "store", "business_date", "gift_card_minor"]


def day(turn):
    """The date so many days after the first; earlier ones are before what was pulled."""
    return (FIRST + timedelta(days=turn)).isoformat()


class Shop:
    """`sell`, `fund`, then `ledger` is what the journals of these facts say; a test changes it and asks `prove`."""

    def __init__(self):
        self.payments, self.tickets, self.lines, self.links = [], [], [], []
        self.deposits, self.bank, self.tranches, self.ledger = [], [], [], []
        self.entries = 0

    def sell(self, turn, cents, brand="VISA", store="S001", **other):
        """A ticket paid by card (or `kind`), settled where it is one; the payment's number."""
        number = len(self.payments) + 1
        kind, owner = other.get("kind", "card"), other.get("owner", f"ticket {number}")
        group, account, _ = GROUPS[brand]
        account = account if kind == "card" else "1155"
        if turn >= 0:
            self.payments.append([number, owner, store, day(turn), kind, cents, account])
            self.tickets.append([number, store, day(turn), other.get("gift", 0)])
        else:
            self.payments.append(None)
        if kind == "card":
            line = {"line_id": f"L{number}", "mid": store, "brand": brand, "brand_group": group, "amount_minor": cents}
            self.lines.append(self._line(line, turn, store))
            self.links += [(f"L{number}", number)] if turn >= 0 else []
        return number

    def _line(self, line, turn, store):
        at = pd.Timestamp(day(turn), tz="UTC")
        other = {"kind": "SALE", "currency": "USD", "reference": "", "auth_code": "", "batch_id": "", "deposit_id": ""}
        return line | other | {"business_date": day(turn), "created_at": at, "store": store}

    def fund(self, turn, brand="VISA", store="S001", **taken):
        """A deposit of all that is not paid yet, and its bank line: `short` of it never comes, `late` days after."""
        identity, mine = f"DEP{len(self.deposits) + 1}", []
        for line in self.lines:
            due = line["business_date"] < day(turn) and not line["deposit_id"]
            if due and (line["brand"], line["store"]) == (brand, store):
                line["deposit_id"] = identity
                mine.append(line["amount_minor"])
        if not mine:
            return ""
        fees, disputed, held = (taken.get(name, 0) for name in ("fees", "disputed", "held"))
        stated = sum(mine) - fees - disputed - held
        row = {"deposit_id": identity, "store": store, "mid": store, "funding_date": day(turn), "currency": "USD"}
        sums = {"sales_minor": sum(mine), "refunds_minor": 0, "chargebacks_minor": -disputed, "fees_minor": -fees}
        self.deposits.append(row | sums | {"bank_account": f"B{store}", "amount_minor": stated})
        if held:
            self.tranches.append([f"T{identity}", store, identity, held])
        came = stated - taken.get("short", 0)
        if came:
            arrived = day(turn + taken.get("late", 0))
            self._arrive(arrived, came, f"B{store}", identity if taken.get("named", True) else "")
            account = GROUPS[brand][1]
            paid = Deposit("ACME", store, identity, arrived, came, {account: came + fees + disputed + held}, fees)
            paid = Deposit(**{**vars(paid), "disputed": disputed, "reserve_held": held})
            self.post(deposit(paid, BOOKS), store, f"DEPOSIT {identity}" if taken.get("named", True) else "bank")
        return identity

    def _arrive(self, on, cents, account, reference):
        row = {"line_id": f"B{len(self.bank)}", "bank_account": account, "value_date": on}
        self.bank.append(row | {"amount_minor": cents, "reference": reference})

    def close(self, turn):
        """Post the store-days of a date as the close does."""
        for store in ("S001", "S002"):
            tenders, taken, sold = defaultdict(int), 0, 0
            parts = {"gift_card": 0, "store_credit": 0, "deposit": 0}
            mine = [row for row in self.payments if row and (row[2], row[3]) == (store, day(turn))]
            for _, owner, _, _, kind, cents, account in mine:
                if kind in parts:
                    parts[kind] += cents
                else:
                    tenders[account] += cents
                taken += cents if owner.startswith("order ") else 0
                sold += 0 if owner.startswith("order ") else cents
            gift = sum(row[3] for row in self.tickets if (row[1], row[2]) == (store, day(turn)))
            if mine:
                one = StoreDay("ACME", store, day(turn), tenders, sales=sold - gift, gift_cards_sold=gift)
                used = {"redeemed": parts["gift_card"], "store_credit_used": parts["store_credit"]}
                one = StoreDay(**{**vars(one), **used, "deposits_taken": taken, "deposits_applied": parts["deposit"]})
                self.post(store_day(one, BOOKS), store, f"HE {store} {day(turn)} 1150 v1")

    def post(self, entry, store, text):
        """The lines of an entry in the ledger; its number."""
        self.entries += 1
        for line in entry.lines:
            self.add(entry.date, line.account, line.amount_minor, text, store=store, number=self.entries)
        return self.entries

    def add(self, on, account, cents, text="", **other):
        """One line of the ledger, of a `store`, a `number` of its own or another's, of a `payment`; its document."""
        self.entries += "number" not in other
        number, store, payment = other.get("number", self.entries), other.get("store", "S001"), other.get("payment", 0)
        row = {"line_id": f"2026-GJ-{number}-{len(self.ledger)}", "account": account, "store": store, "group_id": ""}
        told = {"posting_date": on, "amount_minor": cents, "payment_id": payment, "description": text}
        self.ledger.append(row | told)
        return f"2026-GJ-{number}"

    def prove(self, last):
        """The proof from the first date to the one so many days after it."""
        payments = pd.DataFrame([row for row in self.payments if row], columns=PAYMENT)
        deposits = frame(Deposits, self.deposits)
        arrived = arrivals(deposits, frame(BankLines, self.bank))
        known = Known(
            payments,
            pd.DataFrame(self.tickets, columns=TICKET),
            pd.DataFrame(self.links, columns=["line_id", "payment_id"]),
            frame(SettlementLines, self.lines),
            deposits,
            arrived,
            pd.DataFrame(self.tranches, columns=["tranche", "store", "deposit_id", "amount_minor"]),
        )
        days = {row[0]: (row[3], row[2]) for row in self.payments if row}
        stores = {row["deposit_id"]: row["store"] for row in self.deposits}
        meant = Meant(days, frozenset(), stores, arrived, BOOKS.bank)
        rows = booked(frame(LedgerLines, self.ledger), meant, proven(BOOKS), day(0))
        dates = [day(turn) for turn in range(last + 1)]
        return prove(moves(known, day(0), RETAILER), rows, dates, BOOKS, "USD")
