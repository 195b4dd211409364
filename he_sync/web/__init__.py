"""What is served over HTTP: the receiver of events, and the console of people."""
