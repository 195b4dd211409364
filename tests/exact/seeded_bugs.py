"""Bugs on purpose: each is put into a copy of the tree, and a named test must turn red.

`python -m tests.exact.seeded_bugs [NAME ...]` prints bug, test and whether it was caught. A bug is one replacement of
text that must fit exactly once, so that a bug which no longer fits the code is noticed. Red means that tests failed;
a copy that cannot be imported proves nothing and counts as broken.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from tests.exact.bugs import BUGS, Bug

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".git", ".venv", "var", "*.egg-info", ".*_cache", ".hypothesis")
GREEN, RED, HUNG = 0, 1, -1
LONGEST_SECONDS = 600
Verdict = Literal["caught", "missed", "broken"]


@dataclass(frozen=True)
class Proof:
    """What became of one bug."""

    bug: Bug
    verdict: Verdict
    seconds: float
    said: str


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree to break."""
    with tempfile.TemporaryDirectory(prefix="he-sync-bugs-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        yield tree


@contextmanager
def planted(tree: Path, bug: Bug) -> Iterator[None]:
    """The copy with the bug in it. Raises LookupError where the bug does not fit the code exactly once."""
    path = tree / bug.file
    right = path.read_text(encoding="utf-8") if path.exists() else ""
    if (found := right.count(bug.old)) != 1:
        raise LookupError(f"{bug.name}: {bug.file} holds its place {found} times; write the bug anew")
    path.write_text(right.replace(bug.old, bug.new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(right, encoding="utf-8")


def prove(tree: Path, bug: Bug) -> Proof:
    """Run the bug's test in the broken copy."""
    started = time.monotonic()
    options = (
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-W",
        "ignore::pytest.PytestUnraisableExceptionWarning",
    )
    line = [sys.executable, "-B", "-m", "pytest", *options, *bug.tests]
    with planted(tree, bug), tempfile.TemporaryFile("w+") as said:
        try:
            code = subprocess.run(
                line,
                cwd=tree,
                env={**os.environ, "PYTHONPATH": str(tree)},
                stdout=said,
                stderr=said,
                timeout=LONGEST_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = HUNG
        said.seek(0)
        told = said.read()
    verdict: Verdict = "caught" if code == RED else "missed" if code == GREEN else "broken"
    return Proof(bug, verdict, time.monotonic() - started, told)


def shown(proofs: Iterable[Proof]) -> Table:
    """One line a bug."""
    table = Table(title="seeded bugs", title_justify="left")
    for column in ("bug", "test", "verdict", "s"):
        table.add_column(column)
    for one in proofs:
        table.add_row(one.bug.name, " ".join(one.bug.tests), one.verdict, f"{one.seconds:.0f}")
    return table


def main(names: list[str]) -> None:
    """Prove all bugs, or those named; exit 1 where one was not caught."""
    console = Console(width=200)
    chosen = [bug for bug in BUGS if not names or bug.name in names]
    proofs = []
    with copied() as tree:
        for bug in chosen:
            proofs.append(one := prove(tree, bug))
            console.print(f"{one.verdict:7} {bug.name} ({one.seconds:.0f} s)")
            if one.verdict != "caught":
                console.print(one.said[-3000:], markup=False)
    console.print(shown(proofs))
    caught = sum(one.verdict == "caught" for one in proofs)
    console.print(f"{caught} of {len(proofs)} bugs caught")
    raise SystemExit(int(caught != len(proofs)))


if __name__ == "__main__":
    main(sys.argv[1:])
