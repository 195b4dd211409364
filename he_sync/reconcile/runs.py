"""Whole reconciliations on a folder of files: open the books, compare, write every output file. No printing here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from he_sync.model.errors import FixInput
from he_sync.reconcile.compare import inventory as stock
from he_sync.reconcile.given import Books, open_books
from he_sync.reconcile.given.columns import Subject
from he_sync.reconcile.given.files import quoted
from he_sync.reconcile.given.known import Checked
from he_sync.reconcile.output import BREAKS, new_folder, reader, write_summary

if TYPE_CHECKING:
    from he_sync.reconcile.again.manifest import Noticed
    from he_sync.reconcile.chain.found import Found
    from he_sync.reconcile.chain.outcome import Outcome, Summary
    from he_sync.reconcile.chain.rules import RuleSet
    from he_sync.reconcile.compare.keyed import Sides

Tell = Callable[[str], None]
"""Hears what is done next, in a few words."""
NO_STATE, NONE_NAMED = "the earlier output kept no state", "no earlier run was named"
Figures = dict[str, Any]
"""What `summary.json` says."""


def settlements(  # noqa: PLR0913 - the options of the verb
    folder: Path,
    out: Path,
    *,
    rules: Path | None = None,
    threads: int | None = None,
    previous: Path | None = None,
    tell: Tell = lambda _: None,
) -> Figures:
    """Payments to lines, batches, deposits, bank and ledger, with orders and, where it is there, stock."""
    from he_sync.reconcile.chain.rules import built_in, read_rules  # noqa: PLC0415 - a verb loads what it runs
    from he_sync.reconcile.report.facts import gather  # noqa: PLC0415 - only this verb has a report
    from he_sync.reconcile.report.page import render  # noqa: PLC0415 - same

    chosen = read_rules(rules) if rules else built_in()
    before = None
    if previous is not None:
        from he_sync.reconcile.again.manifest import Noticed  # noqa: PLC0415 - same

        before = Noticed.of(previous)
    checked = before.checked() if before else None
    with _books(folder, "settlements", threads, tell, checked) as books, new_folder(out) as part:
        tell("match and classify")
        outcome, how = _reconciled(books, chosen, part, threads, (previous, before))
        tell(how)
        figures = _figures(outcome.summary, chosen)
        if books.has("pos_inventory"):
            tell("compare stock")
            figures["inventory_breaks"] = _add_stock(books, part / f"breaks.{books.format}")
        tell("write the report")
        write_summary(part, figures)
        (part / "report.html").write_text(render(gather(books, part, figures, outcome.posted)), encoding="utf-8")
        return figures | {"computed": how}  # told, not written: a run on top of another leaves the bytes of a whole one


def _reconciled(
    books: Books, rules: RuleSet, out: Path, threads: int | None, earlier: tuple[Path | None, Noticed | None]
) -> tuple[Outcome, str]:
    """What the chain found and how it came to be: on top of an earlier run, or whole."""
    previous, before = earlier
    if books.noted:  # a folder of files in place of a file: 0.1 s of imports that other books need not wait for
        from he_sync.reconcile.again.manifest import is_parted  # noqa: PLC0415 - a verb loads what it runs
        from he_sync.reconcile.again.run import reconcile as again  # noqa: PLC0415 - same

        if is_parted(books):
            known = before or (NO_STATE if previous else NONE_NAMED)
            return again(books, rules, out, threads=threads, previous=known)
    from he_sync.reconcile.chain.run import reconcile  # noqa: PLC0415 - same: numpy and pyarrow

    outcome = reconcile(books, rules, out, format=books.format, threads=threads, previous=previous)
    if outcome.taken_over:
        return outcome, "taken over: nothing has changed"
    return outcome, f"whole: {_one_file(books)}" if previous else "whole"


def _one_file(books: Books) -> str:
    """Why an earlier run is of no use: which relation does not show its days apart, and what to do."""
    from he_sync.reconcile.again.manifest import LARGE  # noqa: PLC0415 - a verb loads what it runs

    name = next(name for name in LARGE if name in books.raws and not books.raws[name].parts)
    file = books.raws[name].path.name
    return f"{file} has all days in one file; give {name}/ with one Parquet file a day, and only new days are matched"


def links_of(out: Path) -> list[Path]:
    """The files of links of an output, in their order."""
    return sorted((out / "links").glob("*.parquet")) or sorted(out.glob("links.*"))


def orders(folder: Path, out: Path, *, threads: int | None = None, tell: Tell = lambda _: None) -> Figures:
    """Sales of the POS against sales orders of the ERP."""
    from he_sync.reconcile.chain.arrays import Reader  # noqa: PLC0415 - numpy and pyarrow load only where they run
    from he_sync.reconcile.chain.found import Found  # noqa: PLC0415 - same
    from he_sync.reconcile.chain.orders import match_orders  # noqa: PLC0415 - same
    from he_sync.reconcile.chain.write import write_breaks  # noqa: PLC0415 - same

    found = Found()
    with _books(folder, "orders", threads, tell) as books, new_folder(out) as part:
        tell("compare orders")
        match_orders(Reader(books), found)
        write_breaks(found.breaks, _last_day(books), part / f"breaks.{books.format}")
        figures = {"subject": "orders", "rows": books.rows, **_counts(found), "data_versions": books.versions}
        write_summary(part, figures)
        return figures


def inventory(folder: Path, out: Path, *, threads: int | None = None, tell: Tell = lambda _: None) -> Figures:
    """What the POS may sell against the ERP's stock."""
    with _books(folder, "inventory", threads, tell) as books, new_folder(out) as part:
        tell("compare stock")
        counts = _compare_stock(books)
        _copy(books.connection, f"SELECT * FROM {stock.RESULT} ORDER BY record_id", part / f"breaks.{books.format}")
        figures = {"subject": "inventory", "rows": books.rows, "breaks": counts, "data_versions": books.versions}
        write_summary(part, figures)
        return figures


def files(  # noqa: PLR0913 - the options of the verb
    left: Path, right: Path, out: Path, *, key: Sequence[str], columns: Sequence[str] = (), threads: int | None = None
) -> Figures:
    """Any two files by key; without `columns` all that both have. `differences` has the format of the left one."""
    from he_sync.reconcile.compare import keyed  # noqa: PLC0415 - a verb loads what it runs

    with duckdb.connect(config={"threads": threads} if threads else {}) as connection, new_folder(out) as part:
        connection.execute("SET preserve_insertion_order = false")
        with _unreadable(f"{left} or {right}"):
            compared = keyed.compare(connection, _sides(connection, left, right, tuple(key), tuple(columns)))
        _copy(connection, f"FROM {keyed.RESULT} ORDER BY ALL", part / f"differences{left.suffix}")
        figures = {"subject": "files", "left": str(left), "right": str(right), **asdict(compared)}
        write_summary(part, figures)
        return figures


def _sides(
    connection: duckdb.DuckDBPyConnection, left: Path, right: Path, key: tuple[str, ...], columns: tuple[str, ...]
) -> Sides:
    """Two files as sides. Raises FixInput for a missing file or column."""
    from he_sync.reconcile.compare.keyed import Sides  # noqa: PLC0415 - a verb loads what it runs

    names = [_names_of(connection, path) for path in (left, right)]
    columns = columns or tuple(name for name in names[0] if name in names[1] and name not in key)
    for path, known in zip((left, right), names, strict=True):
        for name in (*key, *columns):
            if name not in known:
                raise FixInput(f"{path.name}: column {name} is missing; it has {', '.join(known)}")
    return Sides(_reader(left), _reader(right), key, columns)


def _names_of(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    if not path.is_file() or path.suffix not in (".csv", ".parquet"):
        raise FixInput(f"{path}: not a .csv or .parquet file")
    return [name for name, *_ in connection.execute(f"DESCRIBE FROM {_reader(path)}").fetchall()]


def _reader(path: Path) -> str:
    """The source of a file; a CSV's fields stay texts, since equal is what is written alike."""
    return f"read_csv({quoted(path)}, all_varchar = true)" if path.suffix == ".csv" else f"read_parquet({quoted(path)})"


def backtest(rules: Sequence[Path], folders: Sequence[Path], *, tell: Tell = lambda _: None) -> list[Figures]:
    """Rule sets over history, the first against each other one."""
    from he_sync.reconcile.chain.backtest import backtest as compare  # noqa: PLC0415 - a verb loads what it runs
    from he_sync.reconcile.chain.rules import read_rules  # noqa: PLC0415 - same

    tell("compare rule sets")
    found = compare([read_rules(path) for path in rules], folders)
    return [{**asdict(one), "folder": str(one.folder)} for one in found]


@contextmanager
def _books(
    folder: Path, subject: Subject, threads: int | None, tell: Tell, checked: Checked | None = None
) -> Iterator[Books]:
    tell("read and check the files")
    opened = open_books(folder, threads=threads, subject=subject, checked=checked)
    with _unreadable(str(folder)), opened as books:
        books.connection.execute("SET preserve_insertion_order = false")
        yield books


@contextmanager
def _unreadable(what: str) -> Iterator[None]:
    """A damaged page shows only when it is read, however good the file's frame is."""
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
        raise FixInput(f"{what}: a file cannot be read through ({str(error).splitlines()[0]})") from None


def _figures(summary: Summary, rules: RuleSet) -> Figures:
    from he_sync.reconcile.chain.rules import as_record  # noqa: PLC0415 - a verb loads what it runs

    identities = {
        name: {
            currency: {**asdict(one), "unexplained": one.unexplained} for currency, one in sorted(currencies.items())
        }
        for name, currencies in sorted(summary.identities.items())
    }
    links = sum(summary.links.values())
    ambiguous = sum(summary.ambiguous.get(name, 0.0) * count for name, count in summary.links.items())
    return {
        "subject": "settlements",
        "as_of": summary.as_of.isoformat(),
        "closes": summary.closes,
        "unexplained_cents": dict(sorted(summary.unexplained_cents.items())),
        "identities": identities,
        "rows": dict(sorted(summary.rows.items())),
        "links": dict(sorted(summary.links.items())),
        "links_by_rule": dict(sorted(summary.links_by_rule.items())),
        "match_rates": dict(sorted(summary.match_rates.items())),
        "ambiguous": dict(sorted(summary.ambiguous.items())),
        "ambiguous_share": round(ambiguous / links, 6) if links else 0.0,
        "breaks": dict(sorted(summary.breaks.items())),
        "break_cents": dict(sorted(summary.break_cents.items())),
        "rules": as_record(rules),
        "rules_version": summary.rules_version,
        "data_versions": dict(sorted(summary.data_versions.items())),
    }


def _counts(found: Found) -> Figures:
    kinds = sorted({one.kind for one in found.breaks})
    return {
        "breaks": {kind: sum(one.kind == kind for one in found.breaks) for kind in kinds},
        "break_cents": {kind: sum(one.delta for one in found.breaks if one.kind == kind) for kind in kinds},
    }


def _last_day(books: Books) -> int:
    """The last business date of both sides, in days since 1970."""
    days = "SELECT business_date FROM pos_orders UNION ALL SELECT business_date FROM erp_orders"
    ((last,),) = books.connection.execute(f"SELECT max(business_date) - DATE '1970-01-01' FROM ({days})").fetchall()
    return int(last or 0)


def _compare_stock(books: Books) -> Mapping[str, int]:
    try:
        stock.compare(books.connection, books.rows)
    except stock.Repeated:
        books.check_keys()
        raise
    counted = f"SELECT break_class, count(*) FROM {stock.RESULT} GROUP BY break_class ORDER BY break_class"
    return dict(books.connection.execute(counted).fetchall())


def _add_stock(books: Books, path: Path) -> Mapping[str, int]:
    """Put the breaks of stock among those already written, in the same order; an earlier output taken over has some."""
    counts = _compare_stock(books)
    both = path.with_stem("all")
    _copy(
        books.connection,
        f"SELECT * FROM (FROM {reader(path, BREAKS)} WHERE \"table\" <> 'inventory' UNION ALL FROM {stock.RESULT})"
        ' ORDER BY "table", record_id, break_class, related_id, delta_cents, evidence',
        both,
    )
    both.replace(path)
    return counts


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    options = "FORMAT csv, HEADER" if path.suffix == ".csv" else "FORMAT parquet"
    connection.execute(f"COPY ({query}) TO {quoted(path)} ({options})")
