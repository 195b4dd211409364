"""The rules of the settlement chain changed by people: tried on all kept history, approved by another, then in force.

`kept` is what is kept of a proposal, `trial` the comparison, `deciding` whose word puts it in force.
"""
