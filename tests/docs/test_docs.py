"""What README and docs say is true: commands, targets and paths exist, Python runs, the classes are the classes."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from he_sync.cli.main import app
from he_sync.model.difference import CLASSES
from he_sync.sandbox.faults import NAMES
from he_sync.settings import read_settings

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
    known = set(_verbs(get_command(app)))
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
    assert [path for path in shown if not (ROOT / path).exists()] == []


def test_every_variable_of_the_readme_is_read_and_every_required_one_is_in_it():
    text, asked = (ROOT / "README.md").read_text(), []

    class Environment(dict):
        def get(self, name, default=None):
            asked.append(name)
            return super().get(name, "x" if not name.endswith("_FILE") else default)

    read_settings(Environment())
    read = {name for name in asked if not name.endswith("_FILE")} | {"HE_TIMEZONE", "HE_FIRST_DAY"}
    named = set(re.findall(r"`(HE_[A-Z_]+)`", text))
    optional = {"HE_PORTICO_URL", "HE_PORTICO_KEY", "HE_EPICOR_PLANT", "HE_FIRST_DAY"}
    assert named <= read
    assert read - optional <= named


def test_the_table_of_differences_is_the_closed_list_of_classes():
    text = (ROOT / "docs/reconciliation.md").read_text()
    rows = dict(re.findall(r"^\| ([a-z_]+) \| ([a-z]+) \|", text, flags=re.MULTILINE))
    rows.pop("class", None)
    assert rows == CLASSES


def test_every_fault_of_the_sandbox_is_described():
    text = (ROOT / "docs/sandbox.md").read_text()
    assert {name for name in NAMES if name not in text} == set()
