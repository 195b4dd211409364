"""Evidence of a close as files: tables as CSV and Excel, a paper to read, and a manifest of hashes that verifies.

The same facts give the same bytes: nothing here reads a clock, and no file says when it was written.
"""
