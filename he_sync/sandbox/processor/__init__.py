"""The processor stand-in: GP-API reporting, settlement and a minimal till, and Portico's batch close and reports.

Documents lie in `processor/transactions`, `deposits`, `disputes` and `batches` in the wire shape of GP-API; one
transaction carries its settlement fields too, and each address shows its part. Tokens, seen idempotency keys and the
audit list are kept beside them without oracle rows: they are bookkeeping, not business.
"""
