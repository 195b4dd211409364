"""The doors: the receiver for events and the console for people."""
