"""The evidence pack of a close: tables as CSV and workbook, a paper, the rules, a manifest that the audit keeps."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from he_sync.flows.books.evidence import Evidence
from he_sync.flows.books.ground import Books
from he_sync.reconcile.evidence.manifest import MANIFEST, write_manifest
from he_sync.reconcile.evidence.paper import write_paper
from he_sync.reconcile.evidence.sheets import Sheet, write_csv, write_workbook
from he_sync.reconcile.output import new_folder
from he_sync.store import audit

FORMAT = "1"
WRITTEN = "evidence pack written"
ON_PAPER = (
    *("store_days", "proof", "journals", "late", "matches", "open_items", "direct_entries", "totals", "sources"),
    *("exceptions", "clearing", "clearing_differences", "registers", "ticket_gaps"),
)
COLUMNS, MOST = 8, 400
"""Of a table on paper; a wider or longer one is whole in the CSV and the workbook, and the paper says so."""


def write_pack(office: Books, days: Sequence[str], stores: Collection[str], out: Path, who: str) -> str:
    """Write the pack of some dates into a folder; gives the manifest's hash, which the audit keeps.

    Raises FixInput for a date that was never pulled and for a folder that holds something else.
    """
    evidence = Evidence(office, tuple(days), tuple(sorted(stores)))
    sheets = evidence.sheets()
    about = {"format": FORMAT, "first": days[0], "last": days[-1], "stores": list(evidence.stores) or "all"}
    with new_folder(out, MANIFEST) as folder:
        for sheet in sheets:
            write_csv(sheet, folder)
        write_workbook(sheets, folder / "close.xlsx")
        text = json.dumps(evidence.rules(), indent=1, sort_keys=True)
        (folder / "rules.json").write_text(f"{text}\n", encoding="utf-8")
        shown = [_short(sheet) for sheet in sheets if sheet.name in ON_PAPER]
        write_paper(_title(evidence), _lead(evidence), shown, folder / "close.pdf")
        digest = write_manifest(folder, {**about, "rows": {sheet.name: len(sheet.rows) for sheet in sheets}})
    _remember(office, evidence, digest, who)
    return digest


def _remember(office: Books, evidence: Evidence, digest: str, who: str) -> None:
    subject = f"pack {evidence.days[0]} {evidence.days[-1]} {' '.join(evidence.stores) or 'all'}"
    detail = {"manifest": digest}
    if any(row.detail == json.dumps(detail, separators=(",", ":")) for row in audit.entries(office.store, subject)):
        return
    office.store.run(lambda connection: audit.record(connection, who, WRITTEN, subject, detail))


def known(office: Books, digest: str) -> bool:
    """Whether these books wrote a pack with this manifest."""
    return any(digest in row.detail for row in audit.deeds(office.store, WRITTEN))


def _title(evidence: Evidence) -> str:
    first, last = evidence.days[0], evidence.days[-1]
    return f"Close of {first}" + (f" to {last}" if last != first else "") + f", {evidence.office.retailer.name}"


def _lead(evidence: Evidence) -> list[str]:
    signed = sum(one.standing.state == "signed" for one in evidence.looked)
    taken = evidence.money(sum(one.ground.day.tendered_minor for one in evidence.looked))
    return [
        f"{signed} of {len(evidence.looked)} store-days are signed. {taken:,} was taken.",
        "Nobody approved what they prepared. Every figure is in the CSV files; their hashes are in the manifest.",
    ]


def _short(sheet: Sheet) -> Sheet:
    """What fits on paper: the columns before the hashes, and the first rows of a long table."""
    rows = tuple(row[:COLUMNS] for row in sheet.rows[:MOST])
    more = len(sheet.rows) - len(rows)
    name = f"{sheet.name} (first {len(rows)} of {len(sheet.rows)})" if more else sheet.name
    return Sheet(name, sheet.columns[:COLUMNS], rows)
