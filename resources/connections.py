"""The three systems as a resource: addresses and credentials in, clients out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from he_sync.connect.systems import Systems, connect
from he_sync.settings import Settings, variable


class ConnectionsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Heartland Retail, GP-API and Epicor.

    A secret that is empty here comes from the environment, or from the file that NAME_FILE names, when a step begins:
    Dagster's own EnvVar knows no files, and what it never has it cannot show.
    """

    home: str
    heartland_url: str
    gp_url: str
    gp_app_id: str
    epicor_url: str
    epicor_company: str
    epicor_user: str
    epicor_plant: str = ""
    heartland_token: str = ""
    gp_app_key: str = ""
    epicor_password: str = ""
    epicor_api_key: str = ""

    @contextmanager
    def systems(self) -> Iterator[Systems]:
        """Clients for the time of one step."""
        settings = Settings(
            home=Path(self.home),
            profile=Path(self.home) / "profile.yaml",
            heartland_url=self.heartland_url,
            gp_url=self.gp_url,
            gp_app_id=self.gp_app_id,
            portico_url="",
            epicor_url=self.epicor_url,
            epicor_company=self.epicor_company,
            epicor_user=self.epicor_user,
            epicor_plant=self.epicor_plant,
            heartland_token=self.heartland_token or variable("HE_HEARTLAND_TOKEN", os.environ),
            gp_app_key=self.gp_app_key or variable("HE_GP_APP_KEY", os.environ),
            portico_key="",
            epicor_password=self.epicor_password or variable("HE_EPICOR_PASSWORD", os.environ),
            epicor_api_key=self.epicor_api_key or variable("HE_EPICOR_API_KEY", os.environ),
        )
        with connect(settings) as systems:
            yield systems
