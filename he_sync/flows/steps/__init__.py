"""The named steps of the built-in flows: readers, checks, matchers, mappings, deciders, reports. See registry.py."""
