"""The same five thousand kills on Postgres, where a dead client's transaction is the server's to undo."""

from tests.exact.tours import in_a_process

KILLS, SEED = 5_000, 20_261_121


def test_five_thousand_kills_on_the_whole_way_lose_nothing_double_nothing_and_leave_no_orphan(postgres_url):
    assert ": 0 findings" in (said := in_a_process(KILLS, SEED, postgres_url)), said
