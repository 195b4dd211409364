"""Writes that take Kinetic several calls: a stock adjustment and a posted journal.

Each can be run again after it broke off anywhere: it first reads what is already there under its reference or group
and goes on from it. What the amounts and accounts are is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_answers import Document, dataset, parameters
from he_sync.connect.epicor_query import both, equals, literal
from he_sync.model.errors import BrokenPromise, FixInput, LookUpFirst, NotFound, Refused

ADJUST = "Erp.BO.InventoryQtyAdjSvc"
GROUPS = "Erp.BO.GLJrnGrpSvc"
ENTRIES = "Erp.BO.GLJournalEntrySvc"
LEDGER = "Erp.BO.GLJrnDtlSvc"


@dataclass(frozen=True)
class Adjustment:
    """A signed change of what is on hand, in a unit of the part. `reference` is unique to it: it is found by it."""

    part: str
    warehouse: str
    bin: str
    delta: Decimal
    unit: str
    reason: str
    day: date
    reference: str


def find_adjustment(client: EpicorClient, adjustment: Adjustment) -> Document | None:
    """The movement that carries the adjustment's reference, or None. Raises BrokenPromise where there are several."""
    asked = both(equals("PartNum", adjustment.part), equals("TranReference", adjustment.reference))
    found = client.read("Erp.BO.PartTranSvc", "PartTrans", filter=asked)
    if len(found) > 1:
        raise BrokenPromise(f"epicor: {len(found)} movements carry the reference {adjustment.reference}")
    return found[0] if found else None


def adjust_quantity(client: EpicorClient, adjustment: Adjustment) -> str:
    """Change the quantity on hand once; the key of the movement (`partTranPKs`), "" when it was there already.

    Raises Refused where the part, place or reason is refused, or less than nothing would be left.
    """
    if find_adjustment(client, adjustment) is not None:
        return ""
    asked = {"partnumber": adjustment.part, "uomCode": adjustment.unit}
    opened = dataset(client.call(ADJUST, "GetInventoryQtyAdj", asked))
    ds = {**opened, "InventoryQtyAdj": [{**_only(opened, "InventoryQtyAdj"), **_adjusted(adjustment)}]}
    checked = client.call(ADJUST, "PreSetInventoryQtyAdj", {"ds": ds})
    if parameters(checked).get("requiresUserInput"):
        raise Refused(f"epicor: the adjustment of {adjustment.part} asks a person (lot, serial number or legal number)")
    _refuse_negative(client, adjustment)
    return str(parameters(client.call(ADJUST, "SetInventoryQtyAdj", {"ds": dataset(checked)})).get("partTranPKs", ""))


def _adjusted(adjustment: Adjustment) -> Document:
    return {
        "WareHseCode": adjustment.warehouse,
        "BinNum": adjustment.bin,
        "AdjustQuantity": adjustment.delta,
        "UnitOfMeasure": adjustment.unit,
        "ReasonCode": adjustment.reason,
        "TransDate": literal(adjustment.day),
        "Reference": adjustment.reference,
        "RowMod": "U",
    }


def _refuse_negative(client: EpicorClient, adjustment: Adjustment) -> None:
    """Ask whether less than nothing would be left; a warning passes, a stop does not."""
    if adjustment.delta >= 0:
        return
    asked = {
        "pcPartNum": adjustment.part,
        "pcWhseCode": adjustment.warehouse,
        "pcBinNum": adjustment.bin,
        "pcLotNum": "",
        "pcAttributeSetID": 0,
        "pcPCID": "",
        "pcDimCode": adjustment.unit,
        "pdDimConvFactor": 1,
        "ipSellingQuantity": adjustment.delta,
    }
    said = parameters(client.call(ADJUST, "NegativeInventoryTest", asked))
    if str(said.get("pcNeqQtyAction", "")).lower() == "stop":
        why = said.get("pcMessage") or "stock would be negative"
        raise Refused(f"epicor: {adjustment.part} in {adjustment.warehouse}: {why}")


@dataclass(frozen=True)
class JournalLine:
    """One line of a journal: account in its stored form (1150|S001), positive amounts debit."""

    account: str
    amount: Decimal
    description: str


@dataclass(frozen=True)
class Posted:
    """The journal that a group became."""

    book: str
    fiscal_year: int
    journal_code: str
    journal_num: int


def find_posted(client: EpicorClient, group: str) -> list[Document]:
    """The posted ledger lines of a journal group."""
    columns = ["BookID", "FiscalYear", "JournalCode", "JournalNum", "JournalLine", "GLAccount"]
    amounts = ["DebitAmount", "CreditAmount", "Description"]
    return client.read(LEDGER, "GLJrnDtls", filter=equals("GroupID", group), select=[*columns, *amounts])


def post_journal(client: EpicorClient, group: str, header: Document, lines: Sequence[JournalLine]) -> Posted:
    """Post a balanced journal under a group id of its own, once.

    Args:
        client: the company to post in.
        group: group id; unique to this journal, it is found by it.
        header: columns of the group and the entry: JEDate, Description, and where the company has several, BookID,
            JournalCode, FiscalYear, FiscalPeriod, FiscalCalendarID, CurrencyCode.
        lines: at least two; debits equal credits.

    Raises Refused where Kinetic refuses (a closed period, an unknown account), BrokenPromise where the group holds
    something else than these lines, LookUpFirst where posting answered and the ledger does not show it.
    """
    if out := sum((line.amount for line in lines), Decimal(0)):
        raise FixInput(f"journal {group} does not balance: debits less credits are {out}")
    if not lines:
        raise FixInput(f"journal {group} has no line")
    if done := find_posted(client, group):
        return _verified(group, lines, done)
    _open_group(client, group, header)
    _enter_lines(client, group, _open_entry(client, group, header), lines)
    message = parameters(client.call(GROUPS, "PostGroupJournals", {"postGroupID": group})).get("NotAllPostedMessage")
    if message:
        raise Refused(f"epicor: group {group} was not posted: {message}")
    if not (done := find_posted(client, group)):
        raise LookUpFirst(f"epicor: group {group} was posted and the ledger does not show it yet")
    return _verified(group, lines, done)


def _open_group(client: EpicorClient, group: str, header: Document) -> None:
    """The group, new or as it is."""
    try:
        client.call(GROUPS, "GetByID", {"groupID": group})
    except NotFound:
        ds = dataset(client.call(GROUPS, "GetNewGLJrnGrp", {"ds": {}}))
        client.call(GROUPS, "Update", {"ds": _filled(ds, "GLJrnGrp", header, group)})


def _open_entry(client: EpicorClient, group: str, header: Document) -> Document:
    """The group's one entry with its lines, new or as it is."""
    found = client.read(ENTRIES, "GLJournalEntries", filter=equals("GroupID", group), expand="GLJrnDtlMnls")
    if len(found) > 1:
        raise BrokenPromise(f"epicor: group {group} holds {len(found)} journals, not one")
    if found:
        return found[0]
    ds = dataset(client.call(ENTRIES, "GetNewGlJrnHedTran", {"ds": {}, "GroupID": group}))
    stored = client.call(ENTRIES, "Update", {"ds": _filled(ds, "GLJrnHed", header, group)})
    return _only(dataset(stored), "GLJrnHed")


def _enter_lines(client: EpicorClient, group: str, entry: Document, lines: Sequence[JournalLine]) -> None:
    """All lines in one Update. Lines that are there already must be exactly these."""
    there = entry.get("GLJrnDtlMnls") or []
    if there:
        _verified(group, lines, there)
        return
    keys = {name: entry[name] for name in ("BookID", "FiscalYear", "FiscalYearSuffix", "JournalCode", "JournalNum")}
    asked = {f"{name[0].lower()}{name[1:]}": value for name, value in keys.items()}
    ds: Document = {}
    for number, line in enumerate(lines, start=1):
        ds = dataset(client.call(ENTRIES, "GetNewGLJrnDtlMnl", {"ds": ds, **asked, "journalLine": number}))
        ds["GLJrnDtlMnl"][-1].update(keys | _line(entry, line, number))
    client.call(ENTRIES, "Update", {"ds": ds})


def _line(entry: Document, line: JournalLine, number: int) -> Document:
    segments = {f"SegValue{place}": code for place, code in enumerate(line.account.split("|"), start=1)}
    names = ("GroupID", "JEDate", "CurrencyCode", "FiscalCalendarID")
    return {
        "JournalLine": number,
        "GLAccount": line.account,
        **segments,
        **{name: entry[name] for name in names if entry.get(name)},
        "DebitAmount": max(line.amount, Decimal(0)),
        "CreditAmount": max(-line.amount, Decimal(0)),
        "TransAmt": line.amount,
        "DocTransAmt": line.amount,
        "Description": line.description,
    }


def _verified(group: str, lines: Sequence[JournalLine], there: Sequence[Document]) -> Posted:
    """The journal of lines that are exactly the wanted ones. Raises BrokenPromise otherwise."""
    wanted = Counter((line.account, line.amount, line.description) for line in lines)
    amounts = [Decimal(row["DebitAmount"]) - Decimal(row["CreditAmount"]) for row in there]
    stored = Counter((row["GLAccount"], amount, row["Description"]) for row, amount in zip(there, amounts, strict=True))
    if wanted != stored:
        odd = next(iter((stored - wanted) or (wanted - stored)))
        raise BrokenPromise(f"epicor: group {group} holds other lines than this journal, for example {odd[0]} {odd[1]}")
    first = there[0]
    return Posted(first["BookID"], int(first["FiscalYear"]), first["JournalCode"], int(first["JournalNum"]))


def _filled(ds: Document, table: str, header: Document, group: str) -> Document:
    """The dataset with its only row of a table filled from the header columns that the table has."""
    row = _only(ds, table)
    given = {name: value for name, value in header.items() if name in row}
    return {**ds, table: [{**row, **given, "GroupID": group}]}


def _only(ds: Document, table: str) -> Document:
    rows: list[Any] = ds.get(table) or []
    if len(rows) != 1:
        raise BrokenPromise(f"epicor: expected one row of {table}, got {len(rows)}")
    return dict(rows[0])
