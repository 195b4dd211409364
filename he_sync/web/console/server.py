"""Serves the console on this machine's own address, and prints the address that lets its user in."""

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
from he_sync.web.console.place import Place

HOST, PORT = "127.0.0.1", 7220
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(port: int = PORT, home: Path | None = None) -> None:
    """Serve until SIGTERM, to this machine only.

    Raises FixInput where there is no installation, FixSettings for a key that others could have read.
    """
    if home:
        os.environ["HE_HOME"] = str(home)
    folder = home_and_profile()[0]
    if not folder.is_dir():
        raise FixInput(f"{folder} is not there; set HE_HOME to the installation's folder, or close a date first")
    keys = Keys(key_of(folder))
    with open_store(store_address()) as store:
        place = Place(store, os.environ, getpass.getuser(), os.environ.get("HE_DAGSTER_URL", ""))
        sys.stdout.write(f"console: http://{HOST}:{port}/enter/{keys.way_in}\n")
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
