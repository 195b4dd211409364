"""A change of a mapping is tested, reviewed, kept as a version, and refused where somebody else was there meanwhile."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from he_sync.mapping.shelf.desk import Desk, Stale
from he_sync.mapping.shelf.versions import Deed, FolderShelf, GitShelf, Shelf, number_of, shelf
from he_sync.mapping.spec.editing import with_entry
from he_sync.mapping.spec.model import WrongMapping
from he_sync.model.errors import FixInput, Refused
from tests.mapping_language.test_mistakes import RIGHT

NAME, NOON = "shop_orders", "2026-11-30T12:00:00+00:00"


def deed(who: str, note: str = "the city in capitals") -> Deed:
    return Deed(who, "", NOON, note)


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=dev", "-c", "user.email=dev@example.com"]
    return subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(params=["folder", "repository"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    """A shelf with version 3 of one mapping, in a plain folder and in a repository where other work is staged."""
    folder = tmp_path / "mappings"
    (folder / NAME).mkdir(parents=True)
    if request.param == "repository":
        git(tmp_path, "init", "-q")
        (tmp_path / "other.txt").write_text("other work")
        git(tmp_path, "add", "other.txt")
    ours = shelf(folder)
    assert isinstance(ours, GitShelf if request.param == "repository" else FolderShelf)
    ours.keep(NAME, RIGHT, Deed("dev", "dev", NOON, "as it came"))
    return Desk(tmp_path / "desk", ours)


def upper(text: str) -> str:
    return with_entry(text, "City", {"from": "billing.city", "steps": ["upper", {"cut": 20}]})


def capital(desk: Desk, who: str = "ana") -> str:
    """A change that waits; gives the mark that its page shows."""
    draft = desk.edit(NAME, who, "", upper)
    return desk.propose(NAME, deed(who), draft.mark).mark


def test_an_approved_change_is_live_as_the_next_version_and_the_one_before_can_come_back(desk: Desk) -> None:
    mark = capital(desk)
    assert desk.shelf.live(NAME) == RIGHT
    desk.approve(NAME, "ben", NOON, mark)
    newest, first = desk.shelf.versions(NAME)
    assert (newest.number, newest.deed) == (4, Deed("ana", "ben", NOON, "the city in capitals"))
    assert desk.shelf.text(NAME, first.key) == RIGHT
    desk.begin(NAME, "ben", desk.shelf.text(NAME, first.key))
    back = desk.propose(NAME, deed("ben", "as before"), "")
    desk.approve(NAME, "ana", NOON, back.mark)
    assert desk.shelf.live(NAME) == RIGHT.replace("version: 3", "version: 5")
    assert desk.proposal(NAME) is None


def test_two_people_on_one_mapping_the_second_is_refused_and_told_what_the_first_changed(desk: Desk) -> None:
    ours = desk.edit(NAME, "ben", "", lambda text: with_entry(text, "OrderAmt", {"from": "total"}))
    desk.approve(NAME, "ana", NOON, capital(desk))
    with pytest.raises(Stale, match="changed meanwhile: City") as refused:
        desk.propose(NAME, deed("ben"), ours.mark)
    assert [one.key for one in refused.value.theirs] == ["City"]
    assert desk.catch_up(NAME, "ben") == []
    both = desk.propose(NAME, deed("ben", "both"), "")
    desk.approve(NAME, "ana", NOON, both.mark)
    assert "- upper" in desk.shelf.live(NAME)
    assert "from: total" in desk.shelf.live(NAME)


def test_a_change_beside_one_that_waits_is_refused_and_so_is_an_approval_of_what_was_not_shown(desk: Desk) -> None:
    mark = capital(desk)
    desk.edit(NAME, "ben", "", lambda text: with_entry(text, "OrderAmt", {"from": "total"}))
    with pytest.raises(Stale, match="a change by ana waits"):
        desk.propose(NAME, deed("ben"), "")
    newer = desk.edit(
        NAME, "ana", "", lambda text: with_entry(text, "Terms", {"from": "status", "steps": [{"cut": 4}]})
    )
    desk.propose(NAME, deed("ana"), newer.mark)
    with pytest.raises(Stale, match="replaced or decided"):
        desk.approve(NAME, "ben", NOON, mark)


def test_an_older_page_of_ones_own_draft_cannot_change_it(desk: Desk) -> None:
    first = desk.draft(NAME, "ana")
    desk.edit(NAME, "ana", first.mark, upper)
    with pytest.raises(Stale, match="another window"):
        desk.edit(NAME, "ana", first.mark, lambda text: with_entry(text, "Goods", None))


def test_a_file_edited_by_hand_meanwhile_is_not_overwritten(desk: Desk) -> None:
    mark = capital(desk)
    by_hand = RIGHT.replace("prefix: WEB-", "prefix: SHOP-").replace("PONum: WEB-5", "PONum: SHOP-5")
    desk.shelf.path(NAME).write_text(by_hand)
    with pytest.raises(Stale, match="PONum"):
        desk.approve(NAME, "ben", NOON, mark)
    assert desk.shelf.live(NAME) == by_hand


def test_what_does_not_load_or_fails_its_own_test_cannot_be_saved(desk: Desk) -> None:
    desk.edit(NAME, "ana", "", lambda text: with_entry(text, "OrderAmt", {"sql": "total - discuont"}))
    with pytest.raises(WrongMapping, match=r"map\.OrderAmt\.sql: there is no field discuont; did you mean discount"):
        desk.propose(NAME, deed("ana"), "")
    desk.edit(NAME, "ana", "", lambda text: with_entry(text, "OrderAmt", {"sql": "total + 1"}))
    with pytest.raises(WrongMapping, match=r"an order: OrderAmt is 11\.50, not 10\.5"):
        desk.propose(NAME, deed("ana"), "")
    with pytest.raises(FixInput, match="says nothing new"):
        desk.propose(NAME, deed("ben"), "")
    assert desk.proposal(NAME) is None


def test_a_repository_gets_one_commit_of_that_file_alone_and_a_hook_that_refuses_leaves_the_old_one_live(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "-q")
    ours = shelf(tmp_path / "mappings")
    (tmp_path / "other.txt").write_text("other work")
    git(tmp_path, "add", "other.txt")
    ours.keep(NAME, RIGHT, deed("ana"))
    assert git(tmp_path, "show", "--name-only", "--format=%an|%s").split() == [
        *("ana|Map", "shop_orders:", "the", "city", "in", "capitals"),
        "mappings/shop_orders/mapping.yaml",
    ]
    assert git(tmp_path, "diff", "--cached", "--name-only").split() == ["other.txt"]
    hook = tmp_path / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no commits on Fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Refused, match="no commits on Fridays"):
        ours.keep(NAME, upper(RIGHT), deed("ana"))
    assert ours.live(NAME) == RIGHT


def test_a_folder_that_its_repository_ignores_keeps_its_versions_itself(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("var/\n")
    assert isinstance(shelf(tmp_path / "var" / "mappings"), FolderShelf)
    assert isinstance(shelf(tmp_path / "mappings"), GitShelf)


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "A", "x" * 61, ".."])
def test_a_name_from_an_address_leads_nowhere_but_the_shelf(tmp_path: Path, name: str) -> None:
    ours: Shelf = FolderShelf(tmp_path)
    with pytest.raises(FixInput, match="is no name of a mapping"):
        ours.live(name)
    assert number_of(RIGHT) == 3
