"""A chargeback: a sale funded earlier that the customer's bank takes back out of a later deposit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from he_sync.sandbox.state import field
from he_sync.sandbox.world.randomness import uid

if TYPE_CHECKING:
    from random import Random

    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.deposits import Deposit
    from he_sync.sandbox.world.today import Today

TRANSACTIONS = "processor/transactions"
LOOK_AT = 200


def dispute(today: Today, rng: Random, deposit: Deposit) -> Document | None:
    """The dispute of one funded sale of the deposit's store and funding group; None while nothing was funded."""
    where = f"{field('system.mid')} = ? AND {field('status')} = 'FUNDED' AND {field('type')} = 'SALE'"
    funded = today.state.select(TRANSACTIONS, where, [deposit.place.store.mid], limit=LOOK_AT)
    fitting = [one for one in funded if (_brand(one) == "AMEX") == (deposit.group == "AMEX")]
    return _document(today, deposit, rng.choice(fitting)) if fitting else None


def _brand(transaction: Document) -> str:
    return str(transaction["payment_method"]["card"]["brand"])


def _document(today: Today, deposit: Deposit, sale: Document) -> Document:
    card, day = sale["payment_method"]["card"], deposit.day.isoformat()
    named = {name: card[name] for name in ("arn", "brand", "authcode", "brand_reference")}
    times = dict.fromkeys(("time_created", "status_time_created", "stage_time_created"), f"{day}T08:00:00.000Z")
    money = {"amount": sale["amount"], "currency": "USD"}
    bought = {
        "time_created": sale["time_created"],
        "type": "SALE",
        **money,
        "reference": sale["reference"],
        "remarks": "",
    }
    return {
        "id": f"DIS_{uid(today.world.seed, 'dispute', deposit.id).replace('-', '')[:20]}",
        **times,
        "status": "WITH_MERCHANT",
        "stage": "CHARGEBACK",
        "result": "PENDING",
        **money,
        "merchant_id": "MER_sandbox",
        "account_id": "DAA_sandbox",
        "payer_amount": sale["amount"],
        "merchant_amount": sale["amount"],
        **{f"last_adjustment_{name}": value for name, value in money.items()},
        "last_adjustment_funding": "DEBIT",
        "last_adjustment_time_created": times["stage_time_created"],
        **{f"net_financial_{name}": value for name, value in money.items()},
        "payment_method_provider": [],
        "reason_code": "104",
        "reason_description": "Other Fraud - Card Absent Environment",
        "time_to_respond_by": (deposit.day + timedelta(days=14)).isoformat(),
        "funding_type": "DEBIT",
        "deposit_id": deposit.id,
        "deposit_status": "FUNDED",
        "deposit_time_created": day,
        "system": sale["system"],
        "transaction": {
            **bought,
            "payment_method": {"card": {**named, "number": card["masked_number_first6last4"]}},
        },
        "documents": [],
    }
