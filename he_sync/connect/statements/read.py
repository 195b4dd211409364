"""A statement file of any format: told by its content, since banks name files as they like."""

from __future__ import annotations

from pathlib import Path

from he_sync.connect.statements import bai2, camt, ofx, table
from he_sync.connect.statements.line import StatementLine, text_of
from he_sync.connect.statements.table import Layout
from he_sync.model.errors import FixInput


def read(path: Path, layout: Layout | None = None, currency: str = "USD") -> list[StatementLine]:
    """All lines of a BAI2, camt.053, OFX or CSV file. Raises FixInput with file, row and rule."""
    if not path.is_file():
        raise FixInput(f"{path}: no such file")
    start = text_of(path)[:4096].lstrip()
    if not start:
        raise FixInput(f"{path.name}: empty")
    if start.startswith("01,"):
        return bai2.read(path)
    if "<OFX>" in start or start.startswith(("OFXHEADER", "<?OFX")):
        return ofx.read(path)
    if start.startswith("<"):
        return camt.read(path)
    return table.read(path, layout, currency)
