"""What is materialised. Thin: read through a resource, call one engine function, return a result."""
