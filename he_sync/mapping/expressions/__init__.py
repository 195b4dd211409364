"""Scalar SQL expressions of mappings: read, held against a closed list, compiled to Polars."""
