"""Past closes done again for finance: chosen stores and dates, the difference first, another person's word, one run.

`kept` is what is kept of a back-fill from the question to the last date, `difference` what it would do, `deciding` who
may let it, `carrying` what the run does: exactly what was shown, and nothing of a store-day that has changed since.
"""
