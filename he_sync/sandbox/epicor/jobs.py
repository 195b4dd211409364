"""Jobs: JobEntrySvc, and JobClosingSvc that completes and closes them.

Completing a job receives what it made into stock (MFG-STK), once: QtyCompleted, or ProdQty when nothing was reported.
The receipt goes to the warehouses of the job's make-to-stock rows (JobProd without order), else to the part's primary
warehouse. A job number is text; the server hands out the next number with leading zeros (the format is our choice).
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.sandbox.epicor import rows, stock
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, dataset_in, register
from he_sync.sandbox.epicor.catalog import table
from he_sync.sandbox.epicor.checks import asking, internal, required, valid
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.rows import Hooks, Row
from he_sync.sandbox.epicor.stock import Movement

HEAD, DEMAND, CLOSING = "JobHead", "JobProd", "JobClosing"
NEXT_JOB = "epicor.next_job"
FIRST_JOB = 2001


def next_job_number(ctx: Context) -> str:
    """The next free job number; handed out once, whether it is used or not."""
    with ctx.transaction():
        number = int(ctx.state.setting(NEXT_JOB, str(FIRST_JOB)))
        while rows.read(ctx, HEAD, f"{number:06d}") is not None:
            number += 1
        ctx.state.set_setting(NEXT_JOB, str(number + 1))
    return f"{number:06d}"


def get_next_job_num(ctx: Context, _args: Row) -> Row:
    """() -> opNextJobNum."""
    return answer(opNextJobNum=next_job_number(ctx))


def new_job(ctx: Context, row: Row) -> None:
    """A new job's defaults."""
    row.update(Plant=ctx.plant, JobType="MFG", CreateDate=ctx.today())


def check_job(ctx: Context, row: Row, before: Row | None) -> None:
    """A job makes a known part in some quantity; a closed one cannot be edited."""
    if before and before["JobClosed"]:
        raise Business("Job is closed. Changes are not allowed.", table=HEAD)
    required(HEAD, row, PartNum="Part")
    part = valid(ctx, "Part", "Part", row["PartNum"])
    if Decimal(row["ProdQty"]) < 0:
        raise Business("Production Quantity must be positive.", table=HEAD, field="ProdQty")
    if row["JobClosed"] and not row["JobComplete"]:
        raise Business("Job must be complete before it can be closed.", table=HEAD, field="JobClosed")
    row.update({column: row[column] or value for column, value in _defaults(ctx, part).items()})
    row.update(LastChangedBy=ctx.user, LastChangedOn=ctx.today(), JobNum=row["JobNum"] or next_job_number(ctx))
    row["JobCompletionDate"] = (row["JobCompletionDate"] or ctx.today()) if row["JobComplete"] else None
    row["ClosedDate"] = (row["ClosedDate"] or ctx.today()) if row["JobClosed"] else None


def _defaults(ctx: Context, part: Row) -> Row:
    named = {"PartDescription": part["PartDescription"], "IUM": part["IUM"]}
    return {**named, "Plant": ctx.plant, "JobType": "MFG", "CreateDate": ctx.today()}


def follow_job(ctx: Context, row: Row, before: Row | None) -> None:
    """A job that becomes complete puts what it made into stock."""
    if row["JobComplete"] and not (before and before["JobComplete"]):
        for demand in _to_stock(ctx, row):
            _receive(ctx, row, demand)


def _to_stock(ctx: Context, job: Row) -> list[Row]:
    """The make-to-stock rows; a job without any demand gets one for all that it made."""
    found = rows.children(ctx, DEMAND, job)
    if found:
        return [row for row in found if not row["OrderNum"]]
    plant = rows.read(ctx, "PartPlant", job["PartNum"], job["Plant"])
    warehouse = plant["PrimWhse"] if plant else ""
    made = Decimal(job["QtyCompleted"] or job["ProdQty"])
    return [
        rows.insert(
            internal(ctx),
            DEMAND,
            {"JobNum": job["JobNum"], "PartNum": job["PartNum"], "WarehouseCode": warehouse, "ProdQty": made},
        )
    ]


def _receive(ctx: Context, job: Row, demand: Row) -> None:
    quantity = Decimal(demand["ProdQty"]) - Decimal(demand["ReceivedQty"])
    if quantity <= 0:
        return
    where = (job["PartNum"], demand["WarehouseCode"], "")
    date = job["JobCompletionDate"] or ctx.today()
    stock.move(ctx, Movement("MFG-STK", *where, quantity, job["IUM"], date, {"JobNum": job["JobNum"]}))
    rows.update(internal(ctx), DEMAND, demand, {"ReceivedQty": Decimal(demand["ProdQty"])})


def keep_job(_ctx: Context, row: Row) -> None:
    """Only a job that was never complete can be deleted."""
    if row["JobComplete"]:
        raise Business("Job is complete and cannot be deleted.", table=HEAD)


def check_demand(ctx: Context, row: Row, _before: Row | None) -> None:
    """A demand row belongs to an open job, and points at an order release or at a warehouse."""
    job = valid(ctx, HEAD, "Job Number", row["JobNum"])
    if job["JobClosed"] and ctx.call:
        raise Business("Job is closed. Changes are not allowed.", table=DEMAND)
    if row["OrderNum"]:
        valid(ctx, "OrderRel", "Order Release", row["OrderNum"], row["OrderLine"], row["OrderRelNum"])
    row.update(PartNum=row["PartNum"] or job["PartNum"], Plant=row["Plant"] or job["Plant"])


# closing


def new_closing(ctx: Context, args: Row) -> Row:
    """GetNewJobClosing(ds) -> ds with an empty row to name a job in."""
    ds = dataset_in(args)
    ds.setdefault(CLOSING, []).append(rows.new(ctx, CLOSING))
    return answer(ds=ds)


def choose_job(ctx: Context, args: Row) -> Row:
    """OnChangeJobNum(pcJobNum, ds) -> ds with the job's figures, pcMessage."""
    ds, number = dataset_in(args), argument(args, "pcJobNum")
    asking(ds, CLOSING).update(_closing(ctx, number))
    return answer(ds=ds, pcMessage="")


def select_job(ctx: Context, args: Row) -> Row:
    """SelectJobByJobNum(jobNum) -> the closing row of that job."""
    return answer({CLOSING: [{**table(CLOSING).defaults(), **_closing(ctx, argument(args, "jobNum"))}]})


def _closing(ctx: Context, number: str) -> Row:
    job = valid(ctx, HEAD, "Job Number", number)
    same = (
        "JobNum",
        "PartNum",
        "PartDescription",
        "ProdQty",
        "JobComplete",
        "JobCompletionDate",
        "JobClosed",
        "ClosedDate",
        "WIPCleared",
    )
    received = sum((Decimal(row["ReceivedQty"]) for row in rows.children(ctx, DEMAND, job)), Decimal(0))
    figures = {
        "CompleteQty": job["QtyCompleted"],
        "ReceivedToStockQty": received,
        "JobUOM": job["IUM"],
        "UserAllowedToCloseJob": True,
    }
    return {"Company": ctx.company, **{column: job[column] for column in same}, **figures, "RowMod": "U"}


def change_completion(ctx: Context, args: Row) -> Row:
    """OnChangeJobCompletion(ds): the completion date follows JobComplete."""
    ds = dataset_in(args)
    row = asking(ds, CLOSING)
    row["JobCompletionDate"] = ctx.today() if row.get("JobComplete") else None
    return answer(ds=ds)


def change_closed(ctx: Context, args: Row) -> Row:
    """OnChangeJobClosed(ds): the closing date follows JobClosed."""
    ds = dataset_in(args)
    row = asking(ds, CLOSING)
    row["ClosedDate"] = ctx.today() if row.get("JobClosed") else None
    return answer(ds=ds)


def pre_close(_ctx: Context, args: Row) -> Row:
    """PreCloseJob(ds) -> RequiresUserInput, never here."""
    return answer(ds=dataset_in(args), RequiresUserInput=False)


def close_job(ctx: Context, args: Row) -> Row:
    """CloseJob(ds) -> pcMessage: what the row says about completion and closing becomes so."""
    ds = dataset_in(args)
    row = asking(ds, CLOSING)
    asked = rows.typed(
        table(CLOSING),
        {column: row.get(column) for column in ("JobComplete", "JobCompletionDate", "JobClosed", "ClosedDate")},
    )
    rows.update(ctx, HEAD, valid(ctx, HEAD, "Job Number", str(row.get("JobNum") or "")), asked)
    row.update(_closing(ctx, row["JobNum"]), RowMod="")
    return answer(ds=ds, pcMessage="")


def same(_ctx: Context, args: Row) -> Row:
    """ChangeJobHeadJobEngineered, ChangeJobHeadJobReleased(ds): the row says it already; nothing hangs on it here."""
    ds = dataset_in(args)
    asking(ds, HEAD)
    return answer(ds=ds)


ENTRY = register(
    BusinessObject(
        "Erp.BO.JobEntrySvc",
        sets={"JobEntries": HEAD, "JobProds": DEMAND, "JobParts": "JobPart"},
        root=HEAD,
        hooks={
            HEAD: Hooks(new=new_job, before_write=check_job, after_write=follow_job, before_delete=keep_job),
            DEMAND: Hooks(before_write=check_demand),
        },
        methods={
            "GetNextJobNum": get_next_job_num,
            "ChangeJobHeadJobEngineered": same,
            "ChangeJobHeadJobReleased": same,
        },
    )
)
CLOSE = register(
    BusinessObject(
        "Erp.BO.JobClosingSvc",
        extra=(CLOSING,),
        methods={
            "GetNewJobClosing": new_closing,
            "OnChangeJobNum": choose_job,
            "SelectJobByJobNum": select_job,
            "OnChangeJobCompletion": change_completion,
            "OnChangeJobClosed": change_closed,
            "PreCloseJob": pre_close,
            "CloseJob": close_job,
        },
    )
)
