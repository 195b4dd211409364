"""The same rules for Prometheus: one group, each rule with its time, severity, owner and runbook."""

from __future__ import annotations

from string import Template
from typing import Any

import yaml

from he_sync.watch.metrics import NAMED, number
from he_sync.watch.rules import Burn, Rule, Rules, Window
from he_sync.watch.targets import spelled
from he_sync.watch.telling import BOOK

JUDGED, GOOD = "he_slo_judged_total", "he_slo_good_total"


def rules_file(rules: Rules) -> str:
    """A file for `rule_files:`."""
    found = [_rule(rule, rules) for rule in rules.by_name.values()]
    text: str = yaml.safe_dump({"groups": [{"name": "he-sync", "rules": found}]}, sort_keys=False, width=10_000)
    return text


def _rule(rule: Rule, rules: Rules) -> dict[str, Any]:
    names = ("slo",) if rule.burn else NAMED[rule.metric].labels
    filled = {name: f"{{{{ $labels.{name} }}}}" for name in names}
    summary = Template(rule.says).safe_substitute({**filled, "value": "{{ $value }}"})
    return {
        "alert": rule.alert,
        "expr": expression(rule, rules),
        "for": spelled(rule.held),
        "keep_firing_for": spelled(rule.calm),
        "labels": {"severity": rule.severity, "owner": rule.owner},
        "annotations": {"summary": summary, "runbook_url": f"{rules.runbooks or BOOK}#{rule.alert}"},
    }


def expression(rule: Rule, rules: Rules) -> str:
    """The condition in PromQL."""
    if rule.burn is not None:
        return _burn(rule.burn, rules)
    where = ",".join(f'{name}="{value}"' for name, value in sorted(rule.where.items()))
    series = f"{rule.metric}{{{where}}}" if where else rule.metric
    if rule.above is not None:
        return f"{series} > {number(rule.above)}"
    return f"{series} < {number(rule.below or 0.0)}"


def _burn(burn: Burn, rules: Rules) -> str:
    objective = next(slo.objective for slo in rules.slos if slo.slo == burn.slo)
    return " or ".join(f"({_window(burn, window, 1 - objective)})" for window in burn.windows)


def _window(burn: Burn, window: Window, budget: float) -> str:
    long, short = spelled(window.long), spelled(window.short)
    of = f'{{slo="{burn.slo}"}}'
    both = [
        f"(1 - rate({GOOD}{of}[{span}]) / rate({JUDGED}{of}[{span}])) / {budget:.6g} > {window.factor:g}"
        for span in (long, short)
    ]
    return " and ".join((*both, f"increase({JUDGED}{of}[{long}]) >= {burn.least}"))
