"""Clearing: what should have moved each watched account, what the ledger has, and why the two differ, date by date.

Pure functions over frames: sources say what moved (`moves`), the ledger's lines are told apart by what they book
(`booked`), and `proof` holds one against the other by merchant id and funding group (reference accounting 4.3, leg L5).
"""
