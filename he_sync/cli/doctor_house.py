"""What the doctor looks at in our own house: the store, the senders' secrets, whom the doorbell and alarms reach."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from he_sync.connect.doctor import Probe
from he_sync.model.errors import FixSettings
from he_sync.settings import variable
from he_sync.store.database import Store
from he_sync.store.engines import engine_at, weaknesses
from he_sync.store.sqlite_file import WHOLE, check

HOUSE = "he-sync"
SENDERS = {
    "heartland": ("HE_HOOK_HEARTLAND_SECRET", "the webhooks of Heartland"),
    "shop": ("HE_HOOK_SHOP_SECRETS", "the shop's own events"),
    "epicor": ("HE_HOOK_EPICOR_SECRET", "what Epicor's directives post"),
}
ADDRESSES = {
    "HE_DAGSTER_URL": "an event waits for the sweep, up to 5 s; set it to the address of Dagster's web server",
    "HE_ALERT_URL": "alarms stand in the log alone; set it to where people read them",
}


def house_probes(store: str | Path, environ: Mapping[str, str]) -> list[Probe]:
    """The store, each sender's secret, and the addresses."""
    return [
        Probe(HOUSE, "store", partial(_answers, store)),
        Probe(HOUSE, "store engine", partial(_sound, store), advice=True),
        *(Probe(HOUSE, f"hooks of {one}", partial(_secret, one, environ), advice=True) for one in SENDERS),
        *(Probe(HOUSE, name, partial(_set, name, environ), advice=True) for name in ADDRESSES),
    ]


def _answers(store: str | Path) -> str:
    """A connection, and a file that is whole; tables are made by whoever uses them. One not there yet stays away."""
    if isinstance(store, Path) and not store.exists():
        return "a file that the first run makes"
    engine = engine_at(store)
    try:
        engine.connect().close()
        check(Store(engine), WHOLE)
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise FixSettings(f"it does not answer ({said}); start the database or correct HE_STORE_URL") from None
    finally:
        engine.dispose()
    return f"answers ({engine.dialect.name})"


def _sound(store: str | Path) -> str:
    if found := weaknesses(engine_at(store)):
        raise FixSettings("; ".join(found))
    return "nothing is known against it"


def _secret(sender: str, environ: Mapping[str, str]) -> str:
    """Set or not, and a file that can be read; whether it is long enough the receiver says at its start."""
    name, what = SENDERS[sender]
    if not variable(name, environ, ""):
        raise FixSettings(f"{name} is not set: {what} are refused and come by the polls; set it here and at the sender")
    return "secret is set"


def _set(name: str, environ: Mapping[str, str]) -> str:
    if not variable(name, environ, ""):
        raise FixSettings(f"not set: {ADDRESSES[name]}")
    return "set"
