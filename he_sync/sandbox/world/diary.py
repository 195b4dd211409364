"""What the world remembers from day to day, kept in the state beside the documents; the truth file for tests.

The truth lives in the table `world/truth` too, committed with its day, so that truth.json can be written again after a
crash between the commit and the file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from he_sync.sandbox.state import State, decode, encode
from he_sync.sandbox.world.processor import Batch
from he_sync.sandbox.world.sale import Line
from he_sync.sandbox.world.shopping import Bought

if TYPE_CHECKING:
    from he_sync.sandbox.world.plants import Plants
    from he_sync.sandbox.world.rows import Rows
    from he_sync.sandbox.world.whole import World

SETTING = "world"
TRUTH = "world/truth"


@dataclass
class Diary:
    """Seed and size, the days that happened, and what the next day needs of them."""

    seed: int
    size: str
    days: list[str] = field(default_factory=list)
    journal: int = 1
    pending: list[dict[str, Any]] = field(default_factory=list)
    backlog: list[list[int]] = field(default_factory=list)
    bought: dict[str, list[list[int]]] = field(default_factory=dict)
    settled: list[int] = field(default_factory=list)

    def happened(self, day: date) -> bool:
        """Whether a day was made already. Raises ValueError for a day before the last one."""
        if day.isoformat() in self.days:
            return True
        if self.days and day.isoformat() < self.days[-1]:
            raise ValueError(f"{day} lies before {self.days[-1]}, the last day that happened; days happen in order")
        return False

    def batches(self) -> list[Batch]:
        """Closed batches that wait for their deposit."""
        return [Batch(**one) for one in self.pending]

    def returnable(self, world: World, code: str) -> list[Bought]:
        """Lines of the last day that may come back to a store."""
        rows = self.bought.get(code, [])
        return [
            Bought(ticket, Line(world.items[index], milli, price, sold)) for ticket, index, milli, price, sold in rows
        ]

    def remember(self, bought: dict[str, list[Bought]], pending: list[Batch]) -> None:
        """Note what may come back tomorrow and what waits for its deposit."""
        self.bought = {
            code: [[one.ticket, one.line.item.index, one.line.milli, one.line.price, one.line.sold] for one in lines]
            for code, lines in bought.items()
        }
        self.pending = [asdict(batch) for batch in pending]


def open_diary(state: State) -> Diary | None:
    """The diary, None before create()."""
    text = state.setting(SETTING)
    return Diary(**decode(text)) if text else None


def close_diary(state: State, diary: Diary) -> None:
    """Write it down."""
    state.set_setting(SETTING, encode(asdict(diary)))


def record_truth(rows: Rows, state: State, plants: Plants) -> None:
    """The day's truth as rows, after those of earlier days."""
    first = state.next_id(TRUTH, 1)
    for offset, row in enumerate(plants.rows()):
        rows.add(TRUTH, first + offset, row)


def write_truth(state: State) -> None:
    """truth.json anew from the table, in one rename."""
    path, fresh = state.folder / "truth.json", state.folder / "truth.json.new"
    lines = ",\n".join(encode(row) for row in state.select(TRUTH))
    fresh.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    fresh.replace(path)
