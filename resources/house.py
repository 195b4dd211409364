"""The resources of this code location as the environment configures them."""

from __future__ import annotations

from typing import Any

import dagster as dg

from resources.connections import ConnectionsResource
from resources.memory import MemoryResource


def build_resources() -> dict[str, Any]:
    """Every value is an EnvVar, read when a run starts and frozen in no snapshot; secrets are read later still."""
    home, profile = dg.EnvVar("HE_HOME"), dg.EnvVar("HE_PROFILE")
    return {
        "memory": MemoryResource(home=home, profile=profile),
        "connections": ConnectionsResource(
            home=home,
            heartland_url=dg.EnvVar("HE_HEARTLAND_URL"),
            gp_url=dg.EnvVar("HE_GP_URL"),
            gp_app_id=dg.EnvVar("HE_GP_APP_ID"),
            epicor_url=dg.EnvVar("HE_EPICOR_URL"),
            epicor_company=dg.EnvVar("HE_EPICOR_COMPANY"),
            epicor_user=dg.EnvVar("HE_EPICOR_USER"),
        ),
    }
