"""What survives of several records of one customer: each field from one record, with where it is from and since when.

Pure. Rules are data: for each group of fields the criteria in their order; the first that tells two records apart
decides. Fields that belong together survive together: a street never stands beside another record's town.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from he_sync.model.errors import FixInput

GROUPS: Mapping[str, tuple[str, ...]] = {
    "name": ("first_name", "last_name"),
    "company": ("company",),
    "email": ("email",),
    "phone": ("phone",),
    "address": ("street", "city", "state", "zip"),
}
FIELDS = tuple(name for fields in GROUPS.values() for name in fields)
"""The personal columns of a record."""

Rules = Mapping[str, tuple[str, ...]]
"""By group its criteria: `verified`, `owner:SIDE`, `newest`, `longest`."""
CRITERIA = ("verified", "newest", "longest")
OWNER = "owner:"
SHOP_FIRST = ("verified", "owner:heartland", "newest", "longest")
RULES: Rules = dict.fromkeys(GROUPS, SHOP_FIRST)
"""The shop knows the person; the same owners as those by which changes travel (flows/ownership.py)."""
ONLY = "only one"
EQUAL = "equal, lowest id"


@dataclass(frozen=True)
class Source:
    """One record of one side. `dated` sorts as text (ISO), "" unknown; `verified` are groups that a person checked."""

    side: str
    id: str
    fields: Mapping[str, str]
    dated: str = ""
    verified: frozenset[str] = field(default_factory=frozenset)

    def filled(self, group: str) -> int:
        """How many fields of a group it knows."""
        return sum(bool(self.fields.get(name, "").strip()) for name in GROUPS[group])


@dataclass(frozen=True)
class Survived:
    """One field of a golden record: the value, the record that gave it, its date, and the criterion that decided."""

    value: str
    side: str
    id: str
    dated: str
    rule: str


def survive(records: Sequence[Source], rules: Rules = RULES) -> dict[str, Survived]:
    """The golden record by field; a field that no record knows is not there. Independent of the order of `records`."""
    found = {}
    for group, fields in GROUPS.items():
        known = [record for record in records if record.filled(group)]
        if not known:
            continue
        best, rule = _best(known, group, rules.get(group, ()))
        for name in fields:
            if value := best.fields.get(name, "").strip():
                found[name] = Survived(value, best.side, best.id, best.dated, rule)
    return found


def checked(rules: Rules) -> Rules:
    """The rules; raises FixInput for a group or a criterion that there is none of."""
    for group, criteria in rules.items():
        if group not in GROUPS:
            raise FixInput(f"survivorship: there is no field {group!r}; write one of {', '.join(GROUPS)}")
        wrong = [one for one in criteria if one not in CRITERIA and not one.startswith(OWNER)]
        if wrong:
            raise FixInput(f"survivorship of {group}: {wrong[0]!r} is none of {', '.join(CRITERIA)}, owner:SIDE")
    return rules


def _best(known: list[Source], group: str, criteria: Sequence[str]) -> tuple[Source, str]:
    """Criteria one by one, each keeps the best; the one that leaves a single record decided."""
    rest, decided = sorted(known, key=lambda record: (record.side, len(record.id), record.id)), ONLY
    for criterion in criteria:
        if len(rest) == 1:
            break
        worth = [_worth(record, group, criterion) for record in rest]
        kept = [record for record, one in zip(rest, worth, strict=True) if one == max(worth)]
        decided = criterion if len(kept) < len(rest) else decided
        rest = kept
    return rest[0], decided if len(rest) == 1 else EQUAL


def _worth(record: Source, group: str, criterion: str) -> tuple[int, str]:
    if criterion == "verified":
        return int(group in record.verified), ""
    if criterion == "newest":
        return 0, record.dated
    if criterion == "longest":
        return sum(len(record.fields.get(name, "").strip()) for name in GROUPS[group]), ""
    return int(record.side == criterion.removeprefix(OWNER)), ""
