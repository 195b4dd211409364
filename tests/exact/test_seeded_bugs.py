"""Some of the seeded bugs, in minutes nobody misses; `make chaos` plants them all."""

import pytest

from tests.exact.bugs import BUGS
from tests.exact.seeded_bugs import copied, planted, prove


@pytest.fixture(scope="module")
def tree():
    with copied() as folder:
        yield folder


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.quick], ids=lambda bug: bug.name)
def test_a_planted_bug_turns_its_test_red(tree, bug):
    proof = prove(tree, bug)
    assert proof.verdict == "caught", proof.said


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_still_fits_the_code(tree, bug):
    with planted(tree, bug):
        assert bug.new in (tree / bug.file).read_text(encoding="utf-8")


def test_there_are_at_least_twenty_bugs_each_with_a_name_of_its_own():
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 20
