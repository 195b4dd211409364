"""Texts in files: whole or not at all, and named by what they hold."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixInput


def digest(text: str) -> str:
    """The name of a text, sha-256."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(path: Path) -> str:
    """A file's text, every byte of it; "" where there is none. Raises FixInput for what is no UTF-8."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise FixInput(f"{path}: cannot be read ({error})") from None


def put(path: Path, text: str) -> None:
    """Beside the file first, then in its place: whoever reads sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def put_data(path: Path, data: Any) -> None:
    """As JSON."""
    put(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def data_of(path: Path) -> Any:
    """What was kept as JSON; None where there is nothing."""
    text = text_of(path)
    return json.loads(text) if text else None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time decides about a mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
