"""What may be sold, by item, location and channel, and why: pure functions over figures that name their source."""
