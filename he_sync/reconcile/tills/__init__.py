"""Tills: are all ticket numbers of a store-day there, and does each drawer hold the cash that was taken.

Pure functions; what the POS and the drawers' counts say is read by the flows.
"""
