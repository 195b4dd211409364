"""`python -m he_sync.web.console`: serve until SIGTERM. Exit code 2 and one clear line for a wrong setting."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from he_sync.model.errors import HeSyncError
from he_sync.web.console.server import PORT, serve

WRONG_INPUT = 2


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m he_sync.web.console")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--home", type=Path, default=None)
    asked = parser.parse_args()
    try:
        serve(asked.port, asked.home)
    except HeSyncError as error:
        sys.stderr.write(f"he-sync: {error}\n")
        return WRONG_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
