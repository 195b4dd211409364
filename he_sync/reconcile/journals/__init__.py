"""Journals: what a retail day, a deposit, a bill or a dispute is in the books, and how it is corrected there.

Here are pure functions: facts in, balanced entries out. Nothing is read from or written to a system.
"""
