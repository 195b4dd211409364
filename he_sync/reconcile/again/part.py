"""The chain's stages over the touched records of one schema, as if these were the whole books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy

from he_sync.reconcile.again.kept import Keeper
from he_sync.reconcile.chain.arrays import FEW, Codes
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.stages import Stages
from he_sync.reconcile.chain.tolerances import Allowance
from he_sync.reconcile.given import Books

PAYMENTS = ("store", "day", "tender", "kind", "amount")
LINES = ("batch", "mid", "brand", "day", "settled", "type", "ref", "gross", "fee", "net")
AHEAD: Mapping[str, Mapping[str, Sequence[str]]] = {
    "card": {"pos_payments": (*PAYMENTS, "seconds", "tip", "ref"), "settlement_lines": LINES},
    "batch": {"settlement_lines": LINES},
    "post": {
        "pos_payments": (*PAYMENTS, "order"),
        "gl_lines": ("doc", "day", "account", "store", "ref", "amount", "source"),
    },
    "bank": {"gl_lines": tuple(FEW)},
}
"""By leg and relation the columns that its stages ask for."""


class Part:
    """Stages over one schema; stores, terms and codes are those of the `whole` books."""

    def __init__(self, whole: Stages, schema: str, when: Mapping[str, int]) -> None:
        """`when` has the last day of the bank statement, `as_of`, and of anything, `known`."""
        self.schema, self.keeper, self.codes = schema, Keeper(), whole.codes
        self.found = Found(allowance=Allowance(whole.rules, whole.codes.currencies), keep=True)
        self.stages = copy(whole)
        self.stages.reader = whole.reader.within(schema, AHEAD.get(schema.partition("_")[0], {}))
        self.stages.found, self.stages.keep = self.found, self.keeper.hear
        self.stages.differing, self.stages.coming, self.stages.rows = {}, Counter(), {}
        self.stages.as_of, self.stages.last_line = when["as_of"], when["known"]

    def cents(self, name: str) -> Counter[str]:
        """An identity's difference by currency name."""
        found = self.stages.coming if name == "coming" else self.stages.differing.get(name, Counter())
        return Counter({self.codes.currencies[code]: cents for code, cents in found.items()})


def codes_of(books: Books, known: set[str], schemas: tuple[str, ...]) -> Codes:
    """Codes of books whose currencies are the known ones and those of some schemas' relations."""
    run = books.connection.execute
    found = {books.terms.currency} | known
    for schema in schemas:
        for (table,) in run(
            "SELECT table_name FROM duckdb_columns() WHERE schema_name = ? AND column_name = 'currency'", [schema]
        ).fetchall():
            found |= {name for (name,) in run(f"SELECT DISTINCT currency FROM {schema}.{table}").fetchall()}
    return Codes(
        tenders=tuple(sorted(books.terms.accounts)),
        brands=tuple(sorted(set(books.terms.brand_group.values()))),
        currencies=tuple(sorted(found)),
    )
