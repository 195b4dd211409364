"""Looks through a whole JSON document: every text, number and key, and one level of base64 below them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.model.card_numbers.numbers import RUN, Place, among, groups_of, plain_text
from he_sync.model.card_numbers.secrets import is_secret, may_say_a_secret, names_no_secret, says_a_secret
from he_sync.model.errors import FixInput

TOKEN = re.compile(r"[A-Za-z0-9+/_\-]{18,}")
CODE_LENGTHS = frozenset({15, 16})
DIGITS = re.compile(r"[0-9]{3}|[0-9][ .\-]+[0-9]")
"""What every card number and every secret holds somewhere, and few names and texts do."""
ENCODED_FROM = 18
"""Letters of base64 that 13 digits need."""
MOST_GROUPS = 5_000
"""Digit groups worth looking at in one document; more is refused, so that none costs more than 50 ms."""
REMOVED = "[card number removed]"


class Unreadable(FixInput):
    """The document cannot be looked through: it holds more digit groups than a business document has."""


@dataclass(frozen=True)
class Hit:
    """One find. `path` is exact (`$.lines[*].note`), keys in it already redacted; `sensitive` is never kept."""

    path: str
    what: str
    sensitive: bool = False


@dataclass(frozen=True)
class Swept:
    """What a document held, and what is left: the document itself where nothing was found, else a redacted copy."""

    document: Any
    hits: tuple[Hit, ...] = ()

    @property
    def sensitive(self) -> tuple[Hit, ...]:
        """Finds for which the whole document must be refused."""
        return tuple(hit for hit in self.hits if hit.sensitive)


def sweep(document: Any, codes_at: Collection[str] = ()) -> Swept:
    """Find and redact.

    `codes_at` are exact paths of fields that hold article, bar or tracking codes: there only numbers of 15 and 16
    digits still count. Raises Unreadable.
    """
    if not _may_hold(document):
        return Swept(document)
    seeker = _Seeker(frozenset(codes_at))
    cleaned = seeker.value(document, "$")
    return Swept(cleaned, tuple(seeker.hits)) if seeker.hits else Swept(document)


def _may_hold(document: Any) -> bool:
    """A look at everything at once: False only where the seeker would find nothing, at a fifth of its price."""
    texts, secret = _everything(document)
    plain = plain_text("\0".join(texts))
    return (
        secret
        or RUN.search(plain) is not None
        or may_say_a_secret(plain)
        or any(True for text in plain.split("\0") if len(text) >= ENCODED_FROM for _ in _encoded(text))
    )


def _everything(document: Any) -> tuple[list[str], bool]:
    """Every text, key and number as text, and whether a field of a secret's name holds one."""
    texts: list[str] = []
    secret, stack = False, [document]
    while stack:
        one = stack.pop()
        kind = type(one)
        if kind is str:
            texts.append(one)
        elif kind is dict:
            texts += one
            stack += one.values()
            if not (secret or names_no_secret(one)):
                secret = any(is_secret(key, value) for key, value in one.items())
        elif kind is list:
            stack += one
        elif kind is int or kind is Decimal:
            texts.append(str(one))
    return texts, secret


class _Seeker:
    """One way through a document, with the finds so far."""

    def __init__(self, codes_at: frozenset[str]) -> None:
        self.hits: list[Hit] = []
        self._codes_at = codes_at
        self._groups = 0

    def value(self, value: Any, path: str) -> Any:
        """The value without card numbers."""
        if isinstance(value, dict):
            return dict(self._member(key, inner, path) for key, inner in value.items())
        if isinstance(value, list):
            return [self.value(inner, f"{path}[*]") for inner in value]
        if value is None or isinstance(value, bool):
            return value
        written = str(value)
        cleaned = self._text(written, path)
        return value if cleaned == written else cleaned

    def _member(self, key: str, value: Any, path: str) -> tuple[str, Any]:
        name = self._text(key, f"{path}.(key)")
        if is_secret(key, value):
            self.hits.append(Hit(f"{path}.{name}", "sensitive field", sensitive=True))
        return name, self.value(value, f"{path}.{name}")

    def _text(self, text: str, path: str) -> str:
        """The text without card numbers; unchanged to the letter where there is none."""
        plain = plain_text(text)
        if len(plain) < ENCODED_FROM and DIGITS.search(plain) is None:
            return text
        if says_a_secret(plain):
            self.hits.append(Hit(path, "track or verification code", sensitive=True))
        cleaned = self._without_numbers(plain, path)
        for token, hidden in _encoded(plain):
            cleaned = self._without_hidden(cleaned, token, hidden, path)
        return text if cleaned == plain else cleaned

    def _without_numbers(self, plain: str, path: str) -> str:
        lengths = CODE_LENGTHS if path in self._codes_at else None
        for start, end, digits in reversed(list(self._numbers(plain))):
            if lengths is None or len(digits) in lengths:
                self.hits.append(Hit(path, "card number"))
                plain = f"{plain[:start]}{digits[:6]}...{digits[-4:]}{plain[end:]}"
        return plain

    def _without_hidden(self, cleaned: str, token: str, hidden: str, path: str) -> str:
        if says_a_secret(hidden):
            self.hits.append(Hit(path, "track or verification code in base64", sensitive=True))
        if any(True for _ in self._numbers(hidden)):
            self.hits.append(Hit(path, "card number in base64"))
            return cleaned.replace(token, REMOVED)
        return cleaned

    def _numbers(self, plain: str) -> Iterator[Place]:
        for groups in groups_of(plain):
            self._groups += len(groups)
            if self._groups > MOST_GROUPS:
                raise Unreadable("the document holds too many digit groups to be looked through for card numbers")
            yield from among(groups)


def _encoded(plain: str) -> Iterator[tuple[str, str]]:
    """Base64 tokens that hide a digit run or a secret, with what they say."""
    for token in TOKEN.findall(plain):
        hidden = _decoded(token)
        if RUN.search(hidden) or says_a_secret(hidden):
            yield token, hidden


def _decoded(token: str) -> str:
    padded = token.replace("-", "+").replace("_", "/") + "=" * (-len(token) % 4)
    try:
        raw = base64.b64decode(padded)
    except binascii.Error:
        return ""
    try:
        return plain_text(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return raw.decode("latin-1")
