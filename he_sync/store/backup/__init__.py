"""Backups of an installation: a consistent copy of the store, and the files of its home that cannot be made anew.

A backup is a folder of its own, complete or not there: it is made beside under a hidden name and renamed when
everything is on disk. Its manifest names every file with its hash, the version of the tables and the head of the audit.
What is secret is never in it: credentials and keys stay where they are kept, and are put back by hand.

A restored store knows nothing of what happened since the copy. `voiding` takes from it what may no longer be believed
(leases, tokens, what was just being sent); `he_sync.flows.catching_up` finds the rest at the other sides.
"""

from he_sync.store.backup.checking import verify
from he_sync.store.backup.making import Place, create, listing, named
from he_sync.store.backup.manifest import Entry, Manifest, read_manifest
from he_sync.store.backup.restoring import restore
from he_sync.store.backup.voiding import DEED

__all__ = ["DEED", "Entry", "Manifest", "Place", "create", "listing", "named", "read_manifest", "restore", "verify"]
