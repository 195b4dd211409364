"""The close's own push: the journals of some store-days go to Epicor, and nothing else that is planned for it.

Batches, lanes and tellers are those of every push (he_sync.flows.push); only what is claimed is narrower.
"""

from __future__ import annotations

from collections.abc import Collection

from he_sync.flows.benches import bench
from he_sync.flows.night import Office
from he_sync.flows.push import LEASE_SECONDS, Clock, Pushed, threads
from he_sync.flows.push.batch import HURRY_SECONDS, Batch
from he_sync.flows.push.lane import Lane
from he_sync.flows.push.teller import Teller
from he_sync.store.clock import store_clock
from he_sync.store.effect_claims import claim_these
from he_sync.store.effects.claiming import Lease

TARGET, WORKER = "epicor", "close"


def send_these(office: Office, keys: Collection[str], now: Clock | None = None) -> Pushed:
    """Settle what of these is in doubt, then send what of these may be sent."""
    clock, done, lane = now or store_clock(office.store), Pushed(), Lane(TARGET)
    desk = bench(office.store, office.systems, office.retailer)
    with threads() as pool:
        while not lane.stopped:
            if (wait := desk.ready_in(TARGET)) > HURRY_SECONDS:
                lane.stop(f"{TARGET} may be called again in {wait:.0f} s")
                break
            claimed = claim_these(office.store, keys, Lease(WORKER, clock(), LEASE_SECONDS), TARGET)
            if not claimed:
                break
            Batch(office.store, desk, clock, pool, lane, Teller(office.store, clock, lane, done)).run(claimed)
    done.stops = {lane.target: lane.stopped} if lane.stopped else {}
    return done
