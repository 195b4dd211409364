"""What is wrong with an expression, and where in it."""

from __future__ import annotations

from he_sync.model.errors import FixInput


class WrongExpression(FixInput):
    """`at` is the place in the expression, counted from 0; `why` says what is wrong without naming the place."""

    def __init__(self, why: str, at: int = 0) -> None:
        super().__init__(f"column {at + 1}: {why}")
        self.why, self.at = why, at
