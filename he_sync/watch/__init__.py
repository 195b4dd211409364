"""Watching: figures of an installation, rules over them, and who is told when one breaks.

Reads the store and never writes to it; what fires and what was told lies in a file of its own (`memory`).
"""
