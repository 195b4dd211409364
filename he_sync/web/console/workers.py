"""`python -m he_sync.web.console.workers KIND NAME`: one piece of work, kept by name where a page looks for it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping

from he_sync.flows import night
from he_sync.flows.back_fill import difference
from he_sync.flows.back_fill.kept import Kept, span
from he_sync.flows.books.ground import Memory
from he_sync.flows.books.pack import write_pack
from he_sync.flows.rule_change import kept as rule_changes
from he_sync.flows.rule_change.trial import try_out
from he_sync.model.errors import HeSyncError
from he_sync.model.retailer import load_retailer
from he_sync.settings import home_and_profile, read_settings, store_address
from he_sync.store.database import open_store
from he_sync.store.lake import Lake
from he_sync.web.console.asked_packs import folder_of, wanted

POLITE = 10
"""Niceness: pages and the night come first."""
FAILED = "this failed; console.work.log in the home folder says why"
log = logging.getLogger(__name__)


def back_fill(name: str) -> None:
    """Find out what a back-fill would do."""
    kept = Kept(home_and_profile()[0])
    kept.tell(name, "ask the systems")
    try:
        with night.open_office(read_settings()) as office:
            found = difference.find(office, kept.asked(name), lambda line: kept.tell(name, line))
        kept.show(name, found)
    except HeSyncError as error:
        kept.fail(name, str(error))
    except Exception:
        kept.fail(name, FAILED)
        raise


def rules(name: str) -> None:
    """Try proposed rules on all kept history."""
    home, profile = home_and_profile()
    kept = rule_changes.Kept(home)
    kept.tell(name, "gather the history")
    try:
        found = try_out(home, load_retailer(profile), kept.proposed(name), lambda line: kept.tell(name, line))
        kept.write(name, "trial", found)
    except HeSyncError as error:
        kept.fail(name, str(error))
    except Exception:
        kept.fail(name, FAILED)
        raise


def pack(name: str) -> None:
    """Write an evidence pack."""
    home, profile = home_and_profile()
    folder, told = folder_of(home, name), wanted(home, name)
    failed = folder.with_suffix(".failed")
    try:
        with open_store(store_address()) as store:
            books = Memory(store, Lake(home / "lake"), load_retailer(profile))
            write_pack(books, span(told.first, told.last), told.stores, folder, told.who)
    except HeSyncError as error:
        failed.write_text(str(error), encoding="utf-8")
    except Exception:
        failed.write_text(FAILED, encoding="utf-8")
        raise


KINDS: Mapping[str, Callable[[str], None]] = {"back-fill": back_fill, "rules": rules, "pack": pack}


def main(kind: str, name: str) -> int:
    """Do it; what went wrong is kept by name, and in the log."""
    os.nice(POLITE)
    try:
        KINDS[kind](name)
    except Exception:
        log.exception("%s %s failed", kind, name)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
