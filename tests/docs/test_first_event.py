"""The README's first order, typed as it stands there: taken in Heartland, announced and signed, told as a story."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from he_sync.cli import hooks, house
from he_sync.connect.systems import connect
from he_sync.flows import registry
from he_sync.flows.drain import drain
from he_sync.flows.run import Works
from he_sync.model.retailer import load_retailer
from he_sync.sandbox import world
from he_sync.store.database import open_store
from tests.docs.test_docs import ROOT, blocks
from tests.receiver.running import receiving

README = (ROOT / "README.md").read_text()
NEEDED = ("bash", "curl", "openssl", "base64", "od")
HE_SYNC = str(Path(sys.executable).with_name("he-sync"))
pytestmark = pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)}")


@pytest.fixture
def retailer(sandbox):
    """The retailer that `make up` has, before its first business day."""
    world.create(sandbox.state, size="small", seed=7)
    return world.profile(sandbox.state)


def typed(block, folder, sandbox, receiver):
    """What a shell prints for a block, where `make up` would have used its usual ports."""
    ours = {":7101": sandbox.urls["heartland"], ":7210": f"http://127.0.0.1:{receiver.port}"}
    for port, url in ours.items():
        block = block.replace(f"http://127.0.0.1{port}", url)
    words = ["bash", "-c", block.replace(".venv/bin/he-sync", HE_SYNC)]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def steps(story):
    return re.findall(r"^\d{4}-\S+ \S+ (\w+) ", story, flags=re.MULTILINE)


def test_the_first_order_of_the_readme_is_accepted_and_has_the_story_that_is_shown(sandbox, retailer, tmp_path):
    home = tmp_path / "var" / "up"
    environment = house.sandbox_environment(sandbox, home, retailer)
    [block] = [text for text in blocks(README, "sh") if "/hooks/shop/" in text]
    with receiving(home, secrets=hooks.keys(home)) as receiver:
        told = typed(block, tmp_path, sandbox, receiver)
    assert "HTTP/1.1 202" in told
    [order] = re.findall(r"^order (\d+)$", told, flags=re.MULTILINE)
    settings = house.settings_of(environment)
    with connect(settings) as systems, open_store(settings.store) as store:
        drain(Works(store, systems, load_retailer(settings.profile), registry.load_all()), "docs", linger_seconds=0)
    again = f'HE_HOME=var/up .venv/bin/he-sync events show "order {order}" --no-bodies'
    told = typed(again, tmp_path, sandbox, receiver)
    [shown] = blocks(README, "text")
    assert "reported" in steps(told)
    assert steps(shown)[: len(steps(told))] == steps(told)
