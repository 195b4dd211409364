"""One module a page. Each has `ROUTES`, and ends in the same functions that the command line calls."""

from __future__ import annotations

from he_sync.web.console.pages import (
    approvals,
    audit,
    back_fills,
    close,
    conflicts,
    connections,
    events,
    letters,
    overview,
    reviews,
    stock,
    store_days,
)

ROUTES = [
    route
    for page in (
        overview,
        events,
        letters,
        approvals,
        reviews,
        conflicts,
        stock,
        close,
        store_days,
        back_fills,
        connections,
        audit,
    )
    for route in page.ROUTES
]
