"""Comparisons of two files row by row, as set work in DuckDB: any two by key, orders, stock."""
