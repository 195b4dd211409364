"""100,000 random edits on both sides, with lost, doubled, late and disordered hints (target G15 of the reference)."""

import pytest

from he_sync.flows import echo, ownership
from tests.flows.two_sides import fuzz


@pytest.mark.parametrize("seed", range(10))
def test_any_interleaving_of_edits_ends_quiet_with_two_messages_an_edit_at_most_and_the_owners_value(seed):
    both, wrong = fuzz(seed, edits=10_000)
    assert wrong == []
    assert sum(both.edits.values()) == 10_000
    assert {one for one, count in both.messages.items() if count > 2 * both.edits[one]} == set()


def test_once_quiet_it_stays_quiet_however_often_the_same_news_come():
    both, _ = fuzz(7, edits=1_000)
    before = sum(both.messages.values())
    both.hints += list(range(len(both.records))) * 20
    while both.work():
        pass
    assert sum(both.messages.values()) == before


def wrong_with(monkeypatch, owner, name, bug):
    monkeypatch.setattr(owner, name, bug)
    return any(fuzz(seed, edits=4_000)[1] for seed in range(3))


def test_the_fuzz_sees_an_echo_taken_for_an_edit(monkeypatch):
    def moved(self, name):
        return self.memory is not None and self.now[name] != self.memory.seen.get(name)

    assert wrong_with(monkeypatch, echo.Side, "moved", moved)


def test_the_fuzz_sees_our_own_writes_forgotten(monkeypatch):
    assert wrong_with(monkeypatch, echo.Side, "after", lambda self, _: echo.Memory(dict(self.now)))


def test_the_fuzz_sees_writes_under_way_ignored(monkeypatch):
    assert wrong_with(monkeypatch, echo.Side, "expected", lambda self, name: self.now.get(name))


def test_the_fuzz_sees_the_owner_ignored():
    def nobody_owns(owners, *sides, **options):
        return ownership.decide(dict.fromkeys(owners, "either"), *sides, **options)

    assert fuzz(1, edits=4_000, decide=nobody_owns)[1]
