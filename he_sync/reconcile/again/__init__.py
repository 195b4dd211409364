"""A run that builds on an earlier one: what new, changed and removed files touch is matched again, the rest is kept.

The result of a run is the sum of what its groups give, where a group are records that some rule could join. So the new
result is the earlier one, less what the touched groups gave with the earlier files, plus what they give with the new
ones: the same stages run twice over the little that was touched. At the bank, days that are done stand as they are.
"""
