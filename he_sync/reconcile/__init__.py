"""Two sides in, typed differences out. Pure functions over frames."""
