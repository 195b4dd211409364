"""The seven roles of the console. A person has one or several; what each may do is in `access`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from he_sync.model.errors import FixInput


class Role(StrEnum):
    """What a person is here for. Who prepares and who approves may be one person, never about the same thing."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    PREPARER = "preparer"
    APPROVER = "approver"
    RULE_AUTHOR = "rule-author"
    AUDITOR = "auditor"
    ADMIN = "admin"


Roles = frozenset[Role]
EVERY: Roles = frozenset(Role)
VIEWS: Roles = frozenset({Role.VIEWER})


def roles_named(names: Iterable[str]) -> Roles:
    """Roles by their names. Raises FixInput for none at all and for a name that is no role's."""
    asked = sorted({name.strip().lower().replace(" ", "-").replace("_", "-") for name in names})
    if not asked or (unknown := next((name for name in asked if name not in set(Role)), None)):
        what = f"{unknown[:40]!r} is no role" if asked and unknown else "no role is named"
        raise FixInput(f"{what}; choose among {', '.join(Role)}")
    return frozenset(Role(name) for name in asked)


def in_words(roles: Iterable[Role]) -> str:
    """The roles of a person or of a page, for a line of text, always in the same order."""
    found = set(roles)
    return ", ".join(role for role in Role if role in found)
