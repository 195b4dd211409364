"""`he-sync doctor`: every connection, permission and setting, one line each that says what to do."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from he_sync.cli.doctor_house import house_probes
from he_sync.cli.doctor_production import production_probes
from he_sync.connect.doctor import Finding, diagnose
from he_sync.connect.doctor_probes import epicor_probes, heartland_probes, processor_probes
from he_sync.connect.systems import connect
from he_sync.flows import night
from he_sync.settings import read_settings


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON")] = False,
    production: Annotated[bool, typer.Option("--production", help="Look at what production needs as well")] = False,
) -> None:
    """Check the connections and settings of this installation; exit 1 when something must be done.

    `ok` is as it must be, `DO` must be done, `may` works and could be better.

    In a home of its own: a token that another process fetched would hide that the password is wrong by now.
    """
    settings = read_settings()
    retailer = night.profile(settings)
    with TemporaryDirectory() as fresh, connect(replace(settings, home=Path(fresh))) as systems:
        probes = (
            heartland_probes(systems.heartland, retailer),
            processor_probes(systems.processor),
            epicor_probes(systems.epicor, retailer),
            house_probes(settings.store, os.environ),
            production_probes(os.environ) if production else [],
        )
        findings = diagnose(chain(*probes))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            typer.echo(f"{_mark(finding)} {finding.system:10} {finding.what}: {finding.say}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    return "may" if finding.advice else "ok " if finding.ok else "DO "
