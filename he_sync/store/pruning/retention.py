"""How long what is kept: `retention.yaml` in the home folder, all in days or pieces; without it the figures below."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from he_sync.model.errors import FixSettings

FILE = "retention.yaml"
LAW_YEARS = 7
"""Evidence of books must be shown for so long (reference accounting; docs/close.md)."""
SHORTEST = 30
"""Days: younger than this a person still asks, a chain still meets chargebacks, a sender still repeats."""


class Retention(BaseModel):
    """Days for which things are kept after they were over; `evidence_years` and `backups` are what they say."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    events_days: int = Field(default=400, ge=SHORTEST, description="Bodies of answered events")
    story_days: int = Field(default=400, ge=SHORTEST, description="Steps of stories of records with nothing open")
    answers_days: int = Field(
        default=400, ge=SHORTEST, description="What the other side said to an effect that is over"
    )
    snapshots_days: int = Field(default=90, ge=SHORTEST, description="Snapshots that another took the place of")
    evidence_years: int = Field(default=LAW_YEARS, ge=LAW_YEARS, description="What closes and signed dates refer to")
    drain_runs_days: int = Field(default=30, ge=1, description="Dagster's runs of the drain, with their logs")
    runs_days: int = Field(default=400, ge=SHORTEST, description="Dagster's other runs, with their logs")
    backups: int = Field(default=30, ge=2, description="Complete backups; the newest are kept")

    def before(self, name: str, now: datetime) -> datetime:
        """What was over before this instant may go."""
        return now - timedelta(days=int(getattr(self, name)))


def load(home: Path) -> Retention:
    """The settings of an installation. Raises FixSettings with file, setting and rule of the first that is wrong."""
    path = home / FILE
    try:
        said: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Retention.model_validate(said or {})
    except FileNotFoundError:
        return Retention()
    except (OSError, yaml.YAMLError) as error:
        raise FixSettings(f"{path}: cannot be read ({error})".replace("\n", " ")) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise FixSettings(f"{path}: {'.'.join(map(str, first['loc'])) or 'all of it'}: {first['msg']}") from error
