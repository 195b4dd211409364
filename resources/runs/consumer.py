"""A worker looks for its broker once a second, for as long as it takes.

Celery waits two seconds longer each time, up to 30, and gives up after 100 times: a run sent to a Redis that is back
would wait half a minute for the workers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from celery.worker import consumer

BETWEEN = 1.0


class Steady(consumer.Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's consumer but for how often it tries."""

    def ensure_connected(self, conn: Any) -> Any:
        """The connection, once there is one."""
        how = {"interval_start": BETWEEN, "interval_step": 0, "interval_max": BETWEEN}
        conn.ensure_connection = partial(conn.ensure_connection, **how)
        return super().ensure_connected(conn)
