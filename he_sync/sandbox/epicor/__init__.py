"""The Epicor Kinetic stand-in: v2 OData and methods, v1 paths, sessions, BAQ, EFx, CDC."""
