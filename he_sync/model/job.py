"""Job: production in the ERP that an order waits for."""

from __future__ import annotations

import pandera.pandas as pa

from he_sync.model.contract import Contract


class Jobs(Contract):
    """One row a job. Source: Epicor `JobEntries` (table JobHead); there is no `JobCompleted`, it is JobComplete."""

    job_num: str = pa.Field(str_length={"min_value": 1}, unique=True)
    sku: str
    quantity_milli: int = pa.Field(ge=0)
    completed_milli: int = pa.Field(ge=0)
    complete: bool
    closed: bool
    revision: int = pa.Field(gt=0)
