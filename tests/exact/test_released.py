"""A person who lets an effect go again too soon: what its last lost worker had sent may still be on its way."""

from datetime import timedelta

from he_sync.store import effects
from he_sync.store.database import open_store
from he_sync.store.effects import MAX_ATTEMPTS, QUARANTINE
from tests.store.examples import EVENING, Erp, effect, later

LEASE, LATE = 30, 299


def lost_five_times(store, erp):
    """Every worker dies after its request left; only the last one's lands, and late."""
    now = EVENING
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claimed = effects.claim(store, "worker", LEASE, now)
        if claimed is None:
            doubted = effects.resume_doubtful(store, "worker", LEASE, now)
            claimed = effects.send_again(store, doubted, now)
        if attempt == MAX_ATTEMPTS:
            erp.post(claimed.effect.key, later(now, LATE))
        now += timedelta(seconds=LEASE) if attempt == MAX_ATTEMPTS else QUARANTINE + timedelta(seconds=1)
    assert effects.claim(store, "next", LEASE, now) is None
    return now


def test_an_effect_that_lost_five_workers_and_is_released_at_once_is_still_looked_up_after_its_quarantine(tmp_path):
    erp, change = Erp(), effect("ticket 1")
    with open_store(tmp_path / "he_sync.db") as store:
        effects.plan(store, [change])
        now = lost_five_times(store, erp)
        assert effects.find(store, change.key).state == "parked"
        assert effects.release(store, change.key, "dana", "looked into it")
        for _ in range(20):
            erp.at(now)
            if doubted := effects.resume_doubtful(store, "next", LEASE, now):
                if erp.found(change.key):
                    assert effects.confirm(store, doubted, "found")
                    break
                again = effects.send_again(store, doubted, now)
                erp.post(again.effect.key, now)
                assert effects.confirm(store, again, "answered")
                break
            now += timedelta(seconds=30)
        erp.at(later(now, LATE))
        assert erp.documents == [change.key]
