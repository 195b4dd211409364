"""How many false alerts a person wants, and what a company's own rules allow. One YAML file."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from he_sync.model.errors import FixSettings
from he_sync.model.retailer import Record


class Settings(Record):
    """Budgets are shares of what is looked at: 0.005 of a series' days is about two false alerts a year."""

    volume_budget: float = Field(default=0.005, gt=0, le=0.1, description="False alerts a store-day, orders")
    share_budget: float = Field(
        default=0.002, gt=0, le=0.1, description="False alerts a store-day of each share: tenders, refunds, voids, fees"
    )
    line_budget: float = Field(
        default=0.002, gt=0, le=0.1, description="False alerts a line, all price checks together"
    )
    known_day_caution: float = Field(
        default=1.15, ge=1, description="On known days a count must be this many times as far off"
    )
    discount_limit_percent: int = Field(default=60, gt=0, le=100, description="The largest discount anybody may give")
    duplicate_within_days: int = Field(default=3, ge=0, le=31)
    least_days: int = Field(default=56, ge=28, description="Days of a store's past below which it raises no alert")


def read_settings(path: Path | None) -> Settings:
    """Of a file, or what holds without one. Raises FixSettings with file, place and rule of what is wrong."""
    if path is None:
        return Settings()
    try:
        return Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise FixSettings(f"{path}: cannot read the settings ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FixSettings(f"{path}: not YAML ({error})".replace("\n", " ")) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise FixSettings(f"{path}: {where}: {first['msg']}; known are {', '.join(Settings.model_fields)}") from error
