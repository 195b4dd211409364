"""`make audit`: bill of materials, licences, secrets in tree and history, known vulnerabilities; files in var/audit.

Exit 1 where something was found. What could not run says "not run" and why; it is no success and no failure, unless
`--strict` asks for all of it.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError

from tests.supply import licences, secrets, vulnerabilities
from tests.supply.lock import Package, packages
from tests.supply.sbom import bill

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
Part = tuple[str, str, tuple[str, ...]]
"""What was looked at, the verdict, and lines for people."""


def parts(out: Path) -> Iterator[Part]:
    """Each part in turn; writes sbom.json and licences.tsv."""
    out.mkdir(parents=True, exist_ok=True)
    some = packages(LOCK)
    yield _bill(some, out)
    (out / "licences.tsv").write_text(licences.listed(some), encoding="utf-8")
    refused = tuple(licences.denied(some))
    yield "licences", "found" if refused else "clean", refused or (f"{len(some)} packages",)
    for what, look in (("secrets in the tree", secrets.in_tree), ("secrets in the history", secrets.in_history)):
        try:
            found = tuple(map(str, look(ROOT)))
        except (CalledProcessError, OSError):
            yield what, vulnerabilities.NOT_RUN, ("no git history is here",)
        else:
            yield what, "found" if found else "clean", found
    answer = vulnerabilities.ask(LOCK)
    yield "known vulnerabilities", answer.verdict, answer.lines


def _bill(some: list[Package], out: Path) -> Part:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    (out / "sbom.json").write_text(bill(some, version), encoding="utf-8")
    return "bill of materials", "clean", (f"{len(some)} packages, CycloneDX 1.6, in {out / 'sbom.json'}",)


def main(words: list[str]) -> int:
    """Print each part as it ends; gives the exit code."""
    asked = argparse.ArgumentParser(prog="make audit")
    asked.add_argument("--out", type=Path, default=Path("var/audit"))
    asked.add_argument("--strict", action="store_true", help="what did not run is a failure too")
    said = asked.parse_args(words)
    bad = {"found", vulnerabilities.NOT_RUN} if said.strict else {"found"}
    code = 0
    for what, verdict, lines in parts(said.out):
        sys.stdout.write(f"{what:24} {verdict:8} {lines[0] if lines else ''}\n")
        sys.stdout.writelines(f"{'':33} {line}\n" for line in lines[1:])
        code |= verdict in bad
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
