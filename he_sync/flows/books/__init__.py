"""The close of store-days for finance: where each stands; its journals proposed, approved, posted, proven, signed."""
