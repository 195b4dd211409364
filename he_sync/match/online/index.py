"""What is kept of a finished run, so that a new record is judged as the run would have judged it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from he_sync.match.blocking import Cost
from he_sync.match.codes import SEED, Bools, Floats, Ints, Small, taken
from he_sync.match.compare import namesakes
from he_sync.match.correction import Correction
from he_sync.match.decide import Decisions, Policy
from he_sync.match.decided import Decided, told
from he_sync.match.emails import mailboxes
from he_sync.match.explain import Explainer
from he_sync.match.identity import EXTRA
from he_sync.match.latent import Model
from he_sync.match.levels import FIELDS
from he_sync.match.online.blocks import Blocks, blocks
from he_sync.match.online.forms import Known
from he_sync.match.online.rivals import Book, book
from he_sync.match.phones import numbers
from he_sync.match.reading import GIVEN
from he_sync.match.run import Outcome
from he_sync.match.standardise import habits
from he_sync.match.table import roots, usual

COUNTED = ("root", "last", "name", "firm")
"""Columns whose frequency in the run the model reads."""
COMPARED = (
    "first", "last", "root", "name", "user", "host", "digits", "number", "road", "unit", "zip5", "place", "region",
    "firm", "middle", "generation", "birth", "identifier",
)  # fmt: skip
"""Columns that pairs are compared by; the others only serve blocks."""
ROUNDING = 1e-9
"""The threshold is the score of a pair, which later sums of another order give again but for the last digits."""
ODD = np.uint64(0x9E3779B97F4A7C15)
"""Mixes the hashes of a record's texts, each with its place."""
NOTHING = np.uint64(pl.Series([""]).hash(SEED)[0])
OLDEST = pl.CompatLevel.oldest()
"""Texts with offsets: a few are taken from them without a thread, in memory or out of a mapped file."""
ANSWERS = pa.schema(
    {
        "side": pa.int8(),
        "id": pa.large_string(),
        "other_side": pa.int8(),
        "other_id": pa.large_string(),
        "same": pa.bool_(),
        "asked": pa.bool_(),
        "source": pa.string(),
    }
)
"""Decided, and where it comes from: `labels` or `decisions`."""
Grid = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Counts:
    """How many records have a text, by its hash."""

    key: npt.NDArray[np.uint64]
    count: Small

    def of(self, texts: pl.Series) -> Ints:
        """Records by text; the empty text counts as none."""
        return np.where((texts != "").to_numpy(), self.at(texts.hash(SEED).to_numpy()), 0)

    def at(self, asked: npt.NDArray[np.uint64]) -> Ints:
        """Records by hash."""
        at = np.minimum(np.searchsorted(self.key, asked), len(self.key) - 1)
        return np.where(self.key[at] == asked, self.count[at], 0).astype(np.int64)


class Seen(NamedTuple):
    """Patterns of a model: `levels[field, pattern]`, and the pairs that have each."""

    levels: Grid
    counts: Ints


@dataclass(frozen=True)
class Learned:
    """What the run learned and decided once: how records are read, the models, the policy and the threshold.

    `fitted` is the number of records that it learned from, `changed` how many came, changed or went since. `costs` are
    those of blocking when all blocks were last made.
    """

    known: Known
    models: Mapping[str, Model]
    people: int
    policy: Policy
    threshold: float
    clean: frozenset[int]
    linked: bool
    fitted: int
    changed: int = 0
    correction: Correction | None = None
    crowd: tuple[float, ...] = (0.0, 0.0, 0.0)
    costs: tuple[Cost, ...] = ()

    @cached_property
    def explainers(self) -> Mapping[str, Explainer]:
        """By model; their steps are made once, not once a question."""
        return {name: Explainer(model) for name, model in self.models.items()}


@dataclass(frozen=True)
class Index:
    """A finished run, ready for look-ups. Arrays follow `records`: id, side, customer, and columns for blocks.

    `texts` has the columns COMPARED of each record in one text, `lengths` the bytes of each (a row a record): who looks
    at a record waits for memory four times, and not twice for each column. Of a record's customer, `size` counts the
    records and `sides[k]` says whether one is of side k; `beside` marks records with a namesake in the house who says
    Jr or Sr. `raw` is the hash of what a record was read from; `levels` has a row for each of FIELDS and a column for
    each candidate pair. `answers` (ANSWERS) is what people said of pairs.

    For the next run: `seen` are the patterns of each model and `row` a pair's among them, `probability` is after rivals
    and before answers, `decision` of each pair, `household` of each record.
    """

    learned: Learned
    records: pa.Table
    texts: pa.Array
    blocks: Blocks
    book: Book
    counts: Mapping[str, Counts]
    stats: Mapping[str, Small]
    lengths: npt.NDArray[np.uint32]
    cluster: Small
    size: Small
    sides: Bools
    beside: Bools
    raw: npt.NDArray[np.uint64]
    left: Small
    right: Small
    levels: Grid
    answers: pa.Table
    row: Small
    probability: Floats
    decision: Decisions
    household: Small
    seen: Mapping[str, Seen]

    def __len__(self) -> int:
        """Records."""
        return len(self.records)

    def texts_of(self, rows: Ints) -> pa.Array:
        """COMPARED of some records, one record after the other."""
        sizes, joined = self.lengths[rows].ravel(), self.texts.take(positions(rows)).buffers()[2]
        ends = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=ends[1:])
        return pa.LargeStringArray.from_buffers(len(sizes), pa.py_buffer(ends), joined or pa.py_buffer(b""))

    def column(self, name: str, some: Ints) -> pl.Series:
        """One column of some records in standard form."""
        if name in COMPARED:
            return pl.Series(name, column_of(self.texts_of(some), name))
        return pl.Series(name, self.records[name].take(positions(some)))

    def standard(self, some: Ints | None = None) -> pl.DataFrame:
        """All records in standard form, or some."""
        rows = np.arange(len(self)) if some is None else some
        texts = self.texts_of(rows)
        columns = [pl.Series(name, column_of(texts, name)) for name in COMPARED]
        rest = self.records.drop_columns(["id", "side", "customer"])
        return pl.DataFrame(rest if some is None else rest.take(positions(rows))).with_columns(columns)


def column_of(texts: pa.Array, name: str) -> pa.Array:
    """One column of texts that lie record by record."""
    return texts.take(positions(np.arange(COMPARED.index(name), len(texts), len(COMPARED))))


def positions(rows: Ints) -> pa.Array:
    """Positions for pyarrow, which would load pandas to look at an array of numpy's: 0.3 s before the first answer."""
    return pl.Series(rows, dtype=pl.Int64).to_arrow()


def index(outcome: Outcome, frozen: Index | None = None, changed: int = 0) -> Index:
    """The index of a run; seconds for a million records, once.

    With `frozen`, of a run by the models of an earlier one, after which so many records have changed in all.
    """
    whole = outcome.table
    standard, count, scores = whole.standard, len(whole), outcome.scores
    sizes, pairs = np.bincount(outcome.cluster, minlength=count), scores.pairs
    customer = outcome.names(outcome.cluster, "C-").alias("customer")
    rest = standard.select(pl.exclude(COMPARED))
    known = rest.with_columns(outcome.records["id"], pl.Series("side", whole.side, dtype=pl.Int8), customer)
    return Index(
        replace(frozen.learned, changed=changed, costs=outcome.costs) if frozen else _learned(outcome),
        known.to_arrow(compat_level=OLDEST).combine_chunks(),
        standard.select(pl.concat_str(COMPARED)).to_series().to_arrow(compat_level=OLDEST),
        blocks(standard),
        book(scores, count, frozen.book.lift if frozen else None),
        frozen.counts if frozen else {name: _counts(standard[name]) for name in COUNTED},
        {name: whole.stats[name].astype(np.int32) for name in COUNTED},
        standard.select(pl.col(COMPARED).str.len_bytes()).to_numpy().astype(np.uint32, order="C"),
        outcome.cluster.astype(np.int32),
        sizes[outcome.cluster].astype(np.int32),
        _sides(outcome),
        _beside(outcome),
        raw(outcome.records),
        pairs.left.astype(np.int32),
        pairs.right.astype(np.int32),
        np.array([scores.levels[field.name] for field in FIELDS], np.uint8),
        _answers(outcome),
        scores.row.astype(np.int32),
        scores.probability,
        outcome.decision,
        outcome.household.astype(np.int32),
        {name: Seen(one.levels.astype(np.uint8), one.counts) for name, one in scores.seen.items()},
    )


def _answers(outcome: Outcome) -> pa.Table:
    """What was said, by the names of the records: decisions, which the next one replaces whole, and labels."""
    decided = list(outcome.options.decided or ())
    pairs = {frozenset(((one.side, one.id), (one.other_side, one.other_id))) for one in decided}
    labels = [
        one
        for one in told(outcome.answers, outcome.records)
        if frozenset(((one.side, one.id), (one.other_side, one.other_id))) not in pairs
    ]
    rows = [(*one, "decisions") for one in decided] + [(*one, "labels") for one in labels]
    columns = zip(*rows, strict=True) if rows else ([] for _ in ANSWERS)
    return pa.table({field.name: pa.array(list(one), field.type) for field, one in zip(ANSWERS, columns, strict=True)})


def answers_of(known: Index, source: str) -> list[Decided]:
    """The labels, or the decisions, that the run obeyed."""
    if not len(known.answers):
        return []
    rows = known.answers.filter(pc.equal(known.answers["source"], source)).drop_columns(["source"])
    return [Decided(**row) for row in rows.to_pylist()]


def raw(records: pl.DataFrame) -> npt.NDArray[np.uint64]:
    """A hash of what each record says, beside its id and its date; a column that is not there says nothing."""
    found = np.zeros(len(records), np.uint64)
    for name in (*GIVEN, *EXTRA):
        if name not in ("id", "created"):
            said = hashes_of(records[name]) if name in records.columns else NOTHING
            found *= ODD
            found ^= said
    return found


def hashes_of(texts: pl.Series) -> npt.NDArray[np.uint64]:
    """Hashes of texts; of numbered ones each distinct text is read once."""
    if texts.dtype == pl.String:
        return texts.hash(SEED).to_numpy()
    distinct = texts.unique()
    number = distinct.to_physical().to_numpy()
    by_number = np.zeros(int(number.max(initial=0)) + 1, np.uint64)
    by_number[number] = distinct.cast(pl.String).hash(SEED).to_numpy()
    return taken(by_number, texts.to_physical().to_numpy().astype(np.int32))


def _learned(outcome: Outcome) -> Learned:
    return Learned(
        _known(outcome),
        outcome.scores.models,
        outcome.table.people,
        outcome.options.policy,
        outcome.threshold - ROUNDING,
        frozenset(outcome.options.clean),
        outcome.linked,
        len(outcome.table),
        0,
        outcome.scores.correction,
        tuple(outcome.crowd),
        outcome.costs,
    )


def _known(outcome: Outcome) -> Known:
    standard, first = outcome.table.standard, outcome.table.codes["first"]
    return Known(habits(outcome.records), roots(first), usual(standard), *_nobodys(outcome.records, standard))


def _nobodys(records: pl.DataFrame, standard: pl.DataFrame) -> tuple[frozenset[str], frozenset[str]]:
    """E-mail addresses and numbers that the run left out: their records had one, and have none."""
    mails = mailboxes(records.select("email").filter((standard["user"] == "") & (standard["host"] == "")))
    mails = mails.filter(pl.col("user") != "").select(pl.concat_str("user", "host", separator="@"))
    phones = numbers(records.select("phone").filter(standard["digits"] == "")).filter(pl.col("digits") != "")
    return frozenset(mails.to_series().to_list()), frozenset(phones["digits"].to_list())


def _counts(texts: pl.Series) -> Counts:
    key, count = np.unique(texts.hash(SEED).to_numpy(), return_counts=True)
    return Counts(key, count.astype(np.int32))


def _sides(outcome: Outcome) -> Bools:
    cluster, side, count = outcome.cluster, outcome.table.side, len(outcome.table)
    return np.array([(np.bincount(cluster[side == one], minlength=count) > 0)[cluster] for one in (0, 1)])


def _beside(outcome: Outcome) -> Bools:
    """Records with a namesake in the house who says Jr or Sr."""
    levels, pairs = outcome.scores.levels, outcome.scores.pairs
    together = namesakes(levels["first name"], levels["last name"], levels["address"])
    left, right = pairs.left[together], pairs.right[together]
    says = outcome.table.codes["generation"].at > 0
    found = np.zeros(len(outcome.table), bool)
    found[left[says[right]]] = found[right[says[left]]] = True
    return found
