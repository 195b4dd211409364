"""Stock in bulk, both ways: Epicor's counts to the shop as adjustment sets, the shop's movements to Epicor.

Beside the event path, which makes single movements as they are announced: what one of them did is known to the other.
"""
