"""camt.053, the ISO 20022 statement: booked entries of each account, whatever the version of the schema.

Where a statement has an opening and a closing balance, its entries must lead from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import defusedxml
from defusedxml import ElementTree

from he_sync.connect.statements.line import Place, StatementLine
from he_sync.model.errors import FixInput
from he_sync.model.money import show

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SIGNS = {"CRDT": 1, "DBIT": -1}
AMOUNT = r"[0-9]+(\.[0-9]+)?"


def read(path: Path) -> list[StatementLine]:
    """All booked entries of a file. Raises FixInput with file, entry and rule."""
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except (ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError, LookupError) as error:
        raise FixInput(f"{path.name}: no whole XML file ({error}); it may be cut off") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    statements = root.findall("./BkToCstmrStmt/Stmt")
    if not statements:
        raise FixInput(f"{path.name}: row 1: no statement BkToCstmrStmt/Stmt in it; a camt.053 file has one")
    found: list[StatementLine] = []
    for statement in statements:
        found += _statement(path, statement, len(found))
    return found


def _statement(path: Path, statement: Element, before: int) -> Iterator[StatementLine]:
    account = _text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id")
    if not account:
        raise FixInput(f"{path.name}: entry {before + 1}: a statement without an account, Acct/Id")
    lines = []
    for number, entry in enumerate(statement.findall("Ntry"), before + 1):
        if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) == "BOOK":
            lines.append(_entry(Place(path, "entry", number), entry, account))
    _check_balances(path, statement, lines)
    return iter(lines)


def _entry(place: Place, entry: Element, account: str) -> StatementLine:
    amount, currency = _amount(place, entry)
    day = _text(entry, "ValDt/Dt") or _text(entry, "ValDt/DtTm")[:10] or _text(entry, "BookgDt/Dt")
    memo = _text(entry, "AddtlNtryInf") or " ".join(
        text.strip() for one in entry.iterfind("NtryDtls/TxDtls/RmtInf/Ustrd") if (text := one.text or "")
    )
    reference = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    return StatementLine(
        account,
        currency,
        place.day(day or _text(entry, "BookgDt/DtTm")[:10], "%Y-%m-%d"),
        amount,
        memo,
        reference,
        place.row,
    )


def _amount(place: Place, element: Element) -> tuple[int, str]:
    """A signed amount and its currency."""
    amount, sign = element.find("Amt"), _text(element, "CdtDbtInd")
    if amount is None or not amount.get("Ccy"):
        raise place.refuse("no Amt with a currency, Ccy")
    if sign not in SIGNS:
        raise place.refuse(f"CdtDbtInd is {sign!r}, not CRDT or DBIT")
    currency = str(amount.get("Ccy"))
    return SIGNS[sign] * place.minor((amount.text or "").strip(), currency, AMOUNT), currency


def _check_balances(path: Path, statement: Element, lines: list[StatementLine]) -> None:
    balances = {}
    for number, balance in enumerate(statement.findall("Bal"), 1):
        kind = _text(balance, "Tp/CdOrPrtry/Cd")
        balances[kind] = _amount(Place(path, "balance", number), balance)
    opening, closing = balances.get("OPBD", balances.get("PRCD")), balances.get("CLBD")
    if not opening or not closing:
        return
    found = opening[0] + sum(line.amount_minor for line in lines)
    if found != closing[0]:
        last = lines[-1].row if lines else 0
        told = f"{show(closing[0], closing[1])}, and opening balance and entries make {show(found, closing[1])}"
        raise FixInput(f"{path.name}: entry {last}: the closing balance is {told}; entries are missing or changed")


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
