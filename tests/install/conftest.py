"""he-sync as a customer gets it: built from the tree into one file, installed into an environment outside of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT

BESIDE = ("pyproject.toml", "README.md", "definitions.py", "workspace.yaml", "dagster.yaml", "dagster.postgres.yaml")
INSTANCE = "dagster.resident.yaml"
LOCK = "requirements.lock"


def ran(*words: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build folder left by an earlier one would be packed with it."""
    place = tmp_path_factory.mktemp("build")
    for name in (*BESIDE, INSTANCE, LOCK):
        shutil.copy2(ROOT / name, place / name)
    for name in ROOMS:
        shutil.copytree(ROOT / name, place / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    alone = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--wheel-dir", place / "dist")
    ran(sys.executable, "-m", "pip", "wheel", *alone, place, cwd=place)
    [made] = (place / "dist").iterdir()
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel and what it stands on, and nothing of the tree."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    ran(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = folder / "bin"
    ran(sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", programs / "python", wheel)
    [packages] = folder.glob("lib/*/site-packages")
    (packages / "what_it_stands_on.pth").write_text(
        sysconfig.get_path("purelib")
    )  # a path alone: no .pth in there is read
    for name in ("dagster", "dagster-daemon", "dagster-webserver"):
        script = (Path(sys.executable).parent / name).read_text(encoding="utf-8")
        (programs / name).write_text(f"#!{programs}/python\n{script.partition(chr(10))[2]}", encoding="utf-8")
        (programs / name).chmod(0o755)
    return programs
