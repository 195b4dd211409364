"""The review desk: a run's doubtful pairs are decided by keyboard, and the next run obeys.

The terminal is a real one (a pty): keys go in as a person presses them.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from he_sync.cli.main import main
from he_sync.store import effects, master
from he_sync.store.database import open_store
from he_sync.store.master import Found, Pair, pair_of
from tests.customer_world.world import WORLDS, world
from tests.match.people import written
from tests.store.customers import DANA, erp, name, order, shop, take

PAIRS = 100


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation's folder with an empty store."""
    open_store(tmp_path / "he_sync.db").close()
    return tmp_path


@pytest.fixture
def run(home: Path, monkeypatch, capfd) -> Callable[..., Done]:
    """A verb of `he-sync match` as a person calls it."""
    monkeypatch.setenv("HE_HOME", str(home))
    monkeypatch.delenv("HE_STORE_URL", raising=False)

    def call(*words: object) -> Done:
        monkeypatch.setattr("sys.argv", ["he-sync", "match", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return call


def at_the_desk(home: Path, keys: str, *words: str) -> str:
    """What a person at a terminal sees who presses these keys."""
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, "-m", "he_sync.cli", "match", "reviews", "next", "--who", "dana", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "HE_HOME": str(home), "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    os.write(ours, keys.encode())
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:
        pass  # Linux's way to say that the other end of a pty is closed
    finally:
        os.close(ours)
    assert started.wait(60) == 0, seen.decode(errors="replace")
    return seen.decode(errors="replace")


def waiting_pairs(home: Path, count: int = PAIRS) -> list[Pair]:
    """A master in which so many pairs wait for a person."""
    people = [shop(number, first_name=f"Ada{number}", last_name="Byron", zip="10001") for number in range(count)]
    theirs = [erp(f"C{number}", first_name=f"Adah{number}", last_name="Byron") for number in range(count)]
    pairs = [
        Pair(
            *pair_of(name(one), name(other)),
            400_000 + place,
            "last name same +2.1; first name misspelt -0.7; start -1.0",
        )
        for place, (one, other) in enumerate(zip(people, theirs, strict=True))
    ]
    with open_store(home / "he_sync.db") as store:
        records = [*people, *theirs]
        master.take(store, Found("run", records, {name(one): str(name(one)) for one in records}, {}, pairs), DANA)
    return pairs


def test_a_hundred_pairs_are_decided_with_a_hundred_keys_each_kept_with_who_and_why(home: Path) -> None:
    pairs = waiting_pairs(home)
    seen = at_the_desk(home, "yns" * 33 + "n", "--note", "called them")
    assert "33 one customer, 34 two customers, 33 skipped" in seen
    with open_store(home / "he_sync.db") as store:
        said, rest = master.standing(store), master.waiting(store)
    assert (len(said), sum(one.same for one in said), len(rest)) == (67, 33, 33)
    assert {(one.who, one.why) for one in said} == {("dana", "called them")}
    assert {(one.left, one.right) for one in said} | {(one.left, one.right) for one in rest} == {
        (one.left, one.right) for one in pairs
    }


def test_both_records_and_the_reasons_stand_side_by_side(home: Path) -> None:
    waiting_pairs(home, 1)
    seen = at_the_desk(home, "q")
    for words in (
        "Ada0",
        "Adah0",
        "heartland:0",
        "epicor:C0",
        "first name misspelt",
        "score 40.0 %",
        "[y] one customer",
    ):
        assert words in seen
    assert "0 one customer, 0 two customers, 0 skipped" in seen


def test_a_reason_is_written_at_the_desk_and_unknown_keys_do_nothing(home: Path) -> None:
    waiting_pairs(home, 2)
    at_the_desk(home, "xz?wtwin brothers\nnq")
    with open_store(home / "he_sync.db") as store:
        assert [(one.why, one.same) for one in master.standing(store)] == [("twin brothers", False)]


def test_without_a_terminal_the_desk_says_what_to_use_instead(run) -> None:
    done = run("reviews", "next")
    assert done.code == 2
    assert "`he-sync match reviews decide`" in done.err


def test_a_hundred_doubtful_pairs_of_a_run_are_decided_by_keyboard_and_the_next_run_obeys(
    run, home: Path, tmp_path: Path
) -> None:
    left, right, _ = world(1_500, 5, WORLDS["dirty"])
    sides = [written(tmp_path, "pos.csv", left), written(tmp_path, "erp.csv", right)]
    assert run("customers", *sides, "--out", tmp_path / "one").code == 0
    assert run("take", tmp_path / "one", sides[0], sides[1], "--note", "first", "--yes").code == 0
    first = json.loads(run("reviews", "list", "--json", "--limit", "1").out)[0]
    decide = ("reviews", "decide", first["left"], first["right"], "same", "--note", "seen", "--who", "dana")
    assert run(*decide).out == f"{first['left']} and {first['right']}: same\n"
    at_the_desk(home, "yn" * (PAIRS // 2), "--limit", str(PAIRS))
    decided = json.loads(run("reviews", "list", "--json", "--decided").out)
    assert len(decided) > 0.9 * PAIRS, "a few contradict earlier ones and are refused"
    assert run("customers", *sides, "--out", tmp_path / "two", "--decisions", home / "he_sync.db").code == 0
    before, after = customers_of(tmp_path / "one"), customers_of(tmp_path / "two")
    others = 0
    for one in decided:
        ends = one["left"], one["right"]
        assert (after[ends[0]] == after[ends[1]]) == (one["said"] == "same"), one
        others += (before[ends[0]] == before[ends[1]]) != (one["said"] == "same")
    assert others > 0.3 * PAIRS, "the first run thought otherwise of many"
    assert run("take", tmp_path / "two", sides[0], sides[1], "--note", "second", "--yes").code == 0
    still = json.loads(run("reviews", "list", "--json", "--limit", "100000").out)
    assert not {(one["left"], one["right"]) for one in still} & {(one["left"], one["right"]) for one in decided}


def customers_of(folder: Path) -> dict[str, str]:
    """Customer by record, as the desk names records."""
    rows = pl.read_csv(folder / "clusters.csv", infer_schema=False).select("id", "side", "cluster_id").rows()
    return {f"{({'left': 'heartland', 'right': 'epicor'})[side]}:{number}": group for number, side, group in rows}


def test_records_that_nobody_spoke_of_are_matched_as_if_nobody_had_spoken(run, tmp_path: Path) -> None:
    left, right, _ = world(1_500, 5, WORLDS["middling"])
    sides = [written(tmp_path, "pos.csv", left), written(tmp_path, "erp.csv", right)]
    run("customers", *sides, "--out", tmp_path / "one")
    pairs = pl.read_csv(tmp_path / "one" / "pairs.csv", infer_schema=False).filter(pl.col("decision") == "match")
    ends = pairs["left_id"][0], pairs["right_id"][0]
    said = f"left_side,left_id,right_side,right_id,label\nheartland,{ends[0]},epicor,{ends[1]},no\n"
    (tmp_path / "said.csv").write_text(said)
    run("customers", *sides, "--out", tmp_path / "two", "--decisions", tmp_path / "said.csv")
    before, after = (pl.read_csv(tmp_path / name / "clusters.csv", infer_schema=False) for name in ("one", "two"))
    changed = before.join(after, on=["side", "id"]).filter(pl.col("cluster_id") != pl.col("cluster_id_right"))
    touched = before.filter(pl.col("cluster_id") == before.filter(pl.col("id") == pairs["left_id"][0])["cluster_id"][0])
    assert 0 < len(changed) <= len(touched)
    assert set(changed["cluster_id"]) == set(touched["cluster_id"])


def test_decisions_of_a_file_are_checked_by_row(run, tmp_path: Path) -> None:
    one = written(tmp_path, "one.csv", world(1_500, 5, WORLDS["middling"])[0])
    (tmp_path / "said.csv").write_text("left_side,left_id,right_side,right_id,label\nheartland,1,moon,2,no\n")
    done = run("customers", one, "--out", tmp_path / "out", "--decisions", tmp_path / "said.csv")
    assert (done.code, "row 2: side 'moon'" in done.err) == (2, True)


def test_a_merge_is_shown_first_and_done_with_yes(run, home: Path) -> None:
    with open_store(home / "he_sync.db") as store:
        take(store, [shop(7), erp("H7")], [shop(9), erp("H9")])
        effects.plan(store, [order(1, "H9")])
    words = ("merge", "heartland:9", "M1", "--note", "one person", "--who", "dana")
    shown = run(*words)
    assert "heartland:9 orders on H9 -> H7" in shown.out
    assert "nothing was written" in shown.out
    assert json.loads(run("history", "M1", "--json").out) == []
    assert run(*words, "--yes").out.endswith("done\n")
    assert "M2, merged into M1" in run("show", "M2").out
    assert json.loads(run("unmerge", "M2", "--note", "two after all", "--yes", "--json").out)["done"]
    assert [row["kind"] for row in json.loads(run("history", "M1", "--json").out)] == ["merge", "unmerge"]
    assert run("split", "heartland:7", "--note", "x").code == 0
    assert run("erase", "M1", "--note", "asked to be forgotten", "--yes").out.startswith("M1: 2 records")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("merge", "M1", "M77", "--note", "x"), "there is no customer M77"),
        (("merge", "one", "M1", "--note", "x"), "'one' names no customer"),
        (("show", "moon:7"), "'moon:7' names no record"),
        (("unmerge", "M1", "--note", " "), "say who decides"),
        (("reviews", "show", "heartland:7", "epicor:H7"), "do not wait"),
        (("take", "nowhere", "a.csv", "--note", "x"), "holds no complete run"),
    ],
)
def test_what_cannot_be_done_is_refused_with_one_line(run, home: Path, words: tuple[str, ...], said: str) -> None:
    with open_store(home / "he_sync.db") as store:
        take(store, [shop(7), erp("H7")])
    done = run(*words)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
