"""What was answered 202 is stored, whatever happens: disk errors, full disks, kills, stops, a database away."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path

import psycopg2
import pytest

from he_sync.store import inbox
from he_sync.store.database import Store, open_store
from tests.receiver.running import SHOP, Running, eventually, order_body, receiving, request_of, signed, wait_until_up

ADDRESS = "/hooks/shop/order.created"
BODY = order_body()
TRACED = ["strace", "-f", "-qq", "-e", "signal=none"]
WATCHED = "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg"


def stored(folder: Path) -> Counter[str]:
    with open_store(folder / "he_sync.db") as store:
        return Counter(kept.event.event_id for kept in inbox.listing(store, "new"))


def steps(trace: str) -> list[str]:
    """The order of what matters in a trace: a page of the log written, the log synced, a 202 sent."""
    found, files = [], dict(re.findall(r'openat\(.*?"([^"]+)".*?= (\d+)', trace))
    names = {number: name for name, number in files.items()}
    for line in trace.splitlines():
        call = re.search(r"(pwrite64|fdatasync|write|sendto|sendmsg|writev)\((\d+)", line)
        if call is None:
            continue
        into_the_log = names.get(call[2], "").endswith("-wal")
        if call[1] == "pwrite64" and into_the_log:
            found.append("written")
        elif call[1] == "fdatasync" and into_the_log:
            found.append("synced")
        elif "HTTP/1.1 202" in line:
            found.append("thanked")
    return found


def test_the_log_is_written_then_synced_before_each_thanks(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    strace = [*TRACED, "-s", "64", "-o", str(trace), "-e", f"{WATCHED},openat"]
    with receiving(tmp_path, before=strace) as running:
        for number in range(20):
            assert running.order(f"e{number}", BODY).status == 202
    found = [one for one, _ in groupby(steps(trace.read_text()))]
    served = found[found.index("thanked") - 2 :]
    assert served[: 3 * 20] == ["written", "synced", "thanked"] * 20


@contextmanager
def failing(running: Running, call: str, error: str, which: str, trace: Path) -> Iterator[None]:
    """Let a system call of the receiver's threads fail: the n-th, counted from here and in each thread."""
    pid = running.process.pid
    inject = f"inject={call}:error={error}:when={which}"
    line = [*TRACED, "-o", str(trace), "-e", f"trace={call}", "-e", inject, "-p", str(pid)]
    tasks = [task / "status" for task in Path(f"/proc/{pid}/task").iterdir()]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as strace:
        eventually(lambda: all("TracerPid:\t0\n" not in task.read_text() for task in tasks))
        yield
        strace.terminate()
    assert "INJECTED" in trace.read_text(), "nothing failed: the test shows nothing"


@pytest.mark.parametrize(("call", "error"), [("fdatasync", "EIO"), ("fdatasync", "ENOSPC"), ("pwrite64", "ENOSPC")])
def test_an_event_whose_write_or_sync_fails_is_not_thanked_for(tmp_path: Path, call: str, error: str) -> None:
    """A single failure may be made good by writing everything anew; one that stays is a 503."""
    thanked, refused = [], []
    with receiving(tmp_path) as running:
        for round_, which in enumerate(("1", "2", "3..5", "2+3", "1..400")):
            with failing(running, call, error, which, tmp_path / "trace"):
                for event_id in (f"{round_}-{number}" for number in range(12)):
                    answer = running.order(event_id, BODY)
                    {202: thanked, 503: refused}[answer.status].append(event_id)
            wait_until_up(running)
        assert running.order("last", BODY).status == 202, "it did not recover"
    assert refused
    kept = stored(tmp_path)
    assert {*thanked, "last"} <= set(kept)
    assert set(kept.values()) == {1}


def test_a_full_disk_refuses_and_takes_again_when_there_is_room(tmp_path: Path) -> None:
    big = order_body(note="x" * 100_000)
    with receiving(tmp_path) as running:
        assert running.order("before", big).status == 202
        unlimited = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (200_000, unlimited[1]))
        thanked = [f"e{number}" for number in range(8) if running.order(f"e{number}", big).status == 202]
        assert len(thanked) < 8
        assert running.get("/healthz").status == 503
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, unlimited)
        eventually(lambda: running.get("/healthz").status == 200)
        assert running.order("after", big).status == 202
    assert {"before", "after", *thanked} <= set(stored(tmp_path))


def storm(running: Running, prefix: str, count: int, threads: int = 8) -> tuple[set[str], Counter[int]]:
    """Send events from many sides; gives the ids that were thanked for and the answers."""
    statuses: Counter[int] = Counter()

    def one(number: int) -> str:
        event_id = f"{prefix}{number}"
        with suppress(OSError):
            answer = running.post(ADDRESS, BODY, signed(event_id, BODY))
            statuses[answer.status] += 1
            return event_id if answer.status == 202 else ""
        return ""

    with ThreadPoolExecutor(threads) as pool:
        return set(pool.map(one, range(count))) - {""}, statuses


def test_a_receiver_killed_in_full_work_has_stored_all_that_it_thanked_for(tmp_path: Path) -> None:
    thanked: set[str] = set()
    for round_ in range(5):
        with receiving(tmp_path) as running:
            killer = threading.Timer(0.15 + 0.1 * round_, running.process.send_signal, (signal.SIGKILL,))
            killer.start()
            some, _ = storm(running, f"r{round_}-", 600)
            killer.join()
            thanked |= some
    kept = stored_any(tmp_path)
    assert len(thanked) > 50
    assert thanked <= set(kept)
    assert set(kept.values()) == {1}


def stored_any(folder: Path) -> Counter[str]:
    with open_store(folder / "he_sync.db") as store, store.begin() as connection:
        return Counter(connection.exec_driver_sql("SELECT event_id FROM inbox").scalars())


def test_a_stop_under_load_ends_within_ten_seconds_and_loses_nothing(tmp_path: Path) -> None:
    with receiving(tmp_path) as running:
        half = running.connect()  # a request that will never be whole must not hold up the end
        half.sendall(request_of("POST", ADDRESS, b"", {"content-length": "100"}))
        seconds: list[float] = []
        stopper = threading.Timer(0.3, lambda: seconds.append(running.stop()))
        stopper.start()
        thanked, statuses = storm(running, "e", 1_500)
        stopper.join()
        half.close()
    assert seconds[0] < 10
    assert set(statuses) <= {202, 503, 0}
    assert thanked
    assert thanked <= set(stored_any(tmp_path))


def test_a_sender_gone_before_the_answer_finds_its_event_known(any_store_url: str, tmp_path: Path) -> None:
    request = request_of("POST", ADDRESS, BODY, signed("gone", BODY))
    with receiving(tmp_path, any_store_url) as running, open_store(any_store_url) as store:
        connection = running.connect()
        connection.sendall(request)
        connection.close()
        eventually(lambda: inbox.find(store, "gone"))
        assert running.order("gone", BODY).json == {"known": 1}


def test_one_event_sent_a_hundred_times_at_once_to_two_processes_is_one(any_store_url: str, tmp_path: Path) -> None:
    with receiving(tmp_path / "a", any_store_url) as one, receiving(tmp_path / "b", any_store_url) as other:
        headers = signed("same", BODY)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda n: (one, other)[n % 2].post(ADDRESS, BODY, headers), range(100)))
    assert Counter(str(answer.json) for answer in answers) == {"{'new': 1}": 1, "{'known': 1}": 99}
    with open_store(any_store_url) as store:
        assert inbox.count(store) == {"new": 1}


def test_another_body_under_a_known_id_is_kept_beside_the_first(
    any_store: Store, any_store_url: str, tmp_path: Path
) -> None:
    with receiving(tmp_path, any_store_url) as running:
        assert running.order("e1", order_body(1)).json == {"new": 1}
        assert running.order("e1", order_body(2)).json == {"conflict": 1}
        assert running.order("e1", order_body(1)).json == {"known": 1}
    assert [kept.event.entity for kept in inbox.find(any_store, "e1")] == ["order 1"]
    assert len(inbox.conflicts(any_store)) == 1


def cut_off(url: str) -> None:
    """End every other connection of this database, as a restart does."""
    admin = psycopg2.connect(url.replace("+psycopg2", ""))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
    admin.close()


def allow(url: str, many: int) -> None:
    """Let a database take so many connections; 0: none."""
    address, _, name = url.replace("+psycopg2", "").rpartition("/")
    admin = psycopg2.connect(f"{address}/postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {'true' if many else 'false'}")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            (name,),
        )
    admin.close()


def test_connections_cut_by_the_database_lose_nothing(postgres_url: str, tmp_path: Path) -> None:
    with receiving(tmp_path, postgres_url) as running:
        cutter = threading.Timer(0.3, cut_off, (postgres_url,))
        cutter.start()
        thanked, statuses = storm(running, "e", 800)
        cutter.join()
        assert running.order("after", BODY).status == 202
    assert set(statuses) <= {202, 503}
    with open_store(postgres_url) as store:
        kept = Counter(kept.event.event_id for kept in inbox.listing(store, "new", 5_000))
    assert thanked | {"after"} <= set(kept)
    assert set(kept.values()) == {1}


def test_while_the_database_is_away_senders_are_asked_to_come_again(postgres_url: str, tmp_path: Path) -> None:
    with receiving(tmp_path, postgres_url) as running:
        assert running.order("e1", BODY).status == 202
        allow(postgres_url, 0)
        refused = running.order("e2", BODY)
        assert (refused.status, "retry-after: 5" in refused.head) == (503, True)
        assert running.get("/healthz").status == 503
        allow(postgres_url, 1)
        wait_until_up(running)
        assert running.order("e2", BODY).json == {"new": 1}


def test_a_receiver_says_what_is_wrong_with_its_store_and_ends(tmp_path: Path) -> None:
    for url in ("mysql://x/y", f"sqlite:///{tmp_path}/no/folder/he_sync.db"):
        with pytest.raises(RuntimeError, match="he-sync: the store"), receiving(tmp_path, url):
            pass


def test_a_known_secret_signs_in_every_process(tmp_path: Path) -> None:
    with receiving(tmp_path, processes=2) as running:
        for number in range(10):
            assert running.order(f"e{number}", BODY, secrets=[SHOP]).status == 202
        assert running.stop() < 10
    assert len(stored(tmp_path)) == 10
