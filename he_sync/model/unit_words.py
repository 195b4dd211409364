"""Words that name a unit within a building, with their short forms (USPS Publication 28, appendix C2).

One table for addresses that are written and addresses that are compared, so that both take the same word for a unit.
"""

from __future__ import annotations

from collections.abc import Mapping

SHORT: Mapping[str, str] = {
    "apartment": "Apt", "apt": "Apt", "suite": "Ste", "ste": "Ste", "unit": "Unit", "floor": "Fl", "fl": "Fl",
    "room": "Rm", "rm": "Rm", "building": "Bldg", "bldg": "Bldg",
}  # fmt: skip
"""Written in their short form."""
OTHERS = ("lot", "spc", "space", "no")
"""Taken for a unit where addresses are compared; left as they are where they are written."""
