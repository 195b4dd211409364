"""An accepted rule as a check of a contract, so that quality.contracts sets aside the rows that break it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import pandas as pd
import pandera.pandas as pa

from he_sync.model.contract import Contract, dtypes
from he_sync.model.errors import FixInput
from he_sync.quality.rules.breaking import Frames
from he_sync.quality.rules.rule import Rule


def with_rules(contract: type[Contract], rules: Sequence[Rule], others: Frames | None = None) -> type[Contract]:
    """The contract with a check of a whole row for each rule; `others` are the frames that references point at.

    A reference to a frame that is not at hand is not checked. Raises FixInput for a rule over a column that the
    contract does not have: the contract is what every frame keeps, and a rule beside it would never be looked at.
    """
    at_hand = others or {}
    able = [rule for rule in rules if rule.kind != "reference" or rule.facts["entity"] in at_hand]
    for rule in able:
        if missing := set(rule.columns) - set(dtypes(contract)):
            raise FixInput(f"accepted rule {rule.id} of {rule.entity}: {contract.__name__} has no {', '.join(missing)}")
    if not able:
        return contract
    schema: Any = deepcopy(contract.to_schema())
    schema.checks = [*schema.checks, *(_check(rule, at_hand) for rule in able)]
    return type(contract.__name__, (contract,), {"to_schema": classmethod(lambda _: schema)})


def _check(rule: Rule, others: Frames) -> pa.Check:
    return pa.Check(partial(_holds, rule, others), name=rule.id, error=rule.text)


def _holds(rule: Rule, others: Frames, rows: pd.DataFrame) -> pd.Series:
    return pd.Series(~rule.flags({**others, rule.entity: rows}), index=rows.index)
