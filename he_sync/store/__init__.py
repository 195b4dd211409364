"""The memory: effects (writes to others), crosswalk, dead letters, closes. Everything durable that is ours."""
