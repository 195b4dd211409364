"""The alert rules looked at beside everything else that the daemon does; what a look is, is the engine's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import dagster as dg

EVERY = 30


class Done(Protocol):
    """What a look did."""

    @property
    def line(self) -> str:
        """For people."""


def watching(look: Callable[[Mapping[str, str]], Done]) -> dg.SensorDefinition:
    """The sensor, twice a minute. A target that is down costs a tick its 10 s and keeps no other one waiting."""

    @dg.sensor(
        name="watching",
        minimum_interval_seconds=EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"memory"},
        description="Judges the alert rules and tells whom it concerns (docs/watching.md)",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        resources: Any = context.resources
        memory = resources.memory
        environ = {**os.environ, "HE_HOME": memory.home, "HE_PROFILE": memory.profile}
        return dg.SkipReason(look(environ | ({"HE_STORE_URL": memory.store_url} if memory.store_url else {})).line)

    return tick
