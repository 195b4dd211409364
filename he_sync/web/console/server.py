"""Serves the console on this machine's own address, and prints the address to begin with."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import uvicorn

from he_sync.model.errors import FixInput
from he_sync.settings import home_and_profile, store_address
from he_sync.store.database import open_store
from he_sync.web.console.app import console
from he_sync.web.console.door import Keys, key_of
from he_sync.web.console.lines import log_cleanly
from he_sync.web.console.oidc.settings import oidc_settings
from he_sync.web.console.place import Place
from he_sync.web.console.users import Users

HOST, PORT = "127.0.0.1", 7220
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def installation(home: Path | None) -> Path:
    """The home folder, which is HE_HOME from now on. Raises FixInput where there is no installation."""
    if home:
        os.environ["HE_HOME"] = str(home)
    folder = home_and_profile()[0]
    if not folder.is_dir():
        raise FixInput(f"{folder} is not there; set HE_HOME to the installation's folder, or close a date first")
    return folder


def serve(port: int = PORT, home: Path | None = None) -> None:
    """Serve until SIGTERM, to this machine only.

    Raises FixInput where there is no installation, FixSettings for a key that others could have read.
    """
    log_cleanly()
    folder = installation(home)
    keys = Keys(key_of(folder))
    with open_store(store_address()) as store:
        place = Place(store, os.environ, getpass.getuser(), os.environ.get("HE_DAGSTER_URL", ""))
        way_in = "sign-in" if Users(folder).known() or oidc_settings(os.environ) else f"enter/{keys.way_in}"
        sys.stdout.write(f"console: http://{HOST}:{port}/{way_in}\n")
        sys.stdout.flush()
        uvicorn.run(
            console(place, keys, LOOPBACK),
            host=HOST,
            port=port,
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
        )
