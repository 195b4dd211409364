"""The end of a process that was forked for one run."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn


def become(work: Callable[[], int], otherwise: int) -> NoReturn:
    """End with what `work` gives, `otherwise` where it raises: a fork must never return into the loop of its parent."""
    code = otherwise
    try:
        code = work()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - told on the way out, whatever it is
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
