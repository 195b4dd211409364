"""PartTranSvc: the movement ledger of stock, to read. Rows come from movements (stock.py) and never change."""

from __future__ import annotations

from he_sync.sandbox.epicor.bo import BusinessObject, register
from he_sync.sandbox.epicor.checks import server_only
from he_sync.sandbox.epicor.rows import Hooks

CLOSED = server_only("Part transactions")

PART_TRAN = register(
    BusinessObject(
        "Erp.BO.PartTranSvc",
        sets={"PartTrans": "PartTran"},
        root="PartTran",
        hooks={"PartTran": Hooks(before_write=CLOSED, before_delete=CLOSED)},
    )
)
