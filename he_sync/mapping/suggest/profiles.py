"""What a field's values look like: kinds, shapes, sorts of text, figures, none of which the order of rows changes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import numpy as np
import numpy.typing as npt

from he_sync.mapping.suggest.tables import Field

Floats = npt.NDArray[np.float64]
KINDS = ("empty", "boolean", "integer", "decimal", "date", "datetime", "text")
SHAPES = 512
"""Buckets of shapes; a table of 541 fields has some 200 shapes that matter."""
WHOLE = 1e-9
MOST = 400
"""Distinct values kept of a field; the smallest texts, whatever the order of rows."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?(?:[eE][+-]?\d{1,2})?$")
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)\S*)?$|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?: .*)?$")
TRUTHS = {"true", "false", "yes", "no", "y", "n", "t", "f"}
SORTS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}$", re.IGNORECASE),
    "web": re.compile(r"(?:https?://|www\.)\S+$", re.IGNORECASE),
    "phone": re.compile(r"(?=(?:\D*\d){7,15}\D*$)[+(]?[\d][\d ().x+-]*[-() .][\d ().x-]*$"),
    "postal": re.compile(r"\d{5}(?:-\d{4})?$|[A-Z]\d[A-Z] ?\d[A-Z]\d$"),
    "uuid": re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", re.IGNORECASE),
    "street": re.compile(r"\d+\w? [A-Za-z0-9.' ]+$"),
    "barcode": re.compile(r"\d{12,14}$"),
    "masked": re.compile(r"[*xX•]{4,}[ -]?\d{4}$"),
    "person": re.compile(r"[A-Z][a-z'-]+(?: [A-Z]\.?)? [A-Z][A-Za-z'-]+$"),
    "prose": re.compile(r"\S+(?: \S+){2,}$"),
    "code": re.compile(r"(?=\D*\d|[A-Z])[A-Z0-9][A-Z0-9/_-]*$"),
    "state": re.compile(r"[A-Z]{2}$"),
    "currency": re.compile(r"(?:USD|EUR|GBP|CAD|AUD|JPY|CHF|MXN|CNY|SEK|NZD)$"),
    "country": re.compile(r"(?:US|USA|CA|CAN|MX|MEX|GB|UK|GBR|DE|DEU|FR|FRA|United States|Canada|Mexico)$"),
}


@dataclass(frozen=True)
class Profile:
    """Figures of one field; shares are of the values that are not empty.

    `figures`: known, filled, distinct share, one value only, mean length, empty or zero share. `numbers`: quantiles of
    log sizes, share with cents, share below zero, share of zeros; `days`: quantiles of days, share with a time.
    """

    kinds: Floats
    shapes: Floats
    sorts: Floats
    figures: Floats
    numbers: Floats
    days: Floats
    values: frozenset[str]
    words: frozenset[str]


def profile(field: Field) -> Profile:
    """A field without values has the kind of its schema, and figures that say that nothing is known."""
    seen = [text for text in field.values if text and text.lower() not in {"null", "none", "nan"}]
    counted = Counter(seen)
    kept = sorted(counted)
    if len(kept) > MOST:
        kept = sorted(kept, key=lambda text: crc32(text.encode()))[:MOST]
    plain = frozenset(_plain(text) for text in kept)
    return Profile(
        kinds=_kinds(counted, field.kind),
        shapes=_shapes(counted),
        sorts=_shares(counted, lambda text: [place for place, one in enumerate(SORTS.values()) if one.match(text)]),
        figures=_figures(field, seen, counted),
        numbers=_numbers(counted),
        days=_days(counted),
        values=plain,
        words=frozenset(word for text in plain for word in re.findall(r"[a-z]{3,}", text)),
    )


def kind_of(text: str) -> str:
    """The narrowest kind that a text fits."""
    day = DAY.match(text)
    if day:
        return "datetime" if day[2] and day[2] not in {"00:00", "00:00:00"} else "date"
    if NUMBER.match(text):
        return "decimal" if "." in text or "e" in text.lower() else "integer"
    return "boolean" if text.lower() in TRUTHS else "text"


def _shares(counted: Counter[str], places: object, size: int = len(SORTS)) -> Floats:
    found = np.zeros(size)
    for text, count in counted.items():
        for place in places(text):  # type: ignore[operator]
            found[place] += count
    return found / max(1, counted.total())


def _kinds(counted: Counter[str], declared: str) -> Floats:
    found = np.zeros(len(KINDS))
    if not counted and declared in KINDS:
        found[KINDS.index(declared)] = 1.0
    elif not counted:
        found[0] = 1.0
    else:
        found = _shares(counted, lambda text: [KINDS.index(kind_of(text))], len(KINDS))
    return found


def _shapes(counted: Counter[str]) -> Floats:
    """Counts of shapes, coarse (`A-9`) and fine (`AA-999`), as a unit vector."""
    found = np.zeros(SHAPES)
    for text, count in counted.items():
        fine = re.sub(r"[A-Z]", "A", re.sub(r"[a-z]", "a", re.sub(r"\d", "9", text[:40])))
        coarse = re.sub(r"(.)\1+", r"\1", fine)
        for one in (fine, "~" + coarse):
            found[crc32(one.encode()) % SHAPES] += count
    size = np.linalg.norm(found)
    return found / size if size else found


def _figures(field: Field, seen: list[str], counted: Counter[str]) -> Floats:
    known = float(bool(field.values))
    filled = len(seen) / max(1, len(field.values))
    distinct = len(counted) / max(1, len(seen))
    length = sum(len(text) * count for text, count in counted.items()) / max(1, len(seen))
    nothing = sum(count for text, count in counted.items() if text.lower() in {"0", "0.0", "0.00", "false"})
    blank = 1.0 - (len(seen) - nothing) / max(1, len(field.values))
    return np.array([known, filled, distinct, float(len(counted) <= 1), np.log1p(length), blank])


def _numbers(counted: Counter[str]) -> Floats:
    read = [(float(text.replace(",", "")), count) for text, count in sorted(counted.items()) if NUMBER.match(text)]
    if not read or sum(count for _, count in read) < counted.total() / 2:
        return np.full(len(QUANTILES) + 3, np.nan)
    values = np.repeat([one for one, _ in read], [count for _, count in read])
    values = np.nan_to_num(np.clip(values, -1e15, 1e15))
    sizes = np.sign(values) * np.log1p(np.abs(values))
    cents = np.abs(values - np.round(values)) > WHOLE
    return np.array([*np.quantile(sizes, QUANTILES), cents.mean(), (values < 0).mean(), (values == 0).mean()])


def _days(counted: Counter[str]) -> Floats:
    read = [(match, count) for text, count in sorted(counted.items()) if (match := DAY.match(text)) and match[1]]
    days = [(_day(match[1]), count, bool(match[2] and match[2][:5] != "00:00")) for match, count in read]
    good = [(day, count, timed) for day, count, timed in days if day]
    if not good or sum(count for _, count, _ in good) < counted.total() / 2:
        return np.full(len(QUANTILES) + 1, np.nan)
    values = np.repeat([float(day) for day, _, _ in good], [count for _, count, _ in good])
    timed = np.repeat([flag for _, _, flag in good], [count for _, count, _ in good])
    return np.array([*np.quantile(values, QUANTILES), timed.mean()])


def _day(text: str) -> int:
    try:
        return datetime.strptime(text, "%Y-%m-%d").toordinal()  # noqa: DTZ007 - a calendar day, of no zone
    except ValueError:
        return 0


def _plain(text: str) -> str:
    """A value as both sides would write it: numbers without trailing zeros, dates as days, letters small."""
    day = DAY.match(text)
    if day and day[1]:
        return day[1]
    if NUMBER.match(text):
        bare = text.replace(",", "").lstrip("+")
        return bare.rstrip("0").rstrip(".") if "." in bare else bare
    return text.lower()
