"""The audit of what we stand on finds what is seeded, leaves nothing out, and says "not run" where it did not look."""

import json
import subprocess
from base64 import b64encode
from hashlib import sha512

import pytest

from he_sync.model.errors import BrokenPromise
from tests.house.tree import ROOT
from tests.supply import licences, sbom, secrets, vulnerabilities
from tests.supply.lock import Package, packages

LOCKED = packages(ROOT / "requirements.lock")


def under(licence: str) -> Package:
    return Package("one", "1.0", ("a" * 64,), licence, ())


# bill of materials


def test_the_bill_names_every_locked_package_with_its_hashes_and_is_the_same_bytes_again() -> None:
    text = sbom.bill(LOCKED, "1.0")
    assert text == sbom.bill(list(reversed(LOCKED)), "1.0")
    said = json.loads(text)
    there = {(part["name"], part["version"]): part for part in said["components"]}
    assert there.keys() == {(each.name, each.version) for each in LOCKED}
    for each in LOCKED:
        assert set(each.hashes) == {one["content"] for one in there[each.name, each.version]["hashes"]}, each.name
    needs = {each["ref"]: each.get("dependsOn", []) for each in said["dependencies"]}
    [alembic] = [each for each in needs if each.startswith("alembic==")]
    assert any(each.startswith("sqlalchemy==") for each in needs[alembic])


def test_what_is_no_bill_of_the_schema_is_refused() -> None:
    with pytest.raises(BrokenPromise, match=r"not CycloneDX 1\.6"):
        sbom._checked('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "x"}]}')


# licences


def test_no_locked_package_is_under_a_licence_that_may_not_come_in() -> None:
    assert list(licences.denied(LOCKED)) == []


@pytest.mark.parametrize(
    "licence",
    [
        *("GPL-3.0-only", "GNU General Public License v3 (GPLv3)", "AGPL-3.0", "GNU Affero General Public License v3"),
        *("SSPL-1.0", "BUSL-1.1", "Proprietary", "CC-BY-NC-4.0 non-commercial", "GPL-2.0-or-later OR AGPL-3.0"),
        *("", "UNKNOWN"),
    ],
)
def test_a_licence_that_would_bind_us_or_none_at_all_is_named(licence: str) -> None:
    [line] = licences.denied([under(licence)])
    assert line.startswith("one 1.0: ")


@pytest.mark.parametrize(
    "licence",
    ["MIT", "LGPL-3.0-only", "GNU Library or Lesser General Public License (LGPL)", "GPL-2.0 OR MIT", "MPL-2.0"],
)
def test_a_licence_that_lets_us_use_a_package_unchanged_passes(licence: str) -> None:
    assert list(licences.denied([under(licence)])) == []


# secrets


def seeded() -> dict[str, str]:
    """Made here and now, so that no file of ours holds one."""
    text = b64encode(sha512(b"seeded").digest()).decode().replace("+", "a").replace("/", "b")
    return {
        "private key": f"-----BEGIN RSA PRIVATE {'KEY'}-----\n{text}\n",
        "cloud access key": f"key AKIA{'ABCDEFGH23456723'}\n",
        "forge token": f"ghp_{text[:36]}\n",
        "address with a password": f"postgresql://he:{text[:24]}@db/he\n",
        "credential": f'api_key = "{text[:30]}9"\n',
    }


def test_a_credential_is_found_in_the_tree_and_after_it_was_taken_out_in_the_history(tmp_path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=dana", "-c", "user.email=dana@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    git("init", "-q")
    kinds = seeded()
    for name, text in kinds.items():
        (tmp_path / f"{name}.txt").write_text(text)
    assert {found.what for found in secrets.in_tree(tmp_path)} == kinds.keys()
    git("add", "-A")
    git("commit", "-qm", "oops")
    git("rm", "-rq", ".")
    (tmp_path / "clean.txt").write_text('password = "to be set by the operator"\n')
    git("add", "-A")
    git("commit", "-qm", "take them out")
    assert list(secrets.in_tree(tmp_path)) == []
    found = list(secrets.in_history(tmp_path))
    assert {each.what for each in found} == kinds.keys()
    assert not [each for each in found for text in kinds.values() if text.split()[-1] in str(each)]


# vulnerabilities


def test_only_what_was_looked_up_is_clean_and_a_service_that_knows_nothing_was_not_asked() -> None:
    good = {"name": "a", "version": "1", "vulns": []}
    skipped = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (1)"}
    bad = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
    assert vulnerabilities.read({"dependencies": [good]}).verdict == "clean"
    for some in ([skipped], [good, skipped], []):
        assert vulnerabilities.read({"dependencies": some}).verdict == "not run"
    answer = vulnerabilities.read({"dependencies": [good, skipped, bad]})
    assert (answer.verdict, answer.lines[0]) == ("found", "c 2: PYSEC-1, mended in 3")
