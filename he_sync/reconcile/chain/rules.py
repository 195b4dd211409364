"""Named, versioned rules: what may be matched by which key, and how far two amounts of a leg may differ.

A rule's version changes with its meaning; the set's version is a digest of everything in it. A rule file switches
built-in rules off and adds tolerances; it cannot invent a rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixSettings

BASIS = 10_000
LEGS = ("PL", "BD")  # tolerance elsewhere is always zero: batches and the ledger's proof (reference accounting 4.6)


@dataclass(frozen=True)
class Tolerance:
    """How far the amounts of a leg may differ, in one currency: the larger of `cents` and `bps` of the expected amount.

    `day_cents` caps what one bank account (BD) or store (PL) may lose to tolerance in a day; 0 allows no tolerance.
    """

    leg: str
    currency: str
    cents: int = 0
    bps: int = 0
    day_cents: int = 0
    account: int = 0  # bank account (BD) or store (PL); 0: every one

    def allows(self, expected: int, difference: int) -> bool:
        """Whether one difference is within it."""
        return abs(difference) <= max(self.cents, abs(expected) * self.bps // BASIS)


@dataclass(frozen=True)
class Rule:
    """One way to match."""

    name: str
    version: int
    relation: str
    stage: str
    enabled: bool = True


BUILT_IN = (
    Rule("void_names_sale", 1, "VO", "net_voids"),
    Rule("void_shares_reference", 1, "VO", "net_voids"),
    Rule("processor_reference", 1, "PL", "exact_key"),
    Rule("amount_day_fee", 1, "PL", "fallback_key"),
    Rule("amount_day", 1, "PL", "fallback_key"),
    Rule("without_tip_fee", 1, "PL", "fallback_key"),
    Rule("without_tip", 1, "PL", "fallback_key"),
    Rule("amount_next_day", 1, "PL", "fallback_key"),
    Rule("amount_day_before", 1, "PL", "fallback_key"),
    Rule("payment_id", 1, "PG", "exact_key"),
    Rule("erp_document", 1, "PG", "fallback_key"),
    Rule("store_account_amount_day", 1, "PG", "fallback_key"),
    Rule("store_day_account", 1, "PS", "day_sum"),
    Rule("line_names_batch", 1, "LB", "batch_id"),
    Rule("ledger_names_batch", 1, "LB", "inferred_cut_off"),
    Rule("amount_on_value_date", 1, "BD", "windowed_group"),
    Rule("amount_in_window", 1, "BD", "windowed_group"),
    Rule("paid_in_parts", 1, "BD", "windowed_group"),
    Rule("deposits_paid_together", 1, "BD", "windowed_group"),
    Rule("memo_names_batch", 1, "BD", "windowed_group"),
    Rule("alone_on_value_date", 1, "BD", "windowed_group"),
    Rule("amount_on_value_date", 1, "DG", "bank_ledger"),
    Rule("deposit_on_value_date", 1, "DG", "bank_ledger"),
    Rule("by_way_of_batch", 1, "LD", "batch_id"),
    Rule("natural_batch", 1, "LD", "inferred_cut_off"),
)
ALWAYS = frozenset({"processor_reference", "payment_id", "line_names_batch", "store_day_account"}) | {
    "by_way_of_batch",
    "natural_batch",
}


@dataclass(frozen=True)
class RuleSet:
    """Rules in order of trust, and tolerances; the first tolerance that fits counts."""

    name: str
    rules: tuple[Rule, ...]
    tolerances: tuple[Tolerance, ...] = ()

    @property
    def version(self) -> str:
        """Digest of all of it."""
        return hashlib.sha256(json.dumps(as_record(self), sort_keys=True).encode()).hexdigest()[:16]

    def uses(self, relation: str, name: str) -> bool:
        """Whether a rule is on."""
        return any(rule.enabled for rule in self.rules if rule.relation == relation and rule.name == name)

    def tolerance(self, leg: str, currency: str, account: int) -> Tolerance | None:
        """The tolerance of a leg, for one currency and account."""
        fits = (one for one in self.tolerances if (one.leg, one.currency) == (leg, currency))
        return next((one for one in fits if one.account in (0, account)), None)


def built_in() -> RuleSet:
    """The rules that hold when no file is given: all of them, no tolerance."""
    return RuleSet("built-in", BUILT_IN)


def as_record(rules: RuleSet) -> dict[str, object]:
    """The rule set as it is written into summary.json."""
    return {
        "name": rules.name,
        "rules": [asdict(rule) for rule in rules.rules],
        "tolerances": [asdict(one) for one in rules.tolerances],
    }


def read_rules(path: Path) -> RuleSet:
    """The rule set of a YAML file, or FixSettings in one line that names file and key.

    Keys: `name`; `without`, a list of "RELATION rule"; `tolerances`, a list of records as `Tolerance` has them.
    """
    import yaml  # noqa: PLC0415 - only where a file is given

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise FixSettings(f"{path}: the rules file cannot be read") from None
    except yaml.YAMLError as error:
        raise FixSettings(f"{path}: not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(document, dict):
        raise FixSettings(f"{path}: must be a mapping with name, without and tolerances")
    for key in document:
        if key not in ("name", "without", "tolerances"):
            raise FixSettings(f"{path}: unknown key {key!r}; known are name, without, tolerances")
    name = document.get("name", path.stem)
    if not isinstance(name, str):
        raise FixSettings(f"{path}: name must be a text")
    off = _without(path, _listed(path, document, "without"))
    rules = tuple(replace(rule, enabled=(rule.relation, rule.name) not in off) for rule in BUILT_IN)
    return RuleSet(name, rules, tuple(_tolerance(path, one) for one in _listed(path, document, "tolerances")))


def _listed(path: Path, document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key) or []
    if not isinstance(value, list):
        raise FixSettings(f"{path}: {key} must be a list")
    return value


def _without(path: Path, names: Iterable[Any]) -> set[tuple[str, str]]:
    known = {(rule.relation, rule.name) for rule in BUILT_IN}
    found: set[tuple[str, str]] = set()
    for name in names:
        words = tuple(str(name).split())
        if words not in known:
            raise FixSettings(
                f"{path}: without names {name!r}, which is no rule; write for example 'PL amount_next_day'"
            )
        if words[1] in ALWAYS:
            raise FixSettings(f"{path}: {name} is what all others build on and cannot be left out")
        found.add((words[0], words[1]))
    return found


def _tolerance(path: Path, record: Any) -> Tolerance:
    known = {field.name for field in fields(Tolerance)}
    if not isinstance(record, dict) or not {"leg", "currency"} <= set(record) <= known:
        raise FixSettings(f"{path}: a tolerance needs leg and currency, and may have cents, bps, day_cents, account")
    if record["leg"] not in LEGS:
        raise FixSettings(f"{path}: tolerance for leg {record['leg']!r}; only {' and '.join(LEGS)} may have one")
    for key in known - {"leg", "currency"}:
        value = record.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise FixSettings(f"{path}: tolerance {key} is {value!r}, not a whole number of 0 or more")
    return Tolerance(**{**record, "currency": str(record["currency"])})
