"""What the bank gets: deposits of the batches that fall due, their transactions funded, and the bank's lines in Epicor.

One deposit a MID, funding group and funding date, so that the batches of Friday to Sunday merge. A net-funded store's
deposit has the fees inside `amount` and their negative in `fees.amount`; a gross-funded one shows no fees. The
chargeback fee is billed with the month, not here. Epicor has one bank line a deposit on its date; half name it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from he_sync.sandbox.world.disputes import dispute
from he_sync.sandbox.world.plants import some
from he_sync.sandbox.world.processor import GROUPS, Batch, system
from he_sync.sandbox.world.randomness import midnight, money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.plants import Plants
    from he_sync.sandbox.world.today import Today

DISPUTED = 0.015
LEAST = 3000
NAMED = 0.5
TRANSACTIONS = "processor/transactions"


@dataclass(frozen=True)
class Deposit:
    """One deposit, in signed cents: what sales and refunds came to, fees charged, charged back, paid by the bank."""

    id: str
    place: Place
    group: str
    day: date
    batches: tuple[Batch, ...]
    fees: int
    dispute: Document | None = None
    bank: int | None = None

    @property
    def charged_back(self) -> int:
        """What a customer's bank took back, negative."""
        return -int(self.dispute["amount"]) if self.dispute else 0

    @property
    def amount(self) -> int:
        """What the processor says it sent."""
        return sum(batch.sales_amount + batch.refunds_amount for batch in self.batches) - self.fees + self.charged_back

    @property
    def subject(self) -> str:
        """How the truth names it."""
        return f"deposit {self.id}"


def fund(today: Today, pending: Sequence[Batch]) -> list[Batch]:
    """Deposit every batch that is due by the day; returns those that still wait."""
    date_text = today.day.isoformat()
    due: dict[tuple[str, str, str], list[Batch]] = {}
    for batch in pending:
        if batch.funding <= date_text:
            due.setdefault((batch.funding, batch.code, batch.group), []).append(batch)
    rng = today.chance("deposits")
    deposits = [_deposit(today, rng, key, batches) for key, batches in sorted(due.items())]
    for deposit in _planted(today.plants, rng, deposits):
        _deposit_rows(today, deposit)
        _bank_line(today, rng, deposit)
    return [batch for batch in pending if batch.funding > date_text]


def _deposit(today: Today, rng: Random, key: tuple[str, str, str], batches: list[Batch]) -> Deposit:
    funding, place, group = date.fromisoformat(key[0]), today.world.by_code[key[1]], key[2]
    identity = f"DEP_{place.number:03d}{funding:%y%m%d}{GROUPS.index(group) + 1}"
    deposit = Deposit(identity, place, group, funding, tuple(batches), sum(batch.fees for batch in batches))
    return replace(deposit, dispute=dispute(today, rng, deposit)) if rng.random() < DISPUTED else deposit


def _planted(plants: Plants, rng: Random, deposits: list[Deposit]) -> list[Deposit]:
    """The deposits as charged and banked, with the day's plants on those that fell due today."""
    today = [one for one in deposits if one.day == plants.day and one.amount > LEAST and one.dispute is None]
    count = some(len(today), 3)
    wrong: dict[str, Deposit] = {}
    for klass in ("fee_overcharge", "short_deposit", "missing_deposit"):
        free = [one for one in today if one.id not in wrong and (klass != "fee_overcharge" or one.fees)]
        for one in rng.sample(free, min(count, len(free))):
            off = _shortfall(rng, one)
            wrong[one.id] = {
                "fee_overcharge": replace(one, fees=one.fees + off % 97 + 3),
                "short_deposit": replace(one, bank=one.amount - off),
                "missing_deposit": replace(one, bank=0),
            }[klass]
            minor = {"fee_overcharge": -(off % 97 + 3), "short_deposit": -off, "missing_deposit": -one.amount}[klass]
            plants.add(klass, one.subject, one.place.code, minor=minor)
    return [wrong.get(one.id, one) for one in deposits]


def _shortfall(rng: Random, deposit: Deposit) -> int:
    """Cents the bank kept; never the fees of the deposit, charged or not."""
    off = rng.randrange(211, LEAST - 200)
    return off + 13 if off == deposit.fees else off


def _deposit_rows(today: Today, deposit: Deposit) -> None:
    """The deposit, its dispute, and its batches and transactions, now funded."""
    rows, state, day = today.rows, today.state, deposit.day.isoformat()
    rows.add("processor/deposits", deposit.id, _document(deposit))
    if deposit.dispute:
        rows.add("processor/disputes", deposit.dispute["id"], deposit.dispute)
    funded = {"status": "FUNDED", "deposit_id": deposit.id, "deposit_status": "FUNDED", "deposit_time_created": day}
    for batch in deposit.batches:
        closed = state.get("processor/batches", batch.id)
        if closed:
            rows.add("processor/batches", batch.id, {**closed, "deposit_id": deposit.id})
        for transaction in state.select(TRANSACTIONS, "parent = ?", [batch.id]):
            rows.add(TRANSACTIONS, transaction["id"], transaction | funded, parent=batch.id)


def _document(deposit: Deposit) -> Document:
    sales = sum(batch.sales for batch in deposit.batches)
    refunds = sum(batch.refunds for batch in deposit.batches)
    taken_back = {"count": 1 if deposit.dispute else 0, "amount": str(deposit.charged_back) if deposit.dispute else ""}
    day = deposit.day.isoformat()
    action = {"id": f"ACT_{deposit.id[4:]}", "type": "DEPOSIT_SINGLE", "time_created": f"{day}T11:00:00.000Z"}
    return {
        "id": deposit.id,
        "time_created": day,
        "status": "FUNDED",
        "funding_type": "CREDIT" if deposit.amount >= 0 else "DEBIT",
        "amount": str(deposit.amount),
        "currency": "USD",
        "aggregation_model": "H-By Date",
        "bank_transfer": {
            "masked_account_number_last4": f"XXXXXX{deposit.place.number:04d}",
            "bank": {"code": "XXXXX0001"},
        },
        "system": system(deposit.place),
        "sales": {"count": sales, "amount": str(sum(batch.sales_amount for batch in deposit.batches)) if sales else ""},
        "refunds": {
            "count": refunds,
            "amount": str(sum(batch.refunds_amount for batch in deposit.batches)) if refunds else "",
        },
        "discounts": {"count": 0, "amount": ""},
        "tax": {"count": 0, "amount": ""},
        "disputes": {"chargebacks": taken_back, "reversals": {"count": 0, "amount": ""}},
        "fees": {"amount": str(-deposit.fees) if deposit.fees else ""},
        "action": {**action, "result_code": "SUCCESS", "app_id": "sandbox", "app_name": "sandbox"},
    }


def _bank_line(today: Today, rng: Random, deposit: Deposit) -> None:
    """The bank's line as Epicor knows it; a short one always names its deposit, for its amount no longer does."""
    klass = today.plants.klass(deposit.subject)
    named = rng.random() < NAMED or klass == "short_deposit"
    if klass == "missing_deposit":
        return
    number, account = today.numbers.epicor("epicor/BankTran", "TranNum", 1), deposit.place.store.bank_account
    amount, day = money(deposit.amount if deposit.bank is None else deposit.bank), midnight(deposit.day)
    document = {
        "BankAcctID": account,
        "TranNum": number,
        "Voided": False,
        "TranDate": day,
        "TranAmt": amount,
        "DocTranAmt": amount,
        "TranRef": deposit.id if named else "",
        "CurrencyCode": "USD",
        "ExchangeRate": 1,
        "EntryPerson": "bank import",
        "EntryDate": day,
        "SourceModule": "CM",
        "FiscalYear": deposit.day.year,
        "FiscalPeriod": deposit.day.month,
    }
    today.rows.epicor("BankTran", [account, number, "false"], document)
