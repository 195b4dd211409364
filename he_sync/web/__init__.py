"""What is served over HTTP: the receiver of events. The console of people comes here too."""
