"""A small shop that happened, over HTTP, and the definitions that work on it."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

import definitions
from he_sync.cli import house
from he_sync.sandbox import world
from he_sync.store.database import Store, open_store
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

FRIDAY = date(2026, 11, 20)
NAMES = (
    "heartland_url",
    "heartland_token",
    "gp_url",
    "gp_app_id",
    "gp_app_key",
    "epicor_url",
    "epicor_company",
    "epicor_user",
    "epicor_password",
    "epicor_api_key",
)


@dataclass(frozen=True)
class Stage:
    """The sandbox, the home and the definitions of one installation."""

    sandbox: Any
    home: Path
    defs: dg.Definitions

    def run(self, instance: dg.DagsterInstance, job: str, **options: Any) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def(job).execute_in_process(instance=instance, **options)

    def store(self) -> Store:
        return open_store(self.home / "he_sync.db")


def built(sandbox: Any, home: Path, *, seed: int, days: int) -> Stage:
    """A small world that happened on so many days up to Friday."""
    world.create(sandbox.state, size="small", seed=seed)
    for back in range(days - 1, -1, -1):
        world.happen(sandbox.state, FRIDAY - timedelta(days=back))
    environment = house.sandbox_environment(sandbox, home, world.profile(sandbox.state))
    connections = ConnectionsResource(home=str(home), **{name: environment[f"HE_{name.upper()}"] for name in NAMES})
    memory = MemoryResource(home=str(home), profile=environment["HE_PROFILE"])
    return Stage(sandbox, home, definitions.build(resources={"memory": memory, "connections": connections}))
