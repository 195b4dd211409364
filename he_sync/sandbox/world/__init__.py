"""The one synthetic world behind the three stand-ins: deterministic by seed and size, with planted differences."""

from he_sync.sandbox.world.entry import create, describe, happen, profile

__all__ = ["create", "describe", "happen", "profile"]
