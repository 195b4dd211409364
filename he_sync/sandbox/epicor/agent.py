"""The task agent: postings that are submitted now and run later, seen as SysTask rows, and the Erp.PROC services.

A process service hands out a parameter row (GetNewParameters), and runs it at once (RunDirect) or through the agent
(SubmitToAgent). The agent waits by the sandbox's clock for as long as the switch says, and runs what is due at the door
of a later request (`run_due`); so a posting is never done when SubmitToAgent answers. A task that fails ends as ERROR
with the refusal in ActivityMsg, and nothing is posted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from he_sync.sandbox.epicor import rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, dataset_in, register
from he_sync.sandbox.epicor.catalog import table
from he_sync.sandbox.epicor.checks import asking, internal, required
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import KineticError
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.switches import POSTING_DELAY
from he_sync.sandbox.state import State

Run = Callable[[Context, str], object]
PROCESSES: dict[str, Run] = {}
DUE = "epicor.agent_due"
STAMP = "%Y-%m-%dT%H:%M:%S"


def process(name: str, parameters: str, run: Run) -> BusinessObject:
    """Register a process service over a group: its parameter table and what it does with a GroupID."""
    PROCESSES[name] = run

    def asked(args: Row) -> str:
        row = {**table(parameters).defaults(), **asking(dataset_in(args), parameters)}
        required(parameters, row, GroupID="Group")
        return str(row["GroupID"])

    def fresh(_ctx: Context, _args: Row) -> Row:
        return answer({parameters: [{**table(parameters).defaults(), "RowMod": "A"}]})

    def run_direct(ctx: Context, args: Row) -> Row:
        with ctx.transaction():
            run(ctx, asked(args))
        return {}

    def submit_to_agent(ctx: Context, args: Row) -> Row:
        submit(ctx, name, asked(args))
        return {}

    methods = {"GetNewParameters": fresh, "RunDirect": run_direct, "SubmitToAgent": submit_to_agent}
    return register(BusinessObject(name, extra=(parameters,), methods={**methods, "GetDefaults": _same}))


def _same(_ctx: Context, args: Row) -> Row:
    return answer(ds=dataset_in(args))


def submit(ctx: Context, name: str, group: str) -> Row:
    """Queue a process for the agent; the SysTask row is PENDING."""
    due = ctx.state.now() + timedelta(seconds=float(POSTING_DELAY.read(ctx.state)))
    task = {"TaskDescription": name, "TaskType": "process", "TaskStatus": "PENDING", "SubmitUser": ctx.user}
    with ctx.transaction():
        number = rows.next_number(ctx, "SysTask", "SysTaskNum")
        queued = {
            "SysTaskNum": number,
            "RunProcedure": name,
            "ProcessID": group,
            "StartedOn": due.strftime(STAMP),
            **task,
        }
        row = rows.insert(internal(ctx), "SysTask", queued)
        _remember(ctx)
    return row


def run_due(state: State) -> None:
    """Run every task whose time has come, oldest first. Cheap when nothing waits."""
    due = state.setting(DUE)
    if not due or due > state.now().strftime(STAMP):
        return
    for task in _claimed(Context(state, user="agent")):
        _run(Context(state, user=task["SubmitUser"]), task)


def _claimed(ctx: Context) -> list[Row]:
    """The tasks that are due, marked ACTIVE in one transaction, so that two requests never run the same one."""
    now = ctx.state.now().strftime(STAMP)
    with ctx.state.transaction("agent"):
        due = [task for task in _pending(ctx) if task["StartedOn"] <= now]
        claimed = [rows.update(ctx, "SysTask", task, {"TaskStatus": "ACTIVE"}) for task in due]
        _remember(ctx)
    return claimed


def _run(ctx: Context, task: Row) -> None:
    status, text = "COMPLETE", ""
    try:
        with ctx.state.transaction("agent"), ctx.transaction():
            PROCESSES[task["RunProcedure"]](ctx, task["ProcessID"])
    except KineticError as error:
        status, text = "ERROR", error.message
    ended = ctx.state.now().strftime(STAMP)
    rows.update(
        ctx, "SysTask", task, {"TaskStatus": status, "ActivityMsg": text, "EndedOn": ended, "LastActivityOn": ended}
    )


def _pending(ctx: Context) -> list[Row]:
    return sorted(
        rows.find(ctx, "SysTask", TaskStatus="PENDING"), key=lambda task: (task["StartedOn"], task["SysTaskNum"])
    )


def _remember(ctx: Context) -> None:
    waiting = _pending(ctx)
    ctx.state.set_setting(DUE, waiting[0]["StartedOn"] if waiting else "")


SYS_TASK = register(BusinessObject("Ice.BO.SysTaskSvc", sets={"SysTasks": "SysTask"}, root="SysTask"))
