"""A flow's steps as an SVG drawing, laid out by itself: what runs goes down, what stops a record goes to the right."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from he_sync.flows.design.outline import Kind, Step

LEFT, WIDE = 10, 420
RIGHT, NARROW = 530, 200
PAD, LINE, GAP = 10, 18, 26
LETTERS, FEW = 48, 24
"""Letters of a line in a box of the left and of the right."""
ASIDE = {
    "a dead letter": ("Dead letters", "one record waits, the others go on"),
    "a person decides": ("A person decides", "on the page Approvals"),
}


@dataclass(frozen=True)
class Box:
    """A step, or where records wait: its place, and its lines of text with the heights at which they stand."""

    kind: Kind | str
    x: int
    y: int
    width: int
    height: int
    title: str
    texts: tuple[tuple[int, str, bool], ...]
    """Height, text, and whether it is of the title."""

    @property
    def middle(self) -> int:
        """Half of its height."""
        return self.y + self.height // 2


@dataclass(frozen=True)
class Arrow:
    """A way from box to box, and its word with its place."""

    path: str
    word: str = ""
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class Drawing:
    """All of it, and how large it is."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int


def drawn(steps: Sequence[Step]) -> Drawing:
    """Boxes below each other in the order of the steps; beside those that stop a record, where it then is."""
    main, top = [], LEFT
    for step in steps:
        main.append(_box(step.kind, top, [step.title, *step.lines]))
        top += main[-1].height + GAP
    aside = list(_aside(steps, main))
    arrows = [
        *_down(steps, main),
        *(arrow for _, first, last, box in aside for arrow in _across(main[first : last + 1], box)),
    ]
    arrows += [
        _back(main, last, box) for name, _, last, box in aside if name == "a person decides" and last + 1 < len(main)
    ]
    boxes = (*main, *(box for *_, box in aside))
    return Drawing(boxes, tuple(arrows), RIGHT + NARROW + LEFT, top - GAP + LEFT)


def _box(kind: Kind | str, top: int, said: Sequence[str], least: int = 0) -> Box:
    x, width, letters = (RIGHT, NARROW, FEW) if kind in {"approval", "letters"} else (LEFT, WIDE, LETTERS)
    lines = [(line, text == said[0]) for text in said if text for line in textwrap.wrap(text, letters)]
    height = max(least, 2 * PAD + LINE * len(lines))
    first = top + (height - LINE * len(lines)) // 2 + LINE - 5
    texts = tuple((first + LINE * at, line, bold) for at, (line, bold) in enumerate(lines))
    return Box(kind, x, top, width, height, said[0], texts)


def _aside(steps: Sequence[Step], main: Sequence[Box]) -> Iterator[tuple[str, int, int, Box]]:
    """A box for each stretch of steps that send records to one place: its name, first and last step."""
    for name, said in ASIDE.items():
        at = [number for number, step in enumerate(steps) if step.stops == name]
        if at:
            top, end = main[at[0]].y, main[at[-1]].y + main[at[-1]].height
            kind = "approval" if name == "a person decides" else "letters"
            yield name, at[0], at[-1], _box(kind, top, said, end - top)


def _down(steps: Sequence[Step], main: Sequence[Box]) -> Iterator[Arrow]:
    middle = LEFT + WIDE // 2
    for step, above, below in zip(steps, main, main[1:], strict=False):
        start = above.y + above.height
        word = "no" if step.kind == "ask" else ""
        yield Arrow(f"M{middle} {start}V{below.y - 2}", word, middle + 8, start + GAP // 2 + 4)


def _across(some: Sequence[Box], to: Box) -> Iterator[Arrow]:
    word = "yes" if to.kind == "approval" else "fails"
    for box in some:
        start = box.x + box.width
        yield Arrow(f"M{start} {box.middle}H{to.x - 2}", word, start + (to.x - start) // 2 - 14, box.middle - 6)


def _back(main: Sequence[Box], last: int, box: Box) -> Arrow:
    """From the person to what is done next."""
    below, middle = main[last + 1], box.x + box.width // 2
    path = f"M{middle} {box.y + box.height}V{below.middle}H{below.x + below.width + 2}"
    return Arrow(path, "approved", below.x + below.width + 14, below.middle - 6)
