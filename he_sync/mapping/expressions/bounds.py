"""What an expression may cost. Each bound is held before anything is run, so that no clock is needed.

A value has at most `LONGEST_RESULT` characters and an expression `MOST_NODES` nodes, so that a record costs some
megabytes at most, however an expression is written.
"""

from __future__ import annotations

LONGEST_EXPRESSION = 2_000
"""Characters of one expression."""
MOST_TOKENS = 400
DEEPEST = 20
"""Brackets, CASEs and operators within one another: the parser is recursive, its stack must not be the bound."""
MOST_NODES = 250
MOST_WORK = 4_000
"""Nodes of what is computed: some functions name their argument several times, and within one another they multiply."""
LONGEST_LITERAL = 500
MOST_LITERAL_DIGITS = 20
MOST_LISTED = 200
"""Values behind IN."""
USUAL_CELL = 4_000
"""Characters of a text field that declares no length."""
LONGEST_CELL = 20_000
LONGEST_RESULT = 100_000
"""Characters that a text may have at any place within an expression."""
LONGEST_PAD = 100
MOST_WILDCARDS = 5
MOST_PRODUCT_SCALE = 18
"""Decimals of a product; beyond it one side is to be rounded first."""
