"""The command line: the engine on files, the sandbox, the guided demo. `main` is the entry point `he-sync`."""

from he_sync.cli.main import main

__all__ = ["main"]
