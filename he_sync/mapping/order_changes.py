"""A sale that changed after its sales order was made: what to change in the ERP, and what only a person may decide.

Three sides are compared: what was sent, what the sale is now, what stands in the ERP. Only what the POS changed is
changed, so that an ERP user's own edits stay; nothing shipped or invoiced is ever overwritten (reference accounting 5).
`decide` lists, in plain words, what is left for a person; an effect that has it needs approval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from he_sync.mapping.epicor import owner_of
from he_sync.mapping.order_lines import Body, Found, Row, compare_lines, pairs, place_of
from he_sync.mapping.order_state import ChargeState, OrderState
from he_sync.model.money import show, to_major, to_minor

FIXED = frozenset({"Company", "PONum", "OrderDate", "OrderComment", "CurrencyCode", "OrderDtls", "OHOrderMscs"})
"""Never changed after an order is made."""
HOLD = "OrderHeld"


def changes(before: Body, after: Body, state: OrderState) -> Row | None:
    """The change_sales_order body between two create bodies of one sale, as `state` allows; None where nothing changed.

    {owner, header, lines, charges, from_minor, amount_minor, diff, decide}. With `decide`, the rest is what may be done
    without touching what is shipped or invoiced, and `amount_minor` what the order comes to then.
    """
    found = Found(state, lines=list(state.lines), charges=list(state.charges))
    _customer(before, after, found)
    _header(before["header"], after["header"], found)
    compare_lines(before["header"].get("OrderDtls", ()), after["header"].get("OrderDtls", ()), found)
    _charges(_charge_rows(before), _charge_rows(after), found)
    if not found.diff:
        return None
    if state.void:
        found.decide.insert(0, f"sales order {state.number} is void: create it anew, or leave the sale without one")
    elif not state.is_open:
        found.decide.insert(0, f"sales order {state.number} is closed: reopen it, or settle the change by a return")
    elif state.invoiced:
        found.decide.insert(0, f"sales order {state.number} is invoiced: approve what may still change, or settle it")
    return _body(after, found.untouched if state.void or not state.is_open else found)


def _body(after: Body, found: Found) -> Row:
    state, wanted = found.state, int(after["amount_minor"])
    if not found.decide and found.amount_minor != wanted:
        found.decide.append(
            f"sales order {state.number} would come to {show(found.amount_minor, state.currency)} and the sale to "
            f"{show(wanted, state.currency)}: somebody changed it in Epicor; correct one of them"
        )
    return {
        "owner": owner_of(after["header"]["PONum"]),
        "header": found.header,
        "lines": found.ops,
        "charges": found.charge_ops,
        "from_minor": state.amount_minor,
        "amount_minor": found.amount_minor,
        "diff": found.diff,
        "decide": found.decide,
    }


# customer and header


def _customer(before: Body, after: Body, found: Found) -> None:
    old, new = before["customer"], after["customer"]
    if old != new:
        found.tell("customer", old, new)
        found.decide.append(
            f"the customer became {new}: void sales order {found.state.number} and create it anew, or keep {old}"
        )


def _header(before: Body, after: Body, found: Found) -> None:
    """Dates, hold, ship via and the ship-to address. An address that something has gone to stays.

    A hold that somebody released in the ERP already is no change any more, which a person would be asked about.
    """
    names = sorted({*before, *after} - FIXED)
    old = {name: before.get(name, _blank(after.get(name))) for name in names}
    new = {name: after.get(name, _blank(before.get(name))) for name in names}
    changed = {name: new[name] for name in names if old[name] != new[name]}
    if changed.get(HOLD) == found.state.held:
        changed.pop(HOLD, None)
    for name, value in changed.items():
        found.tell(f"ship-to {name.removeprefix('OTS')}" if name.startswith("OTS") else name, old[name], value)
    if found.state.shipped and any(map(_is_address, changed)):
        found.decide.append(
            "the ship-to address changed after part of the order had left: redirect the rest, or keep it"
        )
        changed = {name: value for name, value in changed.items() if not _is_address(name)}
    if changed:
        found.header.update(changed, was={name: old[name] for name in changed})


def _blank(value: Any) -> Any:
    """What a column holds that is not given."""
    return type(value)() if isinstance(value, bool | int) else ""


def _is_address(name: str) -> bool:
    return name == "UseOTS" or name.startswith("OTS")


# charges


def _charge_rows(body: Body) -> list[Body]:
    """The charges of a create body; effects of older stores have theirs beside the header."""
    beside = [
        {"MiscCode": one["code"], "Description": one["text"], "DocMiscAmt": one["amount"]}
        for one in body.get("charges", ())
    ]
    return [*body["header"].get("OHOrderMscs", ()), *beside]


def _charges(before: Sequence[Body], after: Sequence[Body], found: Found) -> None:
    """Charges are the same charge where the code is. One that is no longer wanted becomes 0.00, so that it is seen."""
    for place, new in pairs(before, after, ("MiscCode",)):
        old = None if place is None else before[place]
        nothing = to_major(0, found.state.currency)
        amount = new["DocMiscAmt"] if new else nothing
        if old is None or old["DocMiscAmt"] != amount:
            row = new or old or {}
            found.tell(f"charge {row['MiscCode']}", old["DocMiscAmt"] if old else "", amount)
            _charge(old, {"code": row["MiscCode"], "amount": amount, "text": row["Description"]}, found)


def _charge(old: Body | None, wanted: Row, found: Found) -> None:
    code, minor = wanted["code"], to_minor(wanted["amount"], found.state.currency)
    if found.state.invoiced:
        found.decide.append(
            f"charge {code} changed after the order was invoiced: credit or invoice the difference, or keep it"
        )
    elif old is None:
        found.charge_ops.append({"op": "add", **wanted, "seq": None})
        found.charges.append(ChargeState(0, code, minor))
    elif there := _there(code, to_minor(old["DocMiscAmt"], found.state.currency), found):
        found.charge_ops.append({"op": "set", **wanted, "seq": there.seq})
        found.charges[found.charges.index(there)] = replace(there, amount_minor=minor)
    else:
        number = found.state.number
        found.decide.append(f"charge {code} is no longer on sales order {number}: somebody removed it in Epicor")


def _there(code: str, sent: int, found: Found) -> ChargeState | None:
    """The ERP's charge for one that was sent: of the same code, if possible over the same amount."""
    standing = [one for one in found.charges if one.code == code and one.seq]
    return next(iter([one for one in standing if one.amount_minor == sent] or standing), None)


# cancellation


def cancellation(owner: str, state: OrderState, reason: str = "") -> Row:
    """The cancel_sales_order body. `decide` is empty where nothing has left and nothing is invoiced: then it is voided.

    Otherwise a person closes the rest and takes back what left, or keeps the order open with a reason.
    """
    decide = [
        f"{place_of(line)}: {line.shipped:f} of {line.quantity:f} {line.unit} have left: take them back by a return "
        "and close the rest, or keep the order"
        for line in state.lines
        if line.shipped
    ]
    if state.invoiced:
        decide.append(f"sales order {state.number} is invoiced: credit it, or keep it")
    decide += [
        f"{place_of(line)}: it is being made for this order: stop the job, or keep the goods for stock"
        for line in state.lines
        if line.made and not line.shipped and line.is_open
    ]
    why = reason or "cancelled in Heartland"
    return {"owner": owner, "order_num": state.number, "reason": why, "already": state.void, "decide": decide}
