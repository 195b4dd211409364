"""Suggestions for two wide CSV files in a process that has imported nothing of ours before the clock starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIDES = ("wide.source.csv", "wide.target.csv")


@contextmanager
def suggested(folder: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Imports, reading and matching of the files of SIDES."""

    def run() -> dict[str, Any]:
        from he_sync.mapping.suggest.reading import read_table  # noqa: PLC0415 - measured
        from he_sync.mapping.suggest.suggestions import suggest  # noqa: PLC0415 - measured

        return {"rows": len(suggest(*(read_table(Path(folder) / side) for side in SIDES)))}

    yield run
