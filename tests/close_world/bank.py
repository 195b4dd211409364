"""The bank's side of the ledger: what Epicor's own bank module posts of each deposit, and reserves that are kept.

The stand-in has bank lines and no bank module, and its processor keeps no reserves: both come from here. What a bank
line lacks against its deposit is left on clearing, as a person who books what the bank shows leaves it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from he_sync.sandbox.state import Document
from he_sync.sandbox.world.randomness import midnight, money
from he_sync.sandbox.world.rows import Rows, epicor_key
from tests.close_world.other_side import POSTED, OtherSide

DEPOSITS, LINES = "processor/deposits", "epicor/BankTran"
KEPT_PERCENT, LEAST = 10, 5_000
JOURNAL = 900_000
"""The number of its first journal: beside those of everybody else."""


@dataclass
class Bank:
    """What the processor and the bank do to the deposits of a world; `tranches` are what is held, by store."""

    side: OtherSide
    tranches: dict[str, int] = field(default_factory=dict)
    charged_back: int = 0
    _number: int = JOURNAL

    def keep_reserve(self, day: date) -> None:
        """A tenth of one clean deposit is held back."""
        one = next(each for each in self._clean(day) if each["system"]["dba"] not in self.tranches)
        held = int(one["amount"]) * KEPT_PERCENT // 100
        self._pay(one, -held, day)
        self.tranches[one["system"]["dba"]] = held

    def pay_reserve(self, day: date) -> None:
        """What was held of a store comes with a clean deposit of it."""
        one = next(each for each in self._clean(day) if each["system"]["dba"] in self.tranches)
        self._pay(one, self.tranches.pop(one["system"]["dba"]), day)

    def _of(self, day: date) -> list[Document]:
        return self.side.state.select(DEPOSITS, "json_extract(doc, '$.time_created') = ?", [day.isoformat()])

    def _clean(self, day: date) -> list[Document]:
        """Deposits of Visa and its like with which nothing is wrong yet, and nothing was charged back."""
        wrong = {subject for _, subject, *_ in self.side.planted[day.isoformat()]}
        fine = [one for one in self._of(day) if f"deposit {one['id']}" not in wrong and not _charged_back(one)]
        return [one for one in fine if one["id"].endswith("1") and int(one["amount"]) > LEAST]

    def _pay(self, one: Document, by: int, day: date) -> None:
        """The processor pays other cents than its own sums say, and the bank has them."""
        account = next(s.bank_account for s in self.side.retailer.stores if s.code == one["system"]["dba"])
        where = "json_extract(doc, '$.BankAcctID') = ? AND json_extract(doc, '$.TranDate') = ?"
        there = self.side.state.select(LINES, where, [account, midnight(day)])
        line = next(each for each in there if int(each["TranAmt"] * 100) == int(one["amount"]))
        paid = int(one["amount"]) + by
        key = epicor_key(account, line["TranNum"], "false")
        self.side.state.load(DEPOSITS, [(one["id"], None, one | {"amount": str(paid)})])
        self.side.state.load(LINES, [(key, None, line | {"TranAmt": money(paid), "DocTranAmt": money(paid)})])
        self.side.planted[day.isoformat()].add(("deposit_unexplained", f"deposit {one['id']}", by, 0))
        self.side.reserves[one["id"]] = -by

    def post(self, day: date) -> None:
        """One journal for each deposit that the bank received on a date."""
        off = {subject: (klass, cents) for klass, subject, cents, _ in self.side.planted[day.isoformat()]}
        rows = Rows(self.side.shape.seed)
        for one in self._of(day):
            klass, cents = off.get(f"deposit {one['id']}", ("", 0))
            if klass != "missing_deposit":
                received = int(one["amount"]) + (cents if klass == "short_deposit" else 0)
                self._journal(rows, one, received, day)
            self.charged_back += bool(_charged_back(one))
        with self.side.state.transaction("world"):
            rows.flush(self.side.state)

    def _journal(self, rows: Rows, one: Document, received: int, day: date) -> None:
        own, code, self._number = self.side.retailer.accounts, one["system"]["dba"], self._number + 1
        clearing = own.card_clearing if one["id"].endswith("1") else own.amex_clearing
        moves = Counter({own.bank: received, own.reserve: self.side.reserves[one["id"]]})
        moves.update({own.fees: abs(int(one["fees"]["amount"] or 0)), own.disputes: _charged_back(one)})
        moves[clearing] = -moves.total()
        for turn, (account, cents) in enumerate(sorted(moves.items()), 1):
            if cents:
                self.side.off[f"{account}|{code}"] += cents
                line = _line(day, self._number, turn, f"{account}|{code}", cents)
                rows.epicor(POSTED.partition("/")[2], _key(line), line | {"Description": f"BANK {one['id']}"})


def _charged_back(one: Document) -> int:
    return -int(one["disputes"]["chargebacks"]["amount"] or 0)


def _key(line: Document) -> list[object]:
    return [
        line[name] for name in ("BookID", "FiscalYear", "FiscalYearSuffix", "JournalCode", "JournalNum", "JournalLine")
    ]


def _line(day: date, number: int, turn: int, account: str, cents: int) -> Document:
    """A posted line as the bank module writes it."""
    side, natural, store = "Debit" if cents > 0 else "Credit", *account.split("|")
    when = {"FiscalYear": day.year, "FiscalYearSuffix": "", "FiscalPeriod": day.month, "FiscalCalendarID": "MAIN"}
    where = {"GLAccount": account, "SegValue1": natural, "SegValue2": store, "COACode": "MAIN", "CurrencyCode": "USD"}
    moved = {f"{side}Amount": money(abs(cents)), f"Book{side}Amount": money(abs(cents))}
    named = {"BookID": "MAIN", "JournalCode": "BJ", "JournalNum": number, "JournalLine": turn, "SourceModule": "CM"}
    dated = {"JEDate": midnight(day), "PostedDate": midnight(day), "PostedBy": "bank import", "Posted": True}
    return when | where | moved | named | dated
