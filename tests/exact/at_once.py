"""Several proof runs at once, each a process with its own stand-ins, store, ports and folder; each mostly waits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from tests.exact.stand_in import ROOT


def at_once(module: str, runs: Iterable[Sequence[str]], most: int) -> int:
    """`python -m module` once for each of these arguments, so many at a time; prints what each said when it is over.

    Gives how many of them ended with something else than 0.
    """
    with ThreadPoolExecutor(most) as pool:
        bad = 0
        for one in as_completed([pool.submit(_run, module, arguments) for arguments in runs]):
            code, said = one.result()
            bad += bool(code)
            sys.stdout.write(said)
            sys.stdout.flush()
    return bad


def _run(module: str, arguments: Sequence[str]) -> tuple[int, str]:
    line = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + (done.stderr if done.returncode else "")


def shares(whole: int, parts: int) -> list[int]:
    """A number split as evenly as it goes, nothing lost."""
    return [whole // parts + (part < whole % parts) for part in range(parts)]
