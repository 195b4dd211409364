"""Days, shares and lines that are not what they usually are: each alert says what was expected, seen, and why."""
