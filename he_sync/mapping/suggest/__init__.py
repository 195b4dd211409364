"""Which field of one table is which of another: suggestions with reasons, and what is sure enough to accept unseen."""
