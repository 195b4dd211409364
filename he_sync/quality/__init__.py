"""Contracts at work: rows that fail are named and set aside, the rest travel on."""
