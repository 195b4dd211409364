"""Every figure by name: what it says, its labels, its unit; and how they are written for Prometheus.

The rules, the dashboard and the page of figures all take names from here, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Unit = Literal["short", "s", "bytes", "percentunit", "d"]


@dataclass(frozen=True)
class Metric:
    """One figure. `group` reads it; where a group cannot be read, none of its figures is there."""

    name: str
    group: str
    says: str
    labels: tuple[str, ...] = ()
    unit: Unit = "short"
    kind: Literal["gauge", "counter"] = "gauge"


@dataclass(frozen=True)
class Sample:
    """A figure's value now. `to` is the console's page of what it is about, a record where it is one record."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    to: str = ""


METRICS = tuple(
    Metric(*told)
    for told in (
        ("he_events", "events", "Events that are not answered, by state", ("state",)),
        ("he_events_parked", "events", "Events that wait for a person, by why", ("why",)),
        ("he_event_oldest_age_seconds", "events", "How long the oldest unread event waits", (), "s"),
        ("he_event_lag_seconds", "events", "Arrival to answer, newest 1,000 of the last hour", ("quantile",), "s"),
        ("he_conflicts", "events", "Contents that differ under one id or key, not settled", ("of",)),
        ("he_effects", "effects", "Writes that are not done, by state", ("state",)),
        ("he_effect_oldest_age_seconds", "effects", "How long the oldest write is in a state", ("state",), "s"),
        ("he_dead_letters", "letters", "Open dead letters by field and rule", ("field", "rule")),
        ("he_missed_events_ratio", "polls", "Versions that no event announced, last 24 h", ("source",), "percentunit"),
        ("he_polled_versions", "polls", "Versions that polls saw in the last 24 h", ("source",)),
        ("he_poll_age_seconds", "polls", "Since a source was polled last", ("source",), "s"),
        ("he_store_days_late", "days", "Store-days past their deadline and not signed"),
        ("he_closed_age_days", "days", "Since the newest business date that was closed", (), "d"),
        ("he_store_wal_bytes", "house", "Length of the store's write-ahead log", (), "bytes"),
        ("he_disk_free_ratio", "house", "Free share of the disk that holds the home folder", (), "percentunit"),
        ("he_disk_free_bytes", "house", "Free bytes of the disk that holds the home folder", (), "bytes"),
        ("he_backup_age_seconds", "house", "Since the newest back-up; +Inf where there is none", (), "s"),
        ("he_alarms_waiting", "house", "Alarms that HE_ALERT_URL did not take yet"),
        ("he_rate_budget_ratio", "systems", "Calls that may leave at once, as a share", ("system",), "percentunit"),
        ("he_rate_wait_seconds", "systems", "What a call would wait for its turn", ("system",), "s"),
        ("he_system_down", "systems", "1 while a system gave no answer five times in a row", ("system",)),
        ("he_slo_judged_total", "watching", "What an objective was judged by", ("slo",), "short", "counter"),
        ("he_slo_good_total", "watching", "What of it was as promised", ("slo",), "short", "counter"),
        ("he_alerts_firing", "watching", "Alerts that fire, by severity", ("severity",)),
        ("he_notices_waiting", "watching", "Messages a target did not take yet", ("target",)),
        ("he_target_down_seconds", "watching", "Since a target takes no message", ("target",), "s"),
        ("he_watch_age_seconds", "watching", "Since the rules were looked at last; +Inf before", (), "s"),
        ("he_figures_missing", "", "1 where a group of figures could not be read", ("group",)),
    )
)
NAMED = {metric.name: metric for metric in METRICS}


def text(samples: Iterable[Sample]) -> str:
    """Samples in Prometheus' text format 0.0.4, a metric's lines together in the order of METRICS."""
    places = {metric.name: place for place, metric in enumerate(METRICS)}
    ordered = sorted(samples, key=lambda one: (places[one.name], one.labels))
    lines = [line for name, some in groupby(ordered, key=lambda one: one.name) for line in _lines(NAMED[name], some)]
    return "\n".join([*lines, ""])


def _lines(metric: Metric, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.says}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for one in samples:
        pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in one.labels)
        yield f"{metric.name}{{{pairs}}} {number(one.value)}" if pairs else f"{metric.name} {number(one.value)}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def number(value: float) -> str:
    """Whole numbers in full: `%g` would round a counter of ten million, and a limit of 64 MiB."""
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0")
