"""The tree under test: its root, the files that are ours, and a copy into which a violation can be seeded."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("he_sync", "assets", "resources", "sensors")
NOT_OURS = {".git", ".venv", "var", "build", "dist", "node_modules", "__pycache__"}


def files(root: Path = ROOT) -> Iterator[Path]:
    """Every file that belongs to the tree: not the environment, not what runs leave behind, no tool's cache."""
    for path in sorted(root.iterdir()):
        if path.name in NOT_OURS or path.name.endswith(("_cache", ".egg-info")) or path.name == ".hypothesis":
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def product(root: Path = ROOT) -> list[Path]:
    """The Python files that ship."""
    return [path for room in (*ROOMS, "definitions.py") for path in _python(root / room)]


def _python(path: Path) -> list[Path]:
    return [path] if path.is_file() else [found for found in files(path) if found.suffix == ".py"]


def copy(target: Path, seeds: dict[str, str]) -> Path:
    """A copy of everything the checkers read, with `seeds` (path -> text) added."""
    for name in ("pyproject.toml", "definitions.py"):
        shutil.copy2(ROOT / name, target / name)
    for name in (*ROOMS, "tests"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "var", "node_modules"))
    for name, text in seeds.items():
        (target / name).write_text(text)
    return target


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    output: str


def run(where: Path, tool: str, *arguments: str) -> Ran:
    """Run a tool of this environment in `where`."""
    line = [str(Path(sys.executable).with_name(tool)), *arguments]
    ended = subprocess.run(line, cwd=where, capture_output=True, text=True, check=False, timeout=300)
    return Ran(ended.returncode, ended.stdout + ended.stderr)


def function_lengths(text: str) -> list[int]:
    """Lines of every function of a module, decorators not counted."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    return [(node.end_lineno or node.lineno) - node.lineno + 1 for node in found]
