"""How a question to Kinetic is written: OData literals, keys and filters, lists that fit an address, header sets.

Only header sets are asked with `$filter`: on a child set the filter works inside the `$top` window of the parents, so a
late parent answers an empty list, and a second order was created in production because of it (reference: epicor 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from he_sync.model.errors import BadRecord, FixInput

LONGEST_URL = 7_500  # bytes; a gateway refuses request lines over about 8 KB with 414
LONGEST_LIST = 100  # `or` terms; 180 worked, 200 did not
SAFE = "$(),'/:@=!*;"

# The one set of each service whose rows are heads. Any other set of these services is a child set.
HEADER_SETS = {
    "Erp.BO.SalesOrderSvc": "SalesOrders",
    "Erp.BO.CustomerSvc": "Customers",
    "Erp.BO.ShipToSvc": "ShipToes",
    "Erp.BO.CustCntSvc": "CustCnts",
    "Erp.BO.PartSvc": "Parts",
    "Erp.BO.PartTranSvc": "PartTrans",
    "Erp.BO.PartWhseSearchSvc": "PartWhseSearches",
    "Erp.BO.JobEntrySvc": "JobEntries",
    "Erp.BO.CustShipSvc": "CustShips",
    "Erp.BO.CashGrpSvc": "CashGrps",
    "Erp.BO.CashRecSvc": "CashRecs",
    "Erp.BO.ARInvoiceSvc": "ARInvoices",
    "Erp.BO.RMAProcSvc": "RMAProcs",
    "Erp.BO.APInvoiceSvc": "APInvoices",
    "Erp.BO.GLJournalEntrySvc": "GLJournalEntries",
    "Erp.BO.GLJrnDtlSvc": "GLJrnDtls",
    "Erp.BO.GLJrnGrpSvc": "GLJrnGrps",
    "Erp.BO.GLAccountSvc": "GLAccounts",
    "Erp.BO.COASegValuesSvc": "COASegValues",
    "Erp.BO.BankAcctSvc": "BankAccts",
    "Erp.BO.BankAdjEntrySvc": "BankAdjEntries",
    "Ice.BO.UD01Svc": "UD01s",
}


def header_set(service: str, entity_set: str) -> str:
    """The set, when it may be asked with a filter. Raises FixInput for a child set, with the way to read it."""
    head = HEADER_SETS.get(service)
    if head is not None and entity_set != head:
        raise FixInput(
            f"{service}/{entity_set} is a child set: its $filter misses rows of late parents; "
            f"read {head} with expand={entity_set!r} instead"
        )
    return entity_set


def literal(value: Any) -> str:
    """A value in OData v4: strings quoted with doubled quotes, dates bare at midnight without offset."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="seconds")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise FixInput(f"{type(value).__name__} has no OData form")


def equals(column: str, value: Any) -> str:
    """`Column eq value`."""
    return f"{column} eq {literal(value)}"


def in_list(column: str, values: Sequence[Any]) -> str:
    """Rows whose column is one of the values, as an `or` list: `in` is not known to every server. One list at most."""
    if not values or len(values) > LONGEST_LIST:
        raise FixInput(f"a list of {len(values)} values does not fit one $filter; use read_any")
    return "(" + " or ".join(equals(column, value) for value in values) + ")"


def both(*filters: str) -> str:
    """The filters joined by `and`; empty ones fall away."""
    wanted = [one for one in filters if one]
    return wanted[0] if len(wanted) == 1 else " and ".join(f"({one})" for one in wanted)


def key_path(key: Mapping[str, Any]) -> str:
    """`(Company='EPIC06',CustNum=2)`, percent-encoded where the address needs it."""
    return "(" + ",".join(f"{name}={quote(literal(value), safe=chr(39))}" for name, value in key.items()) + ")"


def encoded(options: Mapping[str, str]) -> str:
    """A query string of `$` options and parameters; empty ones fall away."""
    return "&".join(f"{name}={quote(value, safe=SAFE)}" for name, value in options.items() if value)


def lists(column: str, values: Iterable[Any], room: int) -> Iterator[list[Any]]:
    """Distinct values in lists of at most LONGEST_LIST whose encoded terms take at most `room` bytes."""
    some: list[Any] = []
    taken = 0
    for value in dict.fromkeys(values):
        size = len(quote(f" or {equals(column, value)}", safe=SAFE))
        if some and (len(some) == LONGEST_LIST or taken + size > room):
            yield some
            some, taken = [], 0
        some.append(value)
        taken += size
    if some:
        yield some


def wire_date(text: str | None) -> date | None:
    """The date of a wire time. Kinetic's dates have no zone; an offset behind one is never applied."""
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except (TypeError, ValueError):
        raise BadRecord(f"{text!r} is not a date") from None
