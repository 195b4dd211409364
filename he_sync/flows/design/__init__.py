"""Flows as texts that people change: edited in place, checked, compared, reviewed. What runs is decided elsewhere."""
