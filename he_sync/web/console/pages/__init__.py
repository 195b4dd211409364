"""One module a page. Each has `ROUTES`, and ends in the same functions that the command line calls."""

from __future__ import annotations

from he_sync.web.console.flows.routes import ROUTES as FLOWS
from he_sync.web.console.mapping.routes import ROUTES as MAPPINGS
from he_sync.web.console.pages import (
    anomalies,
    approvals,
    audit,
    back_fills,
    close,
    conflicts,
    connections,
    data_docs,
    events,
    exceptions,
    letters,
    overview,
    packs,
    reviews,
    rules,
    stock,
    store_days,
)

PAGES = (
    *(overview, events, letters, approvals, reviews, conflicts, anomalies, stock),
    *(close, store_days, exceptions, data_docs, back_fills, rules, packs, connections, audit),
)
ROUTES = [*(route for page in PAGES for route in page.ROUTES), *MAPPINGS, *FLOWS]
