"""What each query parameter of a list call asks of the documents, as SQL with one mark and the value for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from he_sync.sandbox.processor.problems import Problem, unexpected
from he_sync.sandbox.state import field


@dataclass(frozen=True)
class Filter:
    """One condition. `read` turns the parameter's text into the mark's value; ValueError means unexpected data."""

    sql: str
    read: Callable[[str], str | int] = str

    def value(self, name: str, text: str) -> str | int:
        """The value for the mark. Raises Problem 40213."""
        try:
            return self.read(text)
        except (ValueError, OverflowError):
            raise unexpected(name) from None


def _next_day(text: str) -> str:
    return (date.fromisoformat(text) + timedelta(days=1)).isoformat()


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def equals(path: str) -> Filter:
    """The field is the text."""
    return Filter(f"{field(path)} = ?")


def since(path: str) -> Filter:
    """From the start (UTC) of a date given as YYYY-MM-DD."""
    return Filter(f"{field(path)} >= ?", _day)


def until(path: str) -> Filter:
    """To the end of a date, the date itself included: our choice, the reference does not say."""
    return Filter(f"{field(path)} < ?", _next_day)


def first6(path: str) -> Filter:
    """The first six characters of a masked number."""
    return Filter(f"substr({field(path)}, 1, 6) = ?")


def last4(path: str) -> Filter:
    """The last four characters of a masked number."""
    return Filter(f"substr({field(path)}, -4) = ?")


def _minor(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise ValueError(text)
    return int(text)


def minor(expression: str) -> Filter:
    """An amount in minor units."""
    return Filter(f"{expression} = ?", _minor)


def _mid(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        message = "system.mid value is invalid. Please check the format and data provided is correct"
        raise Problem("INVALID_REQUEST_DATA", "40090", message)
    return text


def between(parameter: str, path: str) -> dict[str, Filter]:
    """The pair from_<parameter>, to_<parameter>."""
    return {f"from_{parameter}": since(path), f"to_{parameter}": until(path)}


def integer(path: str) -> str:
    """SQL of an amount field as a whole number; the empty string counts zero."""
    return f"CAST({field(path)} AS INTEGER)"


CARD = "payment_method.card"
MASKED = f"{CARD}.masked_number_first6last4"
TOKEN = "payment_method.digital_wallet.masked_token_first6last4"  # noqa: S105 - a field's name
SYSTEM = {"system.mid": Filter(f"{field('system.mid')} = ?", _mid), "system.hierarchy": equals("system.hierarchy")}

CARDS = {
    "number_first6": first6(MASKED),
    "number_last4": last4(MASKED),
    "token_first6": first6(TOKEN),
    "token_last4": last4(TOKEN),
    "brand": equals(f"{CARD}.brand"),
    "brand_reference": equals(f"{CARD}.brand_reference"),
    "authcode": equals(f"{CARD}.authcode"),
    "reference": equals("reference"),
    "status": equals("status"),
    **between("time_created", "time_created"),
}
TRANSACTIONS = {
    **CARDS,
    "id": equals("id"),
    "type": equals("type"),
    "channel": equals("channel"),
    "amount": minor(integer("amount")),
    "currency": equals("currency"),
    "country": equals("country"),
    "batch_id": equals("batch_id"),
    "entry_mode": equals("payment_method.entry_mode"),
    "name": equals("payment_method.name"),
    "payment_method": Filter("json_type(doc, '$.payment_method.' || lower(?)) IS NOT NULL"),
    "provider": equals("payment_method.apm.provider"),
}
SETTLED = {
    **CARDS,
    "arn": equals(f"{CARD}.arn"),
    "deposit_id": equals("deposit_id"),
    "deposit_status": equals("deposit_status"),
    **between("deposit_time_created", "deposit_time_created"),
    **between("batch_time_created", "batch_time_created"),
    **SYSTEM,
}
DEPOSITS = {
    "id": equals("id"),
    "status": equals("status"),
    **between("time_created", "time_created"),
    "masked_account_number_last4": last4("bank_transfer.masked_account_number_last4"),
    **SYSTEM,
}
DISPUTED_CARD = "transaction.payment_method.card"
DISPUTES = {
    "arn": equals(f"{DISPUTED_CARD}.arn"),
    "brand": equals(f"{DISPUTED_CARD}.brand"),
    "status": equals("status"),
    "stage": equals("stage"),
    "reason": equals("reason_code"),
    "from": since("stage_time_created"),
    "to": until("stage_time_created"),
    **between("stage_time_created", "stage_time_created"),
    "deposit_id": equals("deposit_id"),
    **between("deposit_time_created", "deposit_time_created"),
    **SYSTEM,
}
SETTLED_DISPUTES = {**DISPUTES, "status": Filter(f"coalesce({field('deposit_status')}, 'FUNDED') = ?")}
ACTIONS = {
    **{
        name: equals(name)
        for name in (
            "id",
            "type",
            "resource",
            "resource_id",
            "resource_status",
            "merchant_name",
            "app_name",
            "version",
            "response_code",
            "http_response_code",
        )
    },
    **between("time_created", "time_created"),
}
