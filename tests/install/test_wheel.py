"""One file holds all of he-sync, and works where nothing of the tree is."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

from he_sync.flows import registry
from tests.house.tree import ROOMS, ROOT, files
from tests.install.conftest import ran

WHERE = """
import json, he_sync, assets, resources, sensors, definitions
rooms = {one.__name__: one.__file__ for one in (he_sync, assets, resources, sensors, definitions)}
keys = [spec.key.path for spec in definitions.defs.resolve_all_asset_specs()]
print(json.dumps({"rooms": rooms, "flows": sorted(path[1] for path in keys if path[0] == "flow")}))
"""


def test_the_wheel_holds_every_file_of_the_four_rooms_and_the_code_location_and_nothing_else(wheel: Path) -> None:
    tree = {str(path.relative_to(ROOT)) for room in ROOMS for path in files(ROOT / room)} | {"definitions.py"}
    with zipfile.ZipFile(wheel) as packed:
        held = {name for name in packed.namelist() if ".dist-info/" not in name}
        linked = [path for room in ROOMS for path in files(ROOT / room) if path.is_symlink()]
        assert {path: packed.read(str(path.relative_to(ROOT))) for path in linked} == {
            path: path.read_bytes() for path in linked
        }
    assert held == tree


def test_outside_of_the_tree_the_code_location_loads_with_the_flows_of_the_installation(
    installed: Path, tmp_path: Path
) -> None:
    own = tmp_path / "flows"
    shutil.copytree(registry.FOLDER, own)
    shutil.rmtree(own / "parts")
    environ = {"HE_FLOWS": str(own), "HE_HOME": str(tmp_path), "PATH": str(installed)}
    found = json.loads(ran(installed / "python", "-c", WHERE, cwd=tmp_path, env=environ).stdout)
    assert [path for path in found["rooms"].values() if not Path(path).is_relative_to(installed.parent)] == []
    assert found["flows"] == sorted(path.name for path in own.iterdir())
