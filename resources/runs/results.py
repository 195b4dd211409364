"""What became of a run's task, asked when somebody wants to know.

Celery's own backend subscribes to the result of each task that it sends, on a connection that breaks with its Redis:
from then on sending raises a bare RuntimeError instead of saying that the broker does not answer, and no run starts.
"""

from __future__ import annotations

from typing import Any

from celery.backends.redis import RedisBackend

PREFIX = f"{__name__}:Asked+"
"""Before the address of a Redis: names the class to Celery."""


class Asked(RedisBackend):  # type: ignore[misc]  # Celery has no types
    """States in Redis, without a subscription."""

    def on_task_call(self, producer: Any, task_id: str) -> None:
        """Nobody waits for the result."""
