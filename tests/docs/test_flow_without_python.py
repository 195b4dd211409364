"""The page's steps to a new entity, typed as they stand, end with a vendor of Epicor in Heartland."""

import os
import shutil
import subprocess
import sys

from tests.docs.test_docs import ROOT, blocks
from tests.flows.desk import open_desk

PAGE = (ROOT / "docs/flows.md").read_text()
COPIED = ("he_sync", "assets")
"""An installation's files that the steps touch or run."""


def test_the_written_steps_take_a_new_entity_from_template_to_its_first_delivered_record(tmp_path):
    place = tmp_path / "installation"
    for name in COPIED:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    with open_desk(tmp_path) as desk:
        desk.systems.epicor.insert("Erp.BO.VendorSvc", "Vendors", {"VendorID": "MILL", "Name": "Mill of the North"})
        [row] = [one for one in desk.sandbox.state.select("epicor/Vendor") if one["VendorID"] == "MILL"]
        [steps] = [block for block in blocks(PAGE, "sh") if "assets/templates/vendors" in block]
        typed = f'he-sync() {{ "{sys.executable}" -m he_sync.cli "$@"; }}\nset -e\n{steps}'
        own = {"PYTHONPATH": str(place), "HE_HOME": desk.environment.get("HE_HOME", str(tmp_path / "home"))}
        ended = subprocess.run(
            ["bash", "-c", typed.replace("erp_vendor 1", f"erp_vendor {row['VendorNum']}")],
            cwd=place,
            env={**os.environ, **desk.environment, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "name: nothing -> Mill of the North" in ended.stdout
        [there] = [one for one in desk.systems.heartland.list_all("purchasing/vendors") if one["public_id"] == "MILL"]
    assert (there["name"], there["active?"]) == ("Mill of the North", True)
