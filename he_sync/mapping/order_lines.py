"""Lines of a sale that changed after its sales order was made: which edits the ERP may take and which a person decides.

The law: a line of which something has left stays as it is (reference accounting 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from he_sync.mapping.order_state import ChargeState, LineState, OrderState
from he_sync.model.money import to_major

Body = Mapping[str, Any]
Row = dict[str, Any]
TOLD = {"SellingQuantity": "quantity", "DocUnitPrice": "price", "DocDiscount": "discount"}


@dataclass
class Found:
    """What a comparison gathers; `lines` and `charges` are how the order will stand."""

    state: OrderState
    header: Row = field(default_factory=dict)
    ops: list[Row] = field(default_factory=list)
    charge_ops: list[Row] = field(default_factory=list)
    diff: list[Row] = field(default_factory=list)
    decide: list[str] = field(default_factory=list)
    lines: list[LineState] = field(default_factory=list)
    charges: list[ChargeState] = field(default_factory=list)

    def tell(self, what: str, old: Any, new: Any) -> None:
        """One row of the diff that a person reads."""
        self.diff.append({"what": what, "old": _told(old), "new": _told(new)})

    @property
    def amount_minor(self) -> int:
        """What the order will come to."""
        return replace(self.state, lines=tuple(self.lines), charges=tuple(self.charges)).amount_minor

    @property
    def untouched(self) -> Found:
        """The same differences and decisions with nothing done about them."""
        lines, charges = list(self.state.lines), list(self.state.charges)
        return Found(self.state, diff=self.diff, decide=self.decide, lines=lines, charges=charges)


def _told(value: Any) -> str:
    if value is None or value == "" or value is False:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def compare_lines(before: Sequence[Body], after: Sequence[Body], found: Found) -> None:
    """Lines are the same line where part and unit are; equal ones first, the others in their order."""
    standing = _standing(before, found.state.lines)
    for place, new in pairs(before, after, ("PartNum", "SalesUM")):
        if place is None:
            if new is not None:
                found.tell(f"line of {new['PartNum']}", "", _line_text(new))
                _add(new, found)
            continue
        old, line = before[place], standing[place]
        if new is None:
            found.tell(f"line of {old['PartNum']}", _line_text(old), "")
            _removed(old, line, found)
        elif columns := _differing(old, new):
            _changed(old, new, columns, line, found)


def pairs(before: Sequence[Body], after: Sequence[Body], keys: Sequence[str]) -> list[tuple[int | None, Body | None]]:
    """Places of old rows with new rows of the same key, each used once; what has no partner stands alone."""
    rest = list(after)
    made: list[tuple[int | None, Body | None]] = []
    open_ones = []
    for place, old in enumerate(before):
        if old in rest:
            rest.remove(old)
            made.append((place, old))
        else:
            open_ones.append(place)
    for place in open_ones:
        new = next((one for one in rest if all(one[name] == before[place][name] for name in keys)), None)
        if new is not None:
            rest.remove(new)
        made.append((place, new))
    return [*made, *((None, new) for new in rest)]


def _standing(before: Sequence[Body], lines: Sequence[LineState]) -> dict[int, LineState | None]:
    """The ERP's line of each line that was sent, each used once: those with the same figures first, then by part."""
    free = [line for line in lines if not line.gone]
    found: dict[int, LineState | None] = dict.fromkeys(range(len(before)))
    for alike in (_same_figures, _same_part):
        for place, old in enumerate(before):
            line = next((line for line in free if alike(line, old)), None) if found[place] is None else None
            if line is not None:
                free.remove(line)
                found[place] = line
    return found


def _same_part(line: LineState, old: Body) -> bool:
    return (line.part, line.unit) == (old["PartNum"], old["SalesUM"])


def _same_figures(line: LineState, old: Body) -> bool:
    figures = (old["SellingQuantity"], old["DocUnitPrice"], old.get("DocDiscount") or 0)
    return _same_part(line, old) and (line.quantity, line.price, line.discount) == figures


def _differing(old: Body, new: Body) -> Row:
    return {name: new.get(name) or 0 for name in TOLD if (old.get(name) or 0) != (new.get(name) or 0)}


def _missing(old: Body, found: Found) -> None:
    where = f"sales order {found.state.number}"
    found.decide.append(f"line of {old['PartNum']} is no longer on {where}: somebody removed it in Epicor")


def _add(new: Body, found: Found) -> None:
    found.ops.append({"op": "add", "line": None, **new})
    quantity, price = Decimal(new["SellingQuantity"]), Decimal(new["DocUnitPrice"])
    discount = Decimal(new.get("DocDiscount") or 0)
    found.lines.append(LineState(0, new["PartNum"], new["SalesUM"], quantity, price, discount))


def _removed(old: Body, line: LineState | None, found: Found) -> None:
    if line is None:
        _missing(old, found)
    elif line.shipped:
        found.decide.append(
            f"{place_of(line)}: {_left(line)}, and the sale no longer has it: take it back by a return, or put it back "
            "on the sale"
        )
    elif line.is_open:
        found.ops.append({"op": "close", "line": line.line})
        _stand(found, line, replace(line, is_open=False))


def _changed(old: Body, new: Body, columns: Row, line: LineState | None, found: Found) -> None:
    for name in columns:
        found.tell(f"line of {new['PartNum']}, {TOLD[name]}", old.get(name), new.get(name))
    if line is None:
        _missing(old, found)
    elif line.shipped:
        _changed_after(line, old, new, columns, found)
    else:
        _set(line, columns, found)


def _set(line: LineState, columns: Row, found: Found) -> None:
    was = {"SellingQuantity": line.quantity, "DocUnitPrice": line.price, "DocDiscount": line.discount}
    found.ops.append({"op": "set", "line": line.line, **columns, "was": {name: was[name] for name in columns}})
    now = {name: Decimal(columns.get(name, value)) for name, value in was.items()}
    quantity, price, discount = (now[name] for name in TOLD)
    _stand(found, line, replace(line, quantity=quantity, price=price, discount=discount))


def _changed_after(line: LineState, old: Body, new: Body, columns: Row, found: Found) -> None:
    """A line of which something has left stays as it is; more of it at its price is a line of its own."""
    quantity = Decimal(new["SellingQuantity"])
    more = quantity - Decimal(old["SellingQuantity"])
    if [*columns] != ["SellingQuantity"]:
        done = "invoiced" if found.state.invoiced else "shipped"
        found.decide.append(
            f"{place_of(line)}: its price changed after {line.shipped:f} {line.unit} were {done}: credit or charge the "
            "difference, or keep it"
        )
    elif more > 0:
        _add({**new, "SellingQuantity": more, "DocDiscount": to_major(0, found.state.currency)}, found)
    else:
        found.decide.append(
            f"{place_of(line)}: {_left(line)} and the sale now has {quantity:f}: close the rest, take back what is too "
            "much by a return, or correct the sale"
        )


def place_of(line: LineState) -> str:
    """How a person finds the line."""
    return f"line {line.line}, {line.part}"


def _left(line: LineState) -> str:
    return f"{line.shipped:f} of {line.quantity:f} {line.unit} have left"


def _stand(found: Found, old: LineState, new: LineState) -> None:
    found.lines[found.lines.index(old)] = new


def _line_text(line: Body) -> str:
    text = f"{line['SellingQuantity']:f} {line['SalesUM']} at {line['DocUnitPrice']:f}"
    return f"{text} less {line['DocDiscount']:f}" if line.get("DocDiscount") else text
