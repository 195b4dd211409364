"""What the doctor looks at on the machine for production: who listens where, backups, disk, the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from he_sync.cli.ports import LISTENING
from he_sync.connect.doctor import Probe
from he_sync.model.errors import FixSettings
from he_sync.settings import home_and_profile, variable
from he_sync.watch.of_house import house
from he_sync.watch.place import watched
from he_sync.watch.rules import load

WHERE = "production"
OURS = {7200: "Dagster", 7201: "Dagster, read-only", 7210: "the receiver", 7220: "the console", 7230: "the code server"}
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
"""As /proc/net writes 127.0.0.1, ::1 and the first inside of the second."""
JUDGED = {
    "backup": (
        "backup_old",
        "`he-sync backup create` makes one in HE_BACKUPS, Dagster's schedule `housekeeping` each night",
    ),
    "disk": ("disk_low", "free some, or give more"),
    "alarms": ("alarms_not_taken", "see that HE_ALERT_URL takes them"),
}
"""By what is looked at: the alert whose figure and limit count, and what to do."""
TIME_SERVICES = ("run/systemd/timesync/synchronized", "run/chrony/chronyd.pid", "run/chronyd.pid", "run/ntpd.pid")


def machine_probes(environ: Mapping[str, str], root: Path = Path("/")) -> list[Probe]:
    """Ports, figures over their limits, the clock's service."""
    return [
        Probe(WHERE, "loopback", partial(_inside, root / "proc", environ)),
        *(Probe(WHERE, what, partial(_within, what, environ)) for what in JUDGED),
        Probe(WHERE, "backup place", partial(_elsewhere, environ), advice=True),
        Probe(WHERE, "time service", partial(_timed, root), advice=True),
    ]


def _inside(proc: Path, environ: Mapping[str, str]) -> str:
    """Only the proxy may be reached from outside: Dagster has no sign-in."""
    dagster = urlsplit(variable("HE_DAGSTER_URL", environ, "")).port
    ours = {**OURS, **({dagster: OURS[7200]} if dagster else {})}
    outside = sorted({port for table in ("tcp", "tcp6") for port in _outside(proc / "net" / table)} & ours.keys())
    if outside:
        named = ", ".join(f"{port} ({ours[port]})" for port in outside)
        raise FixSettings(f"{named} can be reached from outside; listen on 127.0.0.1 and let the proxy in alone")
    return "none of our ports can be reached from outside"


def _outside(table: Path) -> Iterator[int]:
    """Ports of a table of sockets that listen on more than loopback."""
    lines = table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else []
    for columns in map(str.split, lines):
        address, _, port = columns[1].partition(":")
        if columns[3] == LISTENING and address not in LOOPBACK:
            yield int(port, 16)


def _within(what: str, environ: Mapping[str, str]) -> str:
    """A figure of the house as its alert judges it; an alert that is off judges nothing."""
    alert, do = JUDGED[what]
    with watched(environ) as place:
        rule = load(place.home).by_name.get(alert)
        figures = {one.name: one.value for one in house(place, datetime.now(UTC))}
    if rule is None:
        raise FixSettings(f"the alert {alert} is switched off in alerts.yaml; nobody would hear of it")
    value = figures[rule.metric]
    if (rule.above is not None and value > rule.above) or (rule.below is not None and value < rule.below):
        raise FixSettings(f"{rule.says.replace('$value', f'{value:g}')}; {do}")
    return f"{rule.metric} is {value:g}"


def _elsewhere(environ: Mapping[str, str]) -> str:
    home = home_and_profile(environ)[0]
    folder = Path(variable("HE_BACKUPS", environ, str(home / "backups")))
    if folder.exists() and home.exists() and folder.stat().st_dev == home.stat().st_dev:
        raise FixSettings(
            f"{folder} is on the disk of what it is a copy of; copy it to another machine, or mount one there"
        )
    return "another disk than the home folder's"


def _timed(root: Path) -> str:
    if not any((root / one).exists() for one in TIME_SERVICES):
        raise FixSettings("no service is seen that sets the clock; enable systemd-timesyncd or chrony on the host")
    return "is there"
