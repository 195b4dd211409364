"""The exceptions of the close as a desk: found by closes, taken, explained, written off or left to the other side.

`finding` is what a close brings, `choosing` the filter of a list, `deciding` what people may do about it.
"""
