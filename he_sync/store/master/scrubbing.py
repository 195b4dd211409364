"""Personal values out of kept texts: pure. Numbers, keys and shapes stay, so that the books still add up."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import simplejson

from he_sync.model.survivorship import Source

ERASED = "[erased]"
PERSONAL = re.compile(
    r"(first_?name|last_?name|^name$|otsname|e_?mail(address)?|phone(num)?|^(ots)?address_?\d?$|street|line_\d|"
    r"^(ots)?city$|^(ots)?zip$|postal_?code|company_name|contact|birth|note)",
    re.IGNORECASE,
)
"""Keys of documents about the person that hold nothing but the person."""
TELLING = {
    "email": re.compile(r"e_?mail", re.IGNORECASE),
    "phone": re.compile(r"phone", re.IGNORECASE),
    "street": re.compile(r"^(address_?1|line_1|street)$", re.IGNORECASE),
}
SHORTEST = 3
"""Shorter values are initials and numbers of houses; they name nobody and occur everywhere."""
PHONE_DIGITS = 7


@dataclass(frozen=True)
class Values:
    """What names a person: `telling` values anywhere, `plain` ones (a surname, a town) in the person's own rows."""

    telling: re.Pattern[str] | None
    plain: re.Pattern[str] | None
    needles: tuple[str, ...]

    def found_in(self, text: str) -> bool:
        """Whether a telling value is there."""
        return bool(self.telling and self.telling.search(text))


def values_of(records: Collection[Source]) -> Values:
    """The values of these records."""
    telling: set[str] = set()
    plain: set[str] = set()
    for record in records:
        fields = {name: " ".join(value.split()) for name, value in record.fields.items() if value.strip()}
        first, last = fields.get("first_name", ""), fields.get("last_name", "")
        whole = {f"{first} {last}", f"{last}, {first}", f"{last} {first}"} if first and last else set()
        telling |= {fields.get(name, "") for name in ("email", "phone", "street", "company")} | whole
        plain |= set(fields.values())
    long = {one for one in telling if len(one) >= SHORTEST}
    every = {one for one in plain if len(one) >= SHORTEST} | long
    return Values(_pattern(long), _pattern(every), tuple(sorted({_needle(one) for one in long})))


def former_values(document: Any) -> list[Source]:
    """E-mails, phones and streets that a kept document of the customer's own holds."""
    if isinstance(document, list):
        return [one for each in document for one in former_values(each)]
    if not isinstance(document, dict):
        return []
    found = []
    for key, value in document.items():
        found += former_values(value)
        kind = next((name for name, pattern in TELLING.items() if pattern.search(key)), "")
        if kind and isinstance(value, str):
            found.append(Source("", "", {kind: value}))
    return found


def scrubbed(text: str, values: Values, *, own: bool) -> str:
    """The text without them; of a JSON document the leaves, in the person's own rows all leaves under personal keys."""
    try:
        document = simplejson.loads(text, use_decimal=True)
    except ValueError:
        return _plain(text, values, own=own)
    if not isinstance(document, dict | list):
        return _plain(text, values, own=own)
    left = _walk(document, values, own=own)
    if left == document:
        return text
    return simplejson.dumps(left, sort_keys=True, use_decimal=True, separators=(",", ":"))


def holds(document: Any, wanted: Collection[tuple[str, str]]) -> bool:
    """Whether a document names one of these (key, value) pairs anywhere: `("CustID", "H7")`."""
    if isinstance(document, dict):
        return any((name, str(value)) in wanted or holds(value, wanted) for name, value in document.items())
    return isinstance(document, list) and any(holds(each, wanted) for each in document)


def _walk(value: Any, values: Values, *, own: bool, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _walk(inner, values, own=own, key=name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_walk(inner, values, own=own, key=key) for inner in value]
    if isinstance(value, str) and value:
        return ERASED if own and PERSONAL.search(key) else _plain(value, values, own=own)
    if isinstance(value, int) and own and PERSONAL.search(key):
        return ERASED if len(str(value)) >= PHONE_DIGITS else value
    return value


def _plain(text: str, values: Values, *, own: bool) -> str:
    pattern = values.plain if own else values.telling
    return pattern.sub(ERASED, text) if pattern else text


def _pattern(those: Iterable[str]) -> re.Pattern[str] | None:
    """All values, longest first, in any case and spacing, whole words; a number of a phone however it is written."""
    parts = [_spelt(one) for one in sorted(those, key=lambda one: (-len(one), one))]
    return re.compile("|".join(rf"(?<!\w){part}(?!\w)" for part in parts), re.IGNORECASE) if parts else None


def _spelt(value: str) -> str:
    digits = re.sub(r"\D", "", value)
    if len(digits) >= PHONE_DIGITS and not re.search(r"[A-Za-z@]", value):
        return r"\D{0,3}".join(digits)
    return r"\s+".join(re.escape(part) for part in value.split())


def _needle(value: str) -> str:
    """A part of a value that a database finds whatever the case, the escapes and the spacing: its longest plain run."""
    runs: Sequence[str] = re.findall(r"[a-z0-9@.]+", value.lower())
    return max(runs, key=len, default="")
