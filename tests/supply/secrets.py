"""Credentials in the tree or in anything that was ever committed: a key once pushed is known, removed or not.

Shapes that are nothing but a credential, and high-entropy values beside a name that says so. What is found is named by
file and line, never shown.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHAPES = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40,}"),
    "cloud access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "forge token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,}|glpat-[\w-]{20,})"),
    "chat token": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "payment key": re.compile(r"\b(?:sk|rk)_live_[0-9A-Za-z]{20,}"),
    "signed token": re.compile(r"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"),
    "address with a password": re.compile(r"\b[a-z][a-z0-9+]{2,}://[^\s:/@\"'{}<>$]+:(?P<value>[^\s:/@\"'{}<>$]{12,})@"),
}  # fmt: skip
BEGINS = {
    "private key": ("PRIVATE KEY-----",),
    "cloud access key": ("AKIA", "ASIA"),
    "forge token": ("gh", "glpat-"),
    "chat token": ("xox",),
    "payment key": ("_live_",),
    "signed token": (".eyJ",),
    "address with a password": ("://",),
}
"""What a text must hold before a shape is looked for: a search of words costs a tenth of one for a shape."""
NAMED = re.compile(
    r"(?i)(?:password|passwd|secret|token|api_?key|app_?key|credential)\w*[\"']?\s*[:=]\s*[\"'](?P<value>[A-Za-z0-9+/=_\-]{20,})[\"']"
)
ENTROPY = 3.7
"""Bits a character: random base64 of 20 letters has 4 and more, words and their likes below 3.5."""
MOST = 1 << 20
"""Bytes of a file that is read: data files of megabytes are no place where people paste keys."""
NOT_SECRETS = re.compile(r"sandbox|example|whsec_|dummy|test|canary|placeholder|changeme", re.IGNORECASE)
"""Well-known values of the stand-ins and of tests; nothing real would open with them."""


@dataclass(frozen=True)
class Finding:
    """Where something looks like a credential."""

    where: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: looks like a {self.what}; take it out, and exchange it where it is used"


def in_text(where: str, text: str) -> Iterator[Finding]:
    """What a text holds."""
    for what, shape in SHAPES.items():
        for found in shape.finditer(text) if any(one in text for one in BEGINS[what]) else ():
            if not NOT_SECRETS.search(found["value"] if "value" in shape.groupindex else found[0]):
                yield Finding(where, text.count("\n", 0, found.start()) + 1, what)
    for found in NAMED.finditer(text):
        value = found["value"]
        if entropy(value) > ENTROPY and any(map(str.isdigit, value)) and not NOT_SECRETS.search(found[0]):
            yield Finding(where, text.count("\n", 0, found.start()) + 1, "credential")


def entropy(text: str) -> float:
    """Bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def in_tree(root: Path) -> Iterator[Finding]:
    """Every file that git knows or would add, as it is now."""
    for name in _git(root, "ls-files", "--cached", "--others", "--exclude-standard").decode().splitlines():
        path = root / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST:
            yield from in_text(name, path.read_bytes().decode("utf-8", "replace"))


def in_history(root: Path) -> Iterator[Finding]:
    """Every content that was ever committed on the way to here, each once; `where` names a path it had."""
    listed = [line.split(" ", 1) for line in _git(root, "rev-list", "--objects", "HEAD").decode().splitlines()]
    names = {one[0]: one[1] for one in listed if len(one) == 2 and one[1]}
    asked = "\n".join(names).encode()
    answered = _git(root, "cat-file", "--batch", given=asked)
    place = 0
    while place < len(answered):
        end = answered.index(b"\n", place)
        digest, kind, size = answered[place:end].decode().split()
        body = answered[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)
        if kind == "blob" and len(body) <= MOST and b"\0" not in body[:8000]:
            yield from in_text(f"{names[digest]} ({digest[:10]})", body.decode("utf-8", "replace"))


def _git(root: Path, *words: str, given: bytes = b"") -> bytes:
    line = ["git", "-C", str(root), *words]
    return subprocess.run(line, input=given, capture_output=True, check=True).stdout
