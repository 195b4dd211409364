"""Mapping files at work: the step of a flow that uses one, and the recorded documents that one is tried on."""
