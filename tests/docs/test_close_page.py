"""The page's profile and its walk through a date do what the page says, in the order in which it says it."""

import re
import shlex

import pytest
import yaml

from he_sync.cli.main import main
from he_sync.reconcile.journals.store_day import STATES
from tests.cli.conftest import FRIDAY, open_shop
from tests.docs.test_docs import ROOT, blocks
from tests.flows.close_shop import LEDGER

PAGE = (ROOT / "docs/close.md").read_text()
WRITTEN = "2026-11-20"


@pytest.fixture
def he_sync(tmp_path, monkeypatch, capfd):
    """The command line on a date whose ledger nobody has written yet, under the page's profile."""
    with open_shop(tmp_path / "shop") as (sandbox, environment):
        profile = tmp_path / "shop" / "home" / "profile.yaml"
        document, [ours] = yaml.safe_load(profile.read_text()), map(yaml.safe_load, blocks(PAGE, "yaml"))
        profile.write_text(yaml.safe_dump(document | ours | {"epicor": document["epicor"] | ours["epicor"]}))
        with sandbox.state.transaction():
            for name in LEDGER:
                sandbox.state._connection().execute(f"DELETE FROM {sandbox.state.table(name)}")  # noqa: S608 - own names
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)

        def call(line):
            monkeypatch.setattr("sys.argv", shlex.split(line.replace(WRITTEN, FRIDAY.isoformat())))
            with pytest.raises(SystemExit) as ended:
                main()
            told = capfd.readouterr()
            return ended.value.code, " ".join(f"{told.out} {told.err}".split())

        yield call


def test_every_command_of_the_page_ends_as_it_says(he_sync):
    [walk] = blocks(PAGE, "sh")
    for line in walk.splitlines():
        command, _, said = line.partition("# refused: ")
        code, told = he_sync(command)
        assert (code, said in told) == (int(bool(said)), True), f"{line}\n{told}"


def test_the_states_are_those_of_the_code_in_their_order():
    table = PAGE[PAGE.index("| state |") : PAGE.index("States are judged")]
    assert tuple(re.findall(r"^\| ([a-z]+) \|", table, flags=re.MULTILINE)[1:]) == STATES
