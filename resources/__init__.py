"""Configuration fields plus a factory for a plain engine object."""
