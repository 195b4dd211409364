"""`--columns FIELD=NAME` of the matching verbs."""

from __future__ import annotations

from collections.abc import Sequence

from he_sync.match.identity import EXTRA
from he_sync.match.reading import GIVEN
from he_sync.model.errors import FixInput


def chosen_columns(given: Sequence[str]) -> dict[str, str]:
    """Own column by field. Raises FixInput for a field that there is none of."""
    found = {}
    for one in ",".join(given).split(",") if given else []:
        name, equals, own = one.partition("=")
        if not equals or name.strip() not in (*GIVEN, *EXTRA):
            raise FixInput(f"--columns {one!r}: write FIELD=NAME, FIELD one of {', '.join((*GIVEN, *EXTRA))}")
        found[name.strip()] = own.strip()
    return found
