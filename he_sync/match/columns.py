"""Names of the columns: what comes in, and what standardising adds. The one list that every step reads."""

from __future__ import annotations

GIVEN = ("id", "first_name", "last_name", "company", "email", "phone", "street", "city", "state", "zip", "created")
"""Columns of an input. `created` may be missing: it is shown and used for survivorship, never compared."""
OPTIONAL = frozenset({"created"})
LEFT, RIGHT = "left", "right"
