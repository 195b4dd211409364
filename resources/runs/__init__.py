"""How this installation's Dagster starts a run: at once or queued, in a warm process or through the code server."""
