"""The reconciliation engine as whole processes: Parquet in, links and breaks written, beside its peers in the same run.

Each of PARTS is one question. Commands take turns, so that a busy moment meets all of them; of each figure the least
of ROUNDS counts. The worlds are `tests/settlement_world`'s, 3 % of the processor's references lost, a tenth blind.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from he_sync.reconcile.runs import links_of
from tests.bench import keyed
from tests.bench.figures import Figure
from tests.bench.process import ROOT, Failed, Process, in_turn, python, run
from tests.settlement_world.cut import days as day_files
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec

MEBIBYTE = 1024 * 1024
ROUNDS = 5
KEYS, CHAINS, STOCK = 5_000_000, (1_000_000, 5_000_000), 1_000_000
SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
DAYS, A_DAY = 62, (1_000_000, 5_000_000)
SEED, NO_REFERENCE = 3, 0.03
OTHER = ROOT / "var" / "datacompy"  # its environment, kept from one bench to the next
PLOT = ROOT / "var" / "cost.png"


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
    try:
        found["datacompy"] = run([_other_python(), "tests/bench/peer_datacompy.py", str(left), str(right)])
    except (Failed, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"datacompy: skipped, it cannot be installed here ({error})\n")
        return
    yield from _beside(name, found, "datacompy")


def _other_python() -> str:
    """datacompy's own environment: it caps pandas below ours, so it brings its own."""
    if not (OTHER / "ready").is_file():
        shutil.rmtree(OTHER, ignore_errors=True)
        venv.create(OTHER, with_pip=True)
        pip = [str(OTHER / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "datacompy", "pyarrow"], check=True, capture_output=True)
        (OTHER / "ready").touch()
    return str(OTHER / "bin" / "python")


def chain(folder: Path) -> Iterator[Figure]:
    """The whole chain: every link, class and cut-off, beside DuckDB's stages that have a key."""
    for payments in CHAINS:
        books = world(folder, payments)
        commands = {
            "ours": ours("settlements", _without_stock(books), folder / "out"),
            "DuckDB keys only": python("-m", "tests.bench.peer_chain", books, folder / "peer.parquet"),
        }
        found = in_turn(commands, ROUNDS)
        yield from _beside(f"settlement chain, {payments:,} payments", found, "DuckDB keys only")


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
    taken: dict[int, Process] = {}
    for payments in SIZES:
        books = world(folder, payments)
        taken[payments] = in_turn({"ours": ours("settlements", _without_stock(books), folder / "out")}, 2)["ours"]
        if payments not in CHAINS:
            shutil.rmtree(books)
            shutil.rmtree(_bare(books), ignore_errors=True)
    _plot(taken)
    first, last = SIZES[2], SIZES[-1]
    name = f"cost from {SIZES[0]:,} to {last:,} payments"
    for payments, one in taken.items():
        each = one.processor_seconds / payments * 1_000_000
        base = taken[first].processor_seconds / first * 1_000_000
        yield Figure(name, f"{payments:,}, a million", each, "cpu-s", f"{first:,}", base, "1.00")
        yield Figure(name, f"{payments:,}, peak memory", one.peak / MEBIBYTE, "MiB")


def _bare(books: Path) -> Path:
    return books.with_name(f"{books.name}-chain")


def _plot(taken: dict[int, Process]) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - half a second that no other bench needs

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend

    figure, left = plt.subplots(figsize=(7, 4.5))
    sizes = list(taken)
    left.loglog(sizes, [one.seconds for one in taken.values()], "o-", label="wall, s")
    left.loglog(sizes, [one.processor_seconds for one in taken.values()], "s-", label="processor, s")
    largest = taken[sizes[-1]].processor_seconds
    left.loglog(sizes, [largest * one / sizes[-1] for one in sizes], ":", color="grey", label="linear")
    left.set(xlabel="payments", ylabel="seconds", title="Whole settlement chain, two cores")
    right = left.twinx()
    right.loglog(sizes, [one.peak / MEBIBYTE for one in taken.values()], "^--", color="tab:green", label="peak, MiB")
    right.set_ylabel("MiB")
    left.legend(loc="upper left")
    right.legend(loc="lower right")
    figure.tight_layout()
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, dpi=120)
    plt.close(figure)


def a_day(folder: Path) -> Iterator[Figure]:
    """A new day of DAYS on top of the run before, books as a file a day; a whole run over them must say the same.

    Start-up is part of every process: at a million payments it is a tenth of the whole run.
    """
    for payments in A_DAY:
        before, after = _day_files(folder, payments)
        run(ours("settlements", before, folder / "first"))
        found = in_turn(
            {
                "ours": ours("settlements", after, folder / "second", "--previous", folder / "first"),
                "full": ours("settlements", after, folder / "full"),
            },
            3,
        )
        name = f"one new day of {DAYS}, {payments:,} payments"
        yield from _beside(name, found, "full")
        same = _bytes(folder / "second") == _bytes(folder / "full")
        yield Figure(name, "outputs equal byte for byte", float(same), "yes = 1", better="more")


def _day_files(folder: Path, payments: int) -> tuple[Path, Path]:
    """The world's books as one file a day, without and with the last day."""
    last = Spec().first_day + timedelta(days=DAYS - 1)
    before, after = (folder / f"{name}-{payments}" for name in ("before", "after"))
    if not after.is_dir():
        day_files(_without_stock(world(folder, payments, DAYS)), after, last)
    if not before.is_dir():
        shutil.copytree(after, before)
        for path in before.glob(f"*/{last}.parquet"):
            path.unlink()
    return before, after


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
    }
)
