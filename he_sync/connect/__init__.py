"""Talking to Heartland Retail, the processor and Epicor: auth, paging, throttle, retry. No business rule lives here."""
