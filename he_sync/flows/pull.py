"""A pull: pages from a source into one immutable raw snapshot, complete by count or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter

from he_sync.connect import strict_json
from he_sync.flows.sources import Ask, Page, Source
from he_sync.model.errors import BrokenPromise
from he_sync.store.lake import Lake, RawWriter, Snapshot

ATTEMPTS = 3
"""A source that is written to while it is read moves its count; three reads in a row that all moved are no accident."""


class _MovedError(Exception):
    """The source's count is not the number of rows read."""


def pull(source: Source, ask: Ask, lake: Lake) -> Snapshot:
    """Read one entity of a business date. Raises BrokenPromise when rows and the source's own count never agree."""
    day, said = ask.day.isoformat(), ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with lake.raw(source.entity, day) as writer:
                _read(source, ask, writer, attempt)
        except _MovedError as moved:
            said = str(moved)
        else:
            return lake.current("raw", source.entity, day)
    raise BrokenPromise(
        f"{source.entity} of {day} is not complete: {said}, in {ATTEMPTS} reads; pull again when the source is quiet"
    )


def _read(source: Source, ask: Ask, writer: RawWriter, attempt: int) -> None:
    began, started = datetime.now(UTC), perf_counter()
    for page in source.pages(ask):
        write_page(source, page, writer)
    total = source.count(ask)
    if total != writer.rows:
        raise _MovedError(f"{writer.rows} rows read, the source counts {total}")
    writer.facts = {
        "began": began.isoformat(),
        "source_total": total,
        "attempt": attempt,
        "seconds": round(perf_counter() - started, 3),
        "about": source.about,
    }


def write_page(source: Source, page: Page, writer: RawWriter) -> None:
    """Append one page of documents as they came."""
    writer.append([source.key(row) for row in page], [strict_json.dumps(row).decode() for row in page])


def documents(lake: Lake, entity: str, day: str) -> Iterator[tuple[str, str]]:
    """(key, payload) rows of a raw snapshot."""
    return lake.payloads(entity, day)
