"""When to run, never how. Schedules live here too."""
