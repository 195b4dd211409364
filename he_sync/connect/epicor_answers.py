"""What Kinetic's methods answer: a return value, out-parameters, a dataset, and failures inside a 200."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from he_sync.connect.pages import Row
from he_sync.model.errors import BrokenPromise, Refused

Document = dict[str, Any]
MIDNIGHT = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+")


def returned(answer: Document) -> Any:
    """A method's return value."""
    return answer.get("returnObj", {})


def parameters(answer: Document) -> Document:
    """A method's out-parameters."""
    return answer.get("parameters") or {}


def dataset(answer: Document) -> Document:
    """A method's dataset, which stands among the parameters or is the return value."""
    found = parameters(answer).get("ds") or returned(answer)
    if not isinstance(found, dict):
        raise BrokenPromise("epicor: a method did not answer with a dataset")
    return found


def refuse_row_errors(service: str, answer: Document) -> None:
    """UpdateExt answers 200 even when rows failed. Raises Refused with every row's reason."""
    if not parameters(answer).get("errorsOccurred"):
        return
    errors: list[Document] = returned(answer).get("BOUpdError") or [{}]
    texts = [f"{one.get('TableName', '?')}: {one.get('ErrorText', 'no reason given')}" for one in errors]
    raise Refused(f"epicor: {service}/UpdateExt refused rows: {'; '.join(texts)}", 200, errors[0].get("ErrorType", ""))


def refuse_unstored(place: str, stored: Row, changes: Document) -> None:
    """A locked row answers a PATCH with success and stores nothing. Raises Refused with the fields that differ."""
    lost = [name for name, value in changes.items() if not same(stored.get(name), value)]
    if lost:
        line = f"epicor: PATCH {place} answered success and did not store {', '.join(lost)}; is it closed?"
        raise Refused(line, 200, "NotStored")


def same(stored: Any, sent: Any) -> bool:
    """Whether a stored value is the one sent: numbers by value, a time without the offset that may follow it."""
    if isinstance(sent, str) and isinstance(stored, str) and MIDNIGHT.fullmatch(sent):
        return stored.startswith(sent)
    if isinstance(sent, int | Decimal) and isinstance(stored, int | Decimal):
        return stored == sent
    return bool(stored == sent)


def revision(row: Row) -> int:
    """A row's SysRevID: what sets are walked by."""
    try:
        return int(row["SysRevID"])
    except (KeyError, TypeError, ValueError):
        raise BrokenPromise("epicor: a row without SysRevID cannot be walked") from None
