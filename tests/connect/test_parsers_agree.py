"""One document, several parsers (T11): what we take, readers that nobody here wrote take too, and read alike."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

import pydantic_core
import simplejson

from he_sync.connect.strict_json import NotStrict, loads

DOCUMENTS, SEED = 100_000, 20_261_130
NUMBERS = (
    *("0", "-0", "1", "-17", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e5", "1E+2"),
    *("0.1", "201.40", "1234567890123456.78", "-0.05", "1e-7", "1e999", "-1e400", "0E400", "5e-324", "2.5e30"),
    *("00", "01", "1.", ".5", "+1", "0x10", "1e", "--1", "1_000", "NaN", "Infinity", "-Infinity", "\uff11", "9" * 400),
)
TEXTS = (
    *('""', '"a"', '"4.50"', '"\\u0041"', '"\\n\\t\\/\\\\"', '"\\ud83d\\ude00"', '"\U0001f600"', '"e\u0301"'),
    *('"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\x41"', '"\\u00g0"', '"\x01"', '"\n"', '"\u2028"', "'a'", '"a'),
)
KEYS = ('"id"', '"total"', '"tot\\u0061l"', '"Total"', '""', '"\\ud800"', '"e\u0301"', '"\u00e9"', "id", "null")
WORDS = ("null", "true", "false", "True", "nul", "undefined", "None", "")
BLANKS = ("", "", "", " ", "\n", "\t\r", "\x0c", "\u00a0", "\ufeff", "/**/")
DEEPEST = 4
Reader = Callable[[bytes], Any]


def written(chance: random.Random, depth: int = 0) -> str:
    """A value as somebody might write it: mostly JSON, now and then what some readers let pass."""
    kind = chance.random()
    if depth < DEEPEST and kind < 0.35 - 0.06 * depth:
        members = [f"{key(chance)}:{blank(chance)}{written(chance, depth + 1)}" for _ in range(chance.randrange(4))]
        return "{" + blank(chance) + joined(members, chance) + "}"
    if depth < DEEPEST and kind < 0.5 - 0.06 * depth:
        return "[" + joined([written(chance, depth + 1) for _ in range(chance.randrange(4))], chance) + "]"
    return drawn(chance, chance.choice((NUMBERS, TEXTS, WORDS)))


def drawn(chance: random.Random, choices: tuple[str, ...]) -> str:
    """Mostly one of the first, which are sound."""
    return choices[0 if chance.random() < 0.1 else min(int(chance.expovariate(4 / len(choices))), len(choices) - 1)]


def key(chance: random.Random) -> str:
    return drawn(chance, KEYS)


def blank(chance: random.Random) -> str:
    return drawn(chance, BLANKS)


def joined(members: list[str], chance: random.Random) -> str:
    return ("," + blank(chance)).join(members) + ("," if chance.random() < 0.01 else "")


def damaged(document: bytes, chance: random.Random) -> bytes:
    """One byte flipped, gone, doubled, or a piece of the document once more."""
    at, to = sorted(chance.randrange(len(document) + 1) for _ in range(2))
    other = bytes([chance.randrange(256)])
    pieces = (other, b"", document[at : at + 1] * 2, document[at:to] * 2)
    return document[:at] + chance.choice(pieces) + document[at + 1 :]


def outcome(read: Reader, document: bytes) -> Any:
    """What a reader makes of it; NotStrict where it refuses."""
    try:
        return plain(read(document))
    except (ValueError, NotStrict, RecursionError):
        return NotStrict


def plain(value: Any) -> Any:
    """The same value for readers with and without exact decimals; 1 is not True, 1e999 not infinite."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, Decimal):
        near = float(value)
        return ("fraction", near if isfinite(near) and bool(near) == bool(value) else value)
    return (type(value).__name__.replace("float", "fraction"), value)


READERS: dict[str, Reader] = {
    "pydantic_core, written in Rust": lambda document: pydantic_core.from_json(document, allow_inf_nan=False),
    "simplejson": lambda document: simplejson.loads(document.decode("utf-8")),
}


def test_of_a_hundred_thousand_documents_each_is_read_alike_by_other_parsers_or_refused() -> None:
    chance, counts = random.Random(SEED), Counter[str]()  # noqa: S311 - a seeded draw, not a secret
    for number in range(DOCUMENTS):
        document = (blank(chance) + written(chance) + blank(chance)).encode("utf-8", "surrogatepass")
        document = damaged(document, chance) if chance.random() < 0.3 else document
        ours = outcome(loads, document)
        theirs = {name: outcome(read, document) for name, read in READERS.items()}
        if ours is not NotStrict:
            assert theirs == dict.fromkeys(READERS, ours), f"document {number}: {document!r}"
        others = list(theirs.values())
        counts["taken" if ours is not NotStrict else "refused"] += 1
        counts["they disagree"] += others[0] != others[1]
    assert min(counts.values()) > DOCUMENTS // 1000, counts
    assert counts["taken"] > DOCUMENTS // 4, counts
