"""An accepted rule as an expectation of the suite, where the library has one that says the same.

It has none for dependencies, references and products: those stay checks of the contract (quality.rules.enforced).
"""

from __future__ import annotations

from he_sync.quality.close_suite.rules import Rule, once
from he_sync.quality.rules.rule import Rule as Inferred


def expected(rule: Inferred) -> Rule | None:
    """The expectation, with the rule's own words as the reason."""
    why = f"accepted rule {rule.id}: {rule.text}"
    first = {"column": rule.columns[0]}
    match rule.kind:
        case "key" if len(rule.columns) == 1:
            return Rule("ColumnValuesToBeUnique", why, first)
        case "key":
            return once(rule.columns, why)
        case "domain":
            return Rule("ColumnValuesToBeInSet", why, {**first, "value_set": list(rule.facts["values"])})
        case "range":
            ends = {"min_value": rule.facts.get("least"), "max_value": rule.facts.get("most")}
            return Rule("ColumnValuesToBeBetween", why, {**first, **{k: v for k, v in ends.items() if v is not None}})
        case "order":
            later, earlier = rule.columns[1], rule.columns[0]
            return Rule(
                "ColumnPairValuesAToBeGreaterThanB", why, {"column_A": later, "column_B": earlier, "or_equal": True}
            )
        case _:
            return None
