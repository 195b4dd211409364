"""Which run waits in the queue and which starts at once."""

from __future__ import annotations

from dagster import DagsterRun, QueuedRunCoordinator
from dagster._core.run_coordinator.base import SubmitRunContext

AT_ONCE = "he/at_once"
"""Run tag. Such a run takes no place in the queue: an event must not wait until a back-fill of a year is through."""


class AtOnceOrQueued(QueuedRunCoordinator):
    """Dagster's queue, but for runs tagged `he/at_once`: the daemon looks into the queue once a second at best."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Launch or enqueue. Raises what the launcher raises; the run has failed then."""
        run = context.dagster_run
        if AT_ONCE in run.tags and self.has_instance:
            return self._instance.launch_run(run.run_id, context.workspace)
        return super().submit_run(context)
