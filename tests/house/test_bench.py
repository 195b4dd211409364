"""The bench's own promises: a part that ends with an error costs the figures of no other."""

from tests.bench.__main__ import _figures
from tests.bench.figures import Figure


def test_a_part_that_fails_keeps_its_figures_and_is_named_with_its_error():
    def part():
        yield Figure("keys", "wall time", 2.0, "s")
        raise OSError("the disk\nis full")

    kept, error = _figures("keys", part)
    assert (kept.value, kept.has_failed) == (2.0, False)
    assert (error.benchmark, error.what, error.has_failed) == ("keys", "failed: OSError: the disk is full", True)
