"""The close of two stores killed at points all over it: the next goes on, posts nothing twice, the books balance."""

from tests.close_world.kills import in_a_process


def test_forty_kills_leave_every_store_day_signed_every_journal_once_and_the_ledger_to_the_cent():
    assert "40 kills" in (said := in_a_process(40, 7)), said
    assert said.rstrip().endswith("0 findings"), said
