"""What a run leaves beside its output so that the next one over the same books can take the result over as it is.

A result stands for its data versions, its rules and the engine's own version. Where all three are the same, links and
breaks are copied; where anything differs, the run is made anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

from he_sync.reconcile.chain.outcome import Identity, Summary

NAME = "state.json"
ENGINE = "1"  # changes with every change of the engine that may change a result


def save(out: Path, summary: Summary) -> None:
    """Write the state beside the output."""
    record = {"engine": ENGINE, "summary": {**asdict(summary), "as_of": summary.as_of.isoformat()}}
    (out / NAME).write_text(json.dumps(record, sort_keys=True), encoding="utf-8")


def take_over(
    previous: Path, out: Path, names: tuple[str, ...], versions: Mapping[str, str], rules: str
) -> Summary | None:
    """Copy an earlier output that stands for the same data and rules; None where there is none."""
    try:
        record = json.loads((previous / NAME).read_text(encoding="utf-8"))
        summary = _summary(record["summary"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    same = (record.get("engine"), summary.rules_version) == (ENGINE, rules)
    if not same or not versions or dict(summary.data_versions) != dict(versions):
        return None
    if not all((previous / name).is_file() for name in names):
        return None
    for name in (*names, NAME):
        shutil.copyfile(previous / name, out / name)
    return summary


def _summary(record: dict[str, Any]) -> Summary:
    identities = {
        name: {currency: Identity(one["difference"], one["explained"]) for currency, one in currencies.items()}
        for name, currencies in record["identities"].items()
    }
    known = {field.name: record[field.name] for field in fields(Summary)}
    return Summary(**{**known, "identities": identities, "as_of": date.fromisoformat(record["as_of"])})
