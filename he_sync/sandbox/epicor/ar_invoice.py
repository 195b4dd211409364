"""AR invoices: entry, invoices from shipments, and posting by group (ARInvoiceSvc, InvcGrpSvc).

Amounts are signed: a credit memo owes less than nothing. InvoiceAmt is lines less discounts, plus charges and tax; the
balance follows it until the invoice is posted. Posting debits receivables and credits revenue and sales tax.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import auth, fiscal, journal, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, dataset_in, register, save
from he_sync.sandbox.epicor.checks import group_id, internal, minor, required, valid
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.journal import Journal, Line
from he_sync.sandbox.epicor.rows import Hooks, Row

GROUP, HEAD, DETAIL, CHARGE, TAX = "InvcGrp", "InvcHead", "InvcDtl", "InvcMisc", "InvcTax"
TYPES = frozenset({"SHP", "ADV", "DEP", "MIS"})
FIRST_INVOICE = 10001
JOURNAL_CODE = "SJ"

# invoices


def new_invoice(ctx: Context, row: Row) -> None:
    """A new invoice's defaults."""
    row.update(
        InvoiceType="MIS",
        InvoiceDate=ctx.today(),
        ApplyDate=ctx.today(),
        OpenInvoice=True,
        CurrencyCode=journal.CURRENCY,
    )


def new_invoice_of_type(ctx: Context, args: Row) -> Row:
    """GetNewInvcHeadType(GroupID, InvoiceType, ds) -> ds with an invoice in the group."""
    ds, group = dataset_in(args), valid(ctx, GROUP, "Group", argument(args, "GroupID"))
    kind = str(argument(args, "InvoiceType")).upper()
    if kind not in TYPES:
        raise Business("Invoice Type references invalid value.", table=HEAD, field="InvoiceType")
    row = rows.new(ctx, HEAD)
    row.update(
        GroupID=group["GroupID"], InvoiceType=kind, InvoiceDate=group["InvoiceDate"], ApplyDate=group["ApplyDate"]
    )
    ds.setdefault(HEAD, []).append(row)
    return answer(ds=ds)


def check_invoice(ctx: Context, row: Row, before: Row | None) -> None:
    """An invoice has a customer, a known type and dates; a posted one stays."""
    if ctx.call and before and before["Posted"]:
        raise Business("Invoice is posted and cannot be changed.", table=HEAD)
    required(HEAD, row, CustNum="Customer")
    customer = valid(ctx, "Customer", "Customer", row["CustNum"])
    row["InvoiceType"] = (row["InvoiceType"] or "MIS").upper()
    if row["InvoiceType"] not in TYPES:
        raise Business("Invoice Type references invalid value.", table=HEAD, field="InvoiceType")
    today = ctx.today()
    row.update(InvoiceDate=row["InvoiceDate"] or today, ApplyDate=row["ApplyDate"] or row["InvoiceDate"] or today)
    row.update(
        fiscal.period(row["ApplyDate"]),
        DueDate=row["DueDate"] or row["InvoiceDate"],
        EntryPerson=row["EntryPerson"] or ctx.user,
    )
    row.update(
        SoldToCustNum=row["SoldToCustNum"] or customer["CustNum"], CurrencyCode=row["CurrencyCode"] or journal.CURRENCY
    )
    if before is None:
        row.update(OpenInvoice=True, Plant=row["Plant"] or ctx.plant)


def check_part(ctx: Context, row: Row, _before: Row | None) -> None:
    """Lines, charges and taxes belong to an invoice that is not posted; base and document amounts are the same."""
    head = valid(ctx, HEAD, "Invoice", row["InvoiceNum"])
    if ctx.call and head["Posted"]:
        raise Business("Invoice is posted and cannot be changed.", table=HEAD)
    for name in ("ExtPrice", "UnitPrice", "Discount", "MiscAmt", "TaxAmt", "TaxableAmt"):
        if name in row:
            row[name] = row[f"Doc{name}"] = row[f"Doc{name}"] or row[name]


def check_line(ctx: Context, row: Row, before: Row | None) -> None:
    """A line's price is quantity times unit price unless it is given."""
    check_part(ctx, row, before)
    quantity = Decimal(row["SellingShipQty"] or row["OurShipQty"])
    row["DocExtPrice"] = row["ExtPrice"] = row["DocExtPrice"] or minor(quantity * Decimal(row["DocUnitPrice"]))


def total(ctx: Context, row: Row, _before: Row | None = None) -> None:
    """The invoice's amount and balance follow what is below it."""
    head = rows.read(ctx, HEAD, row["InvoiceNum"])
    if head is None or head["Posted"]:
        return
    lines = sum(
        (Decimal(one["ExtPrice"]) - Decimal(one["Discount"]) for one in rows.children(ctx, DETAIL, head)), Decimal(0)
    )
    amount = lines + _sum(ctx, CHARGE, head, "MiscAmt") + _sum(ctx, TAX, head, "TaxAmt")
    rows.update(
        internal(ctx), HEAD, head, dict.fromkeys(("InvoiceAmt", "DocInvoiceAmt", "InvoiceBal", "DocInvoiceBal"), amount)
    )


def _sum(ctx: Context, table: str, head: Row, column: str) -> Decimal:
    return sum((Decimal(one[column]) for one in rows.children(ctx, table, head)), Decimal(0))


def keep_posted(ctx: Context, row: Row) -> None:
    """A posted invoice stays."""
    if ctx.call and row["Posted"]:
        raise Business("Invoice is posted and cannot be deleted.", table=HEAD)


def update_master(ctx: Context, args: Row) -> Row:
    """UpdateMaster(ds, cGroupID, cTableName, ...) -> ds, the group's total, lUpdateRan."""
    saved = save(ctx, INVOICES, dataset_in(args))
    amount = sum((Decimal(row["InvoiceAmt"]) for row in _in_group(ctx, str(args.get("cGroupID") or ""))), Decimal(0))
    return answer(
        ds=saved, grpTotalInvAmt=amount, genAmortSched=False, opGenMessage="", opLtrCrdMsg="", lUpdateRan=True
    )


def get_shipments(ctx: Context, args: Row) -> Row:
    """GetShipments(GroupID, CustList, PackSlips, ...): an invoice for every shipped pack asked for and not invoiced."""
    auth.may_write(ctx.user)
    group = valid(ctx, GROUP, "Group", argument(args, "GroupID"))
    asked, customers = (_listed(args.get(name)) for name in ("PackSlips", "CustList"))
    packs = [
        row for row in rows.find(ctx, "ShipHead", Company=ctx.company) if row["ReadyToInvoice"] and not row["Invoiced"]
    ]
    chosen = [
        row
        for row in packs
        if str(row["PackNum"]) in asked or (not asked and (not customers or str(row["CustNum"]) in customers))
    ]
    with ctx.transaction():
        made = [_invoice_pack(ctx, group, pack) for pack in chosen]
    amount = sum((Decimal(row["InvoiceAmt"]) for row in made), Decimal(0))
    numbers = ",".join(str(row["InvoiceNum"]) for row in made)
    return answer(
        Invoices=numbers, Errors="", msgNumInvoices=f"{len(made)} invoices were created.", grpTotalInvAmt=amount
    )


def _listed(text: object) -> set[str]:
    return {part.strip() for part in str(text or "").replace("~", ",").split(",") if part.strip()}


def _invoice_pack(ctx: Context, group: Row, pack: Row) -> Row:
    details = rows.children(ctx, "ShipDtl", pack)
    order = valid(ctx, "OrderHed", "Order", details[0]["OrderNum"])
    taken = {
        "GroupID": group["GroupID"],
        "InvoiceDate": group["InvoiceDate"],
        "ApplyDate": group["ApplyDate"],
        "InvoiceType": "SHP",
    }
    head = rows.insert(
        ctx, HEAD, {**taken, "CustNum": pack["CustNum"], "OrderNum": order["OrderNum"], "PONum": order["PONum"]}
    )
    for place, detail in enumerate(details, start=1):
        rows.insert(
            internal(ctx), DETAIL, {"InvoiceNum": head["InvoiceNum"], "InvoiceLine": place, **_shipped(ctx, detail)}
        )
        rows.update(internal(ctx), "ShipDtl", detail, {"Invoiced": True})
    rows.update(internal(ctx), "ShipHead", pack, {"Invoiced": True})
    return valid(ctx, HEAD, "Invoice", head["InvoiceNum"])


def _shipped(ctx: Context, detail: Row) -> Row:
    line = valid(ctx, "OrderDtl", "Order Line", detail["OrderNum"], detail["OrderLine"])
    quantity = Decimal(detail["OurInventoryShipQty"]) + Decimal(detail["OurJobShipQty"])
    same = (
        "OrderNum",
        "OrderLine",
        "OrderRelNum",
        "PackNum",
        "PackLine",
        "PartNum",
        "LineDesc",
        "IUM",
        "SalesUM",
        "WarehouseCode",
        "CustNum",
    )
    ordered = Decimal(line["OrderQty"]) or quantity
    discount = minor(Decimal(line["DocDiscount"]) * quantity / ordered) if ordered else Decimal(0)
    figures = {
        "OurShipQty": quantity,
        "SellingShipQty": quantity,
        "DocUnitPrice": line["DocUnitPrice"],
        "DocDiscount": discount,
    }
    return {**{column: detail[column] for column in same}, **figures}


# groups


def new_group(ctx: Context, row: Row) -> None:
    """A new group's defaults."""
    row.update(
        InvoiceDate=ctx.today(), ApplyDate=ctx.today(), CreatedBy=ctx.user, ActiveUserID=ctx.user, Plant=ctx.plant
    )


def check_group(_ctx: Context, row: Row, _before: Row | None) -> None:
    """A group has a name and dates."""
    group_id(GROUP, row)
    required(GROUP, row, InvoiceDate="Invoice Date")
    row["ApplyDate"] = row["ApplyDate"] or row["InvoiceDate"]
    row.update(fiscal.period(row["ApplyDate"]))


def _in_group(ctx: Context, group: str) -> list[Row]:
    return rows.sort(rows.find(ctx, HEAD, GroupID=group), rows.prepare(ctx.state, HEAD))


def pre_post_invoices(ctx: Context, args: Row) -> Row:
    """PrePostInvoices(ipTCOnline, ds) -> the warnings of the screen, none here."""
    ds = dataset_in(args)
    for row in ds.get(GROUP) or []:
        valid(ctx, GROUP, "Group", row.get("GroupID") or "")
    texts = dict.fromkeys(("gLMessage", "gLWarning", "collectionsWarning", "currencyWarning"), "")
    return answer(ds=ds, needsUserInput=False, **texts)


def post_invoices(ctx: Context, args: Row) -> Row:
    """PostInvoices(groupID) -> invoicesGenerated, errorMessage (empty on success), legalNumberMessage."""
    group = argument(args, "groupID")
    valid(ctx, GROUP, "Group", group)
    with ctx.transaction():
        waiting = [row for row in _in_group(ctx, group) if not row["Posted"]]
        if not waiting:
            raise Business(f"Group {group} has no invoices to post.", table=GROUP)
        for row in waiting:
            _post(ctx, row)
    numbers = ",".join(str(row["InvoiceNum"]) for row in waiting)
    return answer(invoicesGenerated=numbers, errorMessage="", legalNumberMessage="")


def _post(ctx: Context, head: Row) -> None:
    lines = rows.children(ctx, DETAIL, head)
    store = next((row["WarehouseCode"] for row in lines if row["WarehouseCode"]), head["Plant"])
    amount, tax = Decimal(head["InvoiceAmt"]), _sum(ctx, TAX, head, "TaxAmt")
    parts = (("receivable", amount), ("revenue", tax - amount), ("tax", -tax))
    columns = {"ARInvoiceNum": head["InvoiceNum"], "CustNum": head["CustNum"]}
    text = head["InvoiceComment"] or f"Invoice {head['InvoiceNum']}"
    booked = [Line(journal.control(ctx, name, store), value, text, columns) for name, value in parts if value]
    number = journal.post(
        ctx, Journal(JOURNAL_CODE, head["ApplyDate"], booked, "AR", head["GroupID"], (HEAD, str(head["InvoiceNum"])))
    )
    done = {
        "Posted": True,
        "GLPosted": True,
        "JournalCode": JOURNAL_CODE,
        "JournalNum": number,
        "OpenInvoice": bool(amount),
    }
    rows.update(internal(ctx), HEAD, head, done)


INVOICES = register(
    BusinessObject(
        "Erp.BO.ARInvoiceSvc",
        sets={"ARInvoices": HEAD, "InvcDtls": DETAIL, "InvcMiscs": CHARGE, "InvcTaxes": TAX},
        root=HEAD,
        hooks={
            HEAD: Hooks(("InvoiceNum", FIRST_INVOICE), new_invoice, check_invoice, before_delete=keep_posted),
            DETAIL: Hooks(("InvoiceLine", 1), before_write=check_line, after_write=total, after_delete=total),
            CHARGE: Hooks(("SeqNum", 1), before_write=check_part, after_write=total, after_delete=total),
            TAX: Hooks(before_write=check_part, after_write=total, after_delete=total),
        },
        methods={
            "GetNewInvcHeadType": new_invoice_of_type,
            "GetShipments": get_shipments,
            "PreUpdate": lambda _ctx, args: answer(ds=dataset_in(args), requiresUserInput=False),
            "UpdateMaster": update_master,
        },
    )
)
GROUPS = register(
    BusinessObject(
        "Erp.BO.InvcGrpSvc",
        sets={"InvcGrps": GROUP},
        root=GROUP,
        hooks={GROUP: Hooks(new=new_group, before_write=check_group)},
        methods={"PrePostInvoices": pre_post_invoices, "PostInvoices": post_invoices},
    )
)
