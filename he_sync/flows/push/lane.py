"""One system during one push: how many calls it gets at a time, and when it is left alone.

The first call goes alone, and each answer lets one more go beside it: a system that is down is asked MOST_FAILURES
times, not that many times the number of threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field

from he_sync.flows.push.outcome import MOST_FAILURES, Attempt
from he_sync.store.effects import Claimed

LOOK, WRITE = "look", "write"
WORKERS = 6
"""Calls at a time. Heartland bears 10 to 20; on a near system more threads only get in each other's way (measured)."""


@dataclass(frozen=True)
class Task:
    """What is done with each job: `work` in a thread of the pool, or in the caller's while one goes at a time.

    `ready` and `told` are always the caller's, so that one thread writes the store. A job whose `ready` gives None is
    dropped. `singly`: one at a time whatever the window.
    """

    doing: str
    work: Callable[[Claimed], Attempt]
    told: Callable[[Claimed, Attempt], None]
    ready: Callable[[Claimed], Claimed | None] = lambda claimed: claimed
    singly: bool = False


@dataclass
class Lane:
    """What is known of a system since the push began; `stopped` says why it gets nothing further.

    `settling`: effects in doubt may still be due. Look-ups and writes have windows of their own: a system whose reads
    are quick may still hang at its first write.
    """

    target: str
    windows: dict[str, int] = field(default_factory=lambda: {LOOK: 1, WRITE: 1})
    settling: bool = True
    unanswered: int = 0
    stopped: str = ""

    def answered(self, doing: str = "") -> None:
        """A call had an answer, whatever it said."""
        self.unanswered = 0
        if doing:
            self.windows[doing] = min(self.windows[doing] + 1, WORKERS)

    def silent(self, reason: str) -> None:
        """A call had none."""
        self.unanswered, self.windows = self.unanswered + 1, {LOOK: 1, WRITE: 1}
        if self.unanswered >= MOST_FAILURES:
            self.stop(reason)

    def stop(self, reason: str) -> None:
        """Nothing further goes to the system in this push. The first reason stands."""
        self.stopped = self.stopped or reason

    def spread(self, pool: Executor, jobs: Iterable[Claimed], task: Task) -> list[Claimed]:
        """Do a task for all jobs in their order; those that were not begun when the system was stopped come back."""
        waiting, running = deque(jobs), dict[Future[Attempt], Claimed]()
        while waiting or running:
            while waiting and len(running) < self._width(task) and not self.stopped:
                job = task.ready(waiting.popleft())
                if job is None:
                    continue
                if self._width(task) == 1 and not running:
                    task.told(job, task.work(job))
                else:
                    running[pool.submit(task.work, job)] = job
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task.told(running.pop(future), future.result())
        return list(waiting)

    def _width(self, task: Task) -> int:
        return 1 if task.singly else self.windows[task.doing]
