"""Exceptions of the close: breaks of store-days with an owner and a status, kept as what the audit log says of them.

Every change is a row of the audit and nothing else is written: the log cannot say one thing and the desk another. What
the rows come to is kept beside it for reading (`projection`), is brought up to date by number, and may be deleted.
"""

from he_sync.store.exceptions.desk import Deed, Desk, Moved, Wanted
from he_sync.store.exceptions.records import CLOSED, UNRESOLVED, Break, Found, Status, Step

__all__ = ["CLOSED", "UNRESOLVED", "Break", "Deed", "Desk", "Found", "Moved", "Status", "Step", "Wanted"]
