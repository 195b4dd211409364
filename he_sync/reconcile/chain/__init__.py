"""The settlement chain: payments, settlement lines, batches, deposits, bank lines and the ledger, every cent explained.

One stage a file, in the order of reference reconciliation 4; `run` is the assembly. Files are read and refused by
`he_sync.reconcile.given`, never here.
"""
