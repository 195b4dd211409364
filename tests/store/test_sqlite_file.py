"""A damaged file is refused with one line, and a write-ahead log that grows is told of (faults F22 and F24)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from he_sync.model.errors import FixSettings
from he_sync.store import effects, inbox, sqlite_file
from he_sync.store.database import Store, open_store
from he_sync.store.sqlite_file import WHOLE, check, log_alarm, log_bytes, shorten_log
from tests.store.examples import arrival, effect

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a few hundred events and effects, at rest."""
    file = tmp_path / "he_sync.db"
    with open_store(file) as store:
        effects.plan(store, [effect(f"ticket {number}") for number in range(200)])
        inbox.put(store, [arrival(f"e{number}", f"order {number}") for number in range(200)])
        assert shorten_log(store)
    return file


@pytest.fixture
def filled(path: Path) -> Iterator[Store]:
    with open_store(path) as store:
        yield store


def spoil(path: Path, page: int, at: int, value: bytes) -> None:
    """Bytes of one page are others now, as after a torn write or a bad block."""
    with path.open("r+b") as file:
        file.seek(page * PAGE + at)
        file.write(value)


def test_a_sound_store_passes_and_one_on_a_server_is_not_asked(path: Path, postgres_url: str) -> None:
    for url in (path, postgres_url):
        with open_store(url) as store:
            check(store)
            check(store, WHOLE)
            assert log_alarm(store) == ""


def test_a_torn_page_anywhere_is_refused_with_one_line_that_says_what_to_do(path: Path, tmp_path: Path) -> None:
    whole, torn = path.read_bytes(), tmp_path / "torn.db"
    for page in range(1, len(whole) // PAGE):
        torn.write_bytes(whole)
        spoil(torn, page, 0, b"\xff" * (PAGE // 2))
        with pytest.raises(FixSettings, match=r"damaged|cannot be opened") as refused, open_store(torn) as store:
            check(store)
        assert "\n" not in str(refused.value)
        assert "operations.md" in str(refused.value), page


def test_a_letter_that_changed_under_an_index_is_found_by_the_doctors_longer_look(path: Path, tmp_path: Path) -> None:
    """The pages are sound, so that a quick look passes: only table and index disagree."""
    whole, other = path.read_bytes(), tmp_path / "other.db"
    found = []
    for place in [one.start() for one in re.finditer(b"order 137", whole)]:
        other.write_bytes(whole)
        spoil(other, 0, place, b"odder")
        with open_store(other) as store:
            check(store)
            with suppress(FixSettings):
                check(store, WHOLE)
                continue
        found.append(place)
    assert found


def test_a_log_that_a_reader_holds_open_is_told_of_and_shortened_when_the_reader_is_gone(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "MOST_LOG_BYTES", 100_000)
    path = sqlite_file.path_of(filled)
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM inbox").fetchone()
        inbox.put(filled, [arrival(f"later{number}", f"order {number}") for number in range(1_000)])
        assert log_bytes(filled) > 100_000
        assert "has grown to" in log_alarm(filled)
        assert "keeps a read open" in log_alarm(filled)
    assert log_alarm(filled) == ""
    assert log_bytes(filled) == 0
