"""What an installation is made from, checked before it is written: it ends in YAML and in files of a shell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from he_sync.model.errors import FixInput

PLAIN = re.compile(r"[^\s\"'`$\\%]+")
"""A word that a shell, systemd and YAML all read as it stands."""
TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[\w./-]*)?")
HOST = re.compile(r"([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+")
MONEY, ACCOUNT = re.compile(r"[A-Z]{3}"), re.compile(r"[a-z_][a-z0-9_-]{0,30}")
FORMS = {
    "directory": (PLAIN, "a path without blanks, quotes, $, % and backslash"),
    "name": (TEXT, "a name in one line"),
    "currency": (MONEY, "three capital letters, e.g. USD"),
    "heartland_url": (URL, "https://SUBDOMAIN.retail.heartland.us/api"),
    "gp_url": (URL, "https://apis.globalpay.com/ucp"),
    "gp_app_id": (PLAIN, "one word"),
    "epicor_url": (URL, "https://HOST/INSTANCE"),
    "company": (PLAIN, "a company's id, one word"),
    "epicor_user": (PLAIN, "a user's name, one word"),
    "account": (ACCOUNT, "the name of a system account"),
}
OPTIONS = {"company": "--epicor-company", "directory": "DIR"}


@dataclass(frozen=True)
class Values:
    """An installation's own words. `directory` is absolute; `host` is "" until there is a proxy.

    `resident`: runs on resident workers, with Postgres and Redis.
    """

    directory: Path
    name: str
    timezone: str
    currency: str
    heartland_url: str
    gp_url: str
    gp_app_id: str
    epicor_url: str
    company: str
    epicor_user: str
    host: str
    account: str
    resident: bool = False


def checked(values: Values) -> Values:
    """The same. Raises FixInput naming the option of the first word that cannot be."""
    for field, (form, meant) in FORMS.items():
        said = str(getattr(values, field))
        if not form.fullmatch(said):
            raise FixInput(f"{OPTIONS.get(field, '--' + field.replace('_', '-'))} {said!r}: write {meant}")
    if values.host and not HOST.fullmatch(values.host):
        raise FixInput(f"--host {values.host!r}: write the console's public name, e.g. he-sync.example.com")
    try:
        ZoneInfo(values.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FixInput(f"--timezone {values.timezone!r}: no such zone; write e.g. America/New_York") from None
    return values
