"""The mapping canvas: every page works with forms alone and ends in functions of mapping/shelf and mapping/spec."""
