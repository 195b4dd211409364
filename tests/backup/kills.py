"""`python -m tests.backup.kills HOME BACKUPS AGAIN create|restore KILLS`: killed at points spread over all of the work.

And at the last call of each of our functions: most calls are of one that reads files, and points spread over calls
alone had left out the moments in which the store is put. A child is forked for each point and kills itself before that
call, unless the one before it left less to do. Prints how many were killed and what was wrong with what was left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from he_sync.model.errors import FixInput
from he_sync.store import audit, backup
from he_sync.store.backup import Place
from he_sync.store.database import open_store

Point = tuple[str, int]
"""A function of ours, and which of its calls."""
OURS = str(Path(backup.__file__).parent)


def counted(work: Callable[[], object], last: Point | None = None) -> list[Point]:
    """Run the work and kill this process at that call; gives all calls."""
    seen, calls = Counter[str](), list[Point]()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event in {"call", "c_call"} and frame.f_code.co_filename.startswith(OURS):
            name = frame.f_code.co_qualname
            seen[name] += 1
            calls.append((name, seen[name]))
            if calls[-1] == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    work()
    sys.setprofile(None)
    return calls


def points(calls: Sequence[Point], spread: int) -> list[Point]:
    """In the order of the work."""
    chosen = {*dict(calls).items(), *(calls[len(calls) * number // spread] for number in range(spread))}
    return [call for call in calls if call in chosen]


def killed(work: Callable[[], object], last: Point) -> bool:
    child = os.fork()
    if child == 0:
        counted(work, last)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def half(place: Place, again: Path) -> Iterator[str]:
    """What must not be: a backup that is listed and not whole, a store that is there and not all of it."""
    for one in backup.listing(place.backups):
        try:
            backup.verify(place.backups / one.name)
        except FixInput as error:
            yield str(error)
    if (again / "he_sync.db").exists():
        with open_store(again / "he_sync.db") as store:
            if len(audit.deeds(store, backup.DEED)) != 1:
                yield "the store is there and was not restored to the end"
        if not (again / "profile.yaml").exists():
            yield "the store is there before its files"


def main(home: str, backups: str, again: str, what: str, kills: str) -> None:
    place, target = Place(Path(home), Path(backups)), Path(again)

    def create() -> None:
        with open_store(place.home / "he_sync.db") as store:
            backup.create(store, place)

    def restore() -> None:
        backup.restore(backup.named(place.backups, ""), target, target / "he_sync.db", "dana")

    work = create if what == "create" else restore
    calls = counted(work)
    findings, dead = [], 0
    for number, point in enumerate(points(calls, int(kills))):
        if number % 4 == 0:  # the others go on where a killed one left off
            shutil.rmtree(target, ignore_errors=True)
        (target / "he_sync.db").unlink(missing_ok=True)
        dead += killed(work, point)
        findings += half(place, target)
    shutil.rmtree(target / "he_sync.db", ignore_errors=True)
    (target / "he_sync.db").unlink(missing_ok=True)
    work()
    findings += half(place, target)
    left = [path.name for path in (*target.glob(".*"), *place.backups.glob(".*.part"))]
    findings += [f"{name} was left behind" for name in left]
    sys.stdout.write(json.dumps({"killed": dead, "findings": findings}))


if __name__ == "__main__":
    main(*sys.argv[1:])
