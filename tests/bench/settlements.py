"""The reconciliation engine as whole processes: Parquet in, links and breaks written, beside its peers in the same run.

Each of PARTS is one question. Commands take turns, so that a busy moment meets all of them; of each figure the least
of ROUNDS counts. The worlds are `tests/settlement_world`'s, 3 % of the processor's references lost, a tenth blind.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

from he_sync.flows.chain import KNOWN
from he_sync.reconcile.runs import links_of
from he_sync.store.lake import Lake
from tests.bench import cost_plot, keyed
from tests.bench.environments import HOME, environment
from tests.bench.figures import Figure, skipped
from tests.bench.process import ROOT, Process, in_turn, python, run
from tests.bench.reconcile_lake import fill
from tests.bench.reconcile_night import RETAILER
from tests.settlement_world.cut import days as day_files
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec

MEBIBYTE = 1024 * 1024
ROUNDS = 5
KEYS, CHAINS, STOCK = 5_000_000, (1_000_000, 5_000_000), 1_000_000
SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
DAYS, A_DAY = 62, (1_000_000, 5_000_000)
SALES = 80  # of a store and date, in the nights' lake
SEED, NO_REFERENCE = 3, 0.03
BASE = SIZES[2]
OTHER = ("datacompy==1.1.0", "pyarrow")  # caps pandas below ours
KEYS_ONLY = "DuckDB keys only"
PLOT = HOME / "cost.png"


def world(folder: Path, payments: int, days: int = 35) -> Path:
    """A world of so many payments; one that an earlier bench made in the folder is taken as it is."""
    made = folder / f"world-{payments}-{days}"
    if not made.is_dir():
        make(Spec(payments, seed=SEED, no_reference=NO_REFERENCE, days=days), made)
    return made


def ours(verb: str, folder: Path, out: Path, *more: object) -> list[str]:
    """The product's own command line."""
    return python("-m", "he_sync.cli", "reconcile", verb, folder, "--out", out, *more)


def keys(folder: Path) -> Iterator[Figure]:
    """Two files by a text key: ours writes every difference, DuckDB counts, datacompy reports (once: half a minute)."""
    keyed.make(KEYS, folder)
    left, right = folder / "left.parquet", folder / "right.parquet"
    on = ("--on", "key", "--compare", ",".join(keyed.COLUMNS), "--out", folder / "compared")
    found = in_turn(
        {
            "ours": python("-m", "he_sync.cli", "reconcile", "files", left, right, *on),
            "DuckDB": python("-m", "tests.bench.peer_join", left, right),
        },
        ROUNDS,
    )
    name = f"{KEYS:,} x {KEYS:,} text keys, 4 columns"
    yield from _beside(name, found, "DuckDB")
    other = environment("datacompy", *OTHER)
    if other is None:
        yield skipped(name, f"{OTHER[0]} cannot be installed")
        return
    found["datacompy"] = run([str(other), "tests/bench/peer_datacompy.py", str(left), str(right)])
    yield from _beside(name, found, "datacompy")


def chain(folder: Path) -> Iterator[Figure]:
    """The whole chain: every link, class and cut-off, beside DuckDB's stages that have a key."""
    for payments in CHAINS:
        books = world(folder, payments)
        found = in_turn(_chains(books, folder), ROUNDS)
        yield from _beside(f"settlement chain, {payments:,} payments", found, KEYS_ONLY)


def _chains(books: Path, folder: Path) -> dict[str, list[str]]:
    return {
        "ours": ours("settlements", _without_stock(books), folder / "out"),
        KEYS_ONLY: python("-m", "tests.bench.peer_chain", books, folder / "peer.parquet"),
    }


def _without_stock(books: Path) -> Path:
    """The same files less those of stock, which the chain does not need and its peer does not read."""
    bare = books.with_name(f"{books.name}-chain")
    if not bare.is_dir():
        bare.mkdir()
        for path in books.iterdir():
            if path.stem not in {"pos_inventory", "erp_inventory", "uom", "inflight", "labels", "links", "control"}:
                (bare / path.name).symlink_to(path)
    return bare


def stock(folder: Path) -> Iterator[Figure]:
    """A million items at locations in six classes, beside DuckDB's join that only says which differ."""
    books = world(folder, STOCK)
    commands = {
        "ours": ours("inventory", books, folder / "out"),
        "DuckDB": python("-m", "tests.bench.peer_stock", books, folder / "peer.parquet"),
    }
    yield from _beside(f"stock, {STOCK:,} items at locations", in_turn(commands, ROUNDS), "DuckDB")


def growth(folder: Path) -> Iterator[Figure]:
    """Cost against size, on one plot; a payment should cost the same at every size."""
    taken: dict[int, dict[str, Process]] = {}
    for payments in SIZES:
        books = world(folder, payments)
        taken[payments] = in_turn(_chains(books, folder), 2)
        if payments not in CHAINS:
            shutil.rmtree(books)
            shutil.rmtree(_without_stock(books))
    cost_plot.draw(taken, BASE, PLOT)
    sys.stderr.write(f"cost against size: {PLOT.relative_to(ROOT)}\n")
    base = taken[BASE]["ours"].processor_seconds / BASE * cost_plot.MILLION
    for payments, found in taken.items():
        name = f"settlement chain's growth, {payments:,} payments"
        each = found["ours"].processor_seconds / payments * cost_plot.MILLION
        yield Figure(name, "processor time a million", each, "cpu-s", f"at {BASE:,}", base, "1.00")
        yield from _beside(name, found, KEYS_ONLY)


def a_day(folder: Path) -> Iterator[Figure]:
    """A new day of DAYS that arrives in the folder of a run before: a file a relation. A whole run must say the same.

    Start-up is part of every process: at a million payments it is a tenth of the whole run.
    """
    for payments in A_DAY:
        books, aside = _day_files(folder, payments)
        last = [path.relative_to(books) for path in books.glob(f"*/{_last_day()}.parquet")]
        _moved(last, books, aside)
        run(ours("settlements", books, folder / "first"))
        _moved(last, aside, books)
        found = in_turn(
            {
                "ours": ours("settlements", books, folder / "second", "--previous", folder / "first"),
                "full": ours("settlements", books, folder / "full"),
            },
            3,
        )
        name = f"one new day of {DAYS}, {payments:,} payments"
        yield from _beside(name, found, "full")
        same = _bytes(folder / "second") == _bytes(folder / "full")
        yield Figure(name, "outputs equal byte for byte", float(same), "yes = 1", better="more")


def night(folder: Path) -> Iterator[Figure]:
    """A new date of the last DAYS that were pulled: only what it touches is read, beside a night that makes all dates.

    The nights before are there already; both have the same numbers, so that both must say the same.
    """
    days = [Spec().first_day + timedelta(days=number) for number in range(DAYS + 1)]
    home, other = folder / "home", folder / "all-dates"
    fill(Lake(home / "lake"), RETAILER, days, SALES)
    run(_a_night(home, days[-2]))
    shutil.copytree(home, other, symlinks=True)
    (other / "chain" / days[-2].isoformat() / KNOWN).unlink()
    found = in_turn({"ours": _a_night(home, days[-1]), "all dates": _a_night(other, days[-1])}, 1)
    name = f"night of a new date of {DAYS}, {SALES * sum(bool(one.mid) for one in RETAILER.stores):,} sales a date"
    yield from _beside(name, found, "all dates")
    same = _bytes(home / "chain" / days[-1].isoformat()) == _bytes(other / "chain" / days[-1].isoformat())
    yield Figure(name, "outputs equal byte for byte", float(same), "yes = 1", better="more")


def _a_night(home: Path, day: date) -> list[str]:
    return python("-m", "tests.bench.reconcile_night", home, day)


def _last_day() -> date:
    return Spec().first_day + timedelta(days=DAYS - 1)


def _day_files(folder: Path, payments: int) -> tuple[Path, Path]:
    """The world's books as one file a day, and an empty folder of the same relations."""
    books, aside = (folder / f"{name}-{payments}" for name in ("days", "aside"))
    if not books.is_dir():
        day_files(_without_stock(world(folder, payments, DAYS)), books, _last_day())
    for path in books.iterdir():
        if path.is_dir():
            (aside / path.name).mkdir(parents=True, exist_ok=True)
    return books, aside


def _moved(files: list[Path], source: Path, into: Path) -> None:
    for one in files:
        (source / one).replace(into / one)


def _bytes(out: Path) -> dict[str, bytes]:
    paths = (*links_of(out), out / "breaks.parquet")
    return {path.name: path.read_bytes() for path in paths}


def _beside(name: str, found: dict[str, Process], peer: str) -> Iterator[Figure]:
    us, them = found["ours"], found[peer]
    yield Figure(name, "wall time", us.seconds, "s", peer, them.seconds)
    yield Figure(name, "processor time", us.processor_seconds, "s", peer, them.processor_seconds)
    yield Figure(name, "peak memory", us.peak / MEBIBYTE, "MiB", peer, them.peak / MEBIBYTE)


PARTS: MappingProxyType[str, Callable[[Path], Iterator[Figure]]] = MappingProxyType(
    {
        "keys": keys,
        "chain": chain,
        "stock": stock,
        "growth": growth,
        "a_day": a_day,
        "night": night,
    }
)
