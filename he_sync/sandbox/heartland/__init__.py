"""The Heartland Retail stand-in: REST v1 with its list conventions, webhooks, reporting."""
