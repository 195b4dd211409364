"""datacompy's comparison of the same two files, run by the Python of an environment of its own: it caps pandas."""

from __future__ import annotations

import sys

import datacompy
import pandas as pd


def main(left: str, right: str) -> None:
    """Compare and render its report, as its users do."""
    compared = datacompy.PandasCompare(pd.read_parquet(left), pd.read_parquet(right), join_columns="key")
    print(compared.report())  # noqa: T201 - its result


if __name__ == "__main__":
    main(*sys.argv[1:])
