"""The flows of this installation with what they run with, opened for as long as a block lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from he_sync.flows import night, registry
from he_sync.flows.folder import flows_folder
from he_sync.flows.run import Works
from he_sync.settings import read_settings


@contextmanager
def works() -> Iterator[Works]:
    """What the flows of this installation run with. Raises FixInput for a flow file that is wrong."""
    flows = registry.load_all(flows_folder())
    with night.open_office(read_settings(os.environ)) as office:
        yield Works(office.store, office.systems, office.retailer, flows)
