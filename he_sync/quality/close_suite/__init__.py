"""The close as a suite of expectations: our own contracts and rules, run by great-expectations, published as pages.

The library is imported by `run` alone, when it runs: importing it takes seconds.
"""
