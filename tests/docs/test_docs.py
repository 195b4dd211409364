"""What README and docs say is true: commands, targets and paths exist, Python runs, the classes are the classes."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from he_sync.cli.main import build
from he_sync.model.difference import CLASSES
from he_sync.sandbox.faults import NAMES
from he_sync.settings import RATES, read_settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text()


def pages():
    return [pytest.param(page.read_text(), id=page.name) for page in PAGES]


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("text", pages())
def test_every_python_block_runs(text):
    for block in blocks(text, "python"):
        exec(compile(block, "docs", "exec"), {})  # noqa: S102 - our own pages


@pytest.mark.parametrize("text", pages())
def test_every_make_target_named_exists(text):
    named = set(re.findall(r"`?\bmake ([a-z]+)\b(?:`|  |$)", text, flags=re.MULTILINE))
    assert {target for target in named if f"\n{target}:" not in MAKEFILE} == set()


def _verbs(command, prefix=()):
    yield prefix
    for name, below in getattr(command, "commands", {}).items():
        yield from _verbs(below, (*prefix, name))


@pytest.mark.parametrize("text", pages())
def test_every_verb_of_he_sync_named_exists(text):
    known = set(_verbs(get_command(build())))
    for line in re.findall(
        r"he-sync ([a-z][a-z -]*)", "\n".join([*blocks(text, "sh"), *re.findall(r"`([^`\n]+)`", text)])
    ):
        words = tuple(word for word in line.split() if re.fullmatch(r"[a-z]+", word))
        assert words[:1] in known or words[:2] in known, f"he-sync {line}"


@pytest.mark.parametrize("text", pages())
def test_every_path_of_the_tree_named_exists(text):
    named = re.findall(r"`((?:he_sync|assets|resources|sensors|tests|docs)/[\w./]*)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("text", pages())
def test_every_picture_shown_is_there(text):
    shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert [path for path in shown if not any((folder / path).exists() for folder in (ROOT, ROOT / "docs"))] == []


CODE = [path for room in ("he_sync", "assets", "resources", "sensors") for path in (ROOT / room).rglob("*.py")]
OURS = {"HE_SYNC_UP", "HE_SERVER_PASSWORD"}
"""What `up` gives its own processes; nobody sets it."""


def test_every_variable_named_is_read_and_every_one_that_is_read_is_named():
    read = {name for path in CODE for name in re.findall(r"[\"'](HE_[A-Z_]*[A-Z])[\"']", path.read_text())} - OURS
    read |= {name for path in ROOT.glob("dagster*.yaml") for name in re.findall(r"env: (HE_[A-Z_]+)", path.read_text())}
    read |= {f"HE_{system.upper()}_RATE" for system in RATES}
    named = {name for page in PAGES for name in re.findall(r"\bHE_[A-Z_]+\b", page.read_text())}
    assert named == read


def test_every_variable_without_a_default_is_in_the_readme():
    asked = []

    class Environment(dict):
        def get(self, name, default=None):
            asked.append(name)
            return super().get(name, "1" if not name.endswith("_FILE") else default)

    read_settings(Environment())
    required = {name for name in asked if not name.endswith("_FILE")}
    required -= {"HE_PORTICO_URL", "HE_PORTICO_KEY", "HE_EPICOR_PLANT", "HE_STORE_URL"}
    required -= {f"HE_{system.upper()}_RATE" for system in RATES}
    assert required <= set(re.findall(r"`(HE_[A-Z_]+)`", (ROOT / "README.md").read_text()))


@pytest.mark.parametrize("text", pages())
def test_every_module_that_is_run_by_name_exists(text):
    named = re.findall(r"python -m ((?:tests|he_sync|resources)[\w.]*)", text)
    files = {name: ROOT / name.replace(".", "/") for name in named}
    assert [
        name for name, at in files.items() if not (at.with_suffix(".py").exists() or (at / "__main__.py").exists())
    ] == []


def _options(command, words):
    """The options of the verb that a line of words begins with."""
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]
    command = getattr(command, "commands", {}).get("run", command)  # `close DATE` is `close run DATE`
    return {name for one in command.params for name in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("text", pages())
def test_every_option_of_a_verb_named_exists(text):
    said = "\n".join([*blocks(text, "sh"), *re.findall(r"`([^`\n]+)`", text)])
    for line in re.findall(r"he-sync ([a-z][^\n#]*)", said):
        named = set(re.findall(r"(--[a-z-]+)", re.sub(r'"[^"]*"', "", line)))
        assert named <= _options(get_command(build()), line.split()), f"he-sync {line}"


def test_the_table_of_differences_is_the_closed_list_of_classes():
    text = (ROOT / "docs/reconciliation.md").read_text()
    rows = dict(re.findall(r"^\| ([a-z_]+) \| ([a-z]+) \|", text, flags=re.MULTILINE))
    rows.pop("class", None)
    assert rows == CLASSES


def test_every_fault_of_the_sandbox_is_described():
    text = (ROOT / "docs/sandbox.md").read_text()
    assert {name for name in NAMES if name not in text} == set()
