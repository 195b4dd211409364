"""What a sender may cost: size, time, headers, connections, and requests that two servers would read differently."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from he_sync.connect.strict_json import loads
from he_sync.store import inbox
from he_sync.store.database import Store, open_store
from tests.receiver.running import (
    HEARTLAND,
    METRICS,
    Running,
    eventually,
    order_body,
    read_answer,
    receiving,
    request_of,
    signed,
)

ADDRESS = "/hooks/shop/order.created"
ENDLESS = 10 * 1024**3
CHUNK = 64 * 1024
HOSTILE = {
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep enough to hurt": b'{"a":' * 200 + b"1" + b"}" * 200,
    "a number of 5,000 digits": b'{"data":' + b"9" * 5_000 + b"}",
    "not a number": b'{"data":NaN}',
    "infinity": b'{"data":-Infinity}',
    "out of range": b'{"data":1e999}',
    "a key twice": b'{"data":1,"data":2}',
    "half a letter": b'{"data":"\\ud800"}',
    "a NUL": b'{"data":"\\u0000"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"data":1}'.encode("utf-16"),
    "nothing": b"",
    "blanks": b"   ",
    "two documents": b"{}{}",
    "a comment": b"{}//",
    "single quotes": b"{'data':1}",
    "a list": b"[]",
    "a text": b'"order"',
    "null": b"null",
    "no data": b'{"type":"order.created"}',
    "data of another kind": b'{"type":"order.created","data":[1]}',
    "another type": b'{"type":"order.updated","data":{"id":1}}',
    "an id that is none": b'{"type":"order.created","data":{"id":true}}',
    "an id of many letters": b'{"type":"order.created","data":{"id":"' + b"x" * 200 + b'"}}',
    "an id with a line end": b'{"type":"order.created","data":{"id":"1\\n2"}}',
}
SMUGGLED = {
    "both lengths": "POST {a} HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG",
    "two lengths": "POST {a} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a length with a sign": "POST {a} HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\nab",
    "a length that is none": "POST {a} HTTP/1.1\r\nhost: x\r\ncontent-length: 0x2\r\n\r\nab",
    "a negative length": "POST {a} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\nab",
    "bare line feeds": "POST {a} HTTP/1.1\nhost: x\ncontent-length: 0\n\n",
    "a blank before the colon": "POST {a} HTTP/1.1\r\nhost: x\r\ncontent-length : 2\r\n\r\nab",
    "a folded header": "POST {a} HTTP/1.1\r\nhost: x\r\nx-a: b\r\n c\r\ncontent-length: 2\r\n\r\nab",
    "an odd encoding": "POST {a} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an odd chunk": "POST {a} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n",
    "another protocol": "POST {a} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "another protocol for a page": "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "a tunnel": "CONNECT evil:443 HTTP/1.1\r\nhost: x\r\n\r\n",
    "no HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all: what is refused leaves no trace, and each test has ids of its own."""
    with receiving(tmp_path_factory.mktemp("receiver")) as running:
        yield running


@pytest.fixture
def store(receiver: Running) -> Iterator[Store]:
    with open_store(receiver.log.parent / "he_sync.db") as opened:
        yield opened


def memory(running: Running) -> int:
    """Resident memory in bytes."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


def test_a_body_of_ten_gigabytes_in_chunks_is_cut_off_at_one_mebibyte(receiver: Running, store: Store) -> None:
    before, sent = memory(receiver), 0
    head = request_of("POST", ADDRESS, b"", {**signed("never", b""), "transfer-encoding": "chunked"})
    with receiver.connect() as connection:
        connection.sendall(head)
        with suppress(ConnectionError):
            while sent < ENDLESS and not select.select([connection], [], [], 0)[0]:
                connection.sendall(b"%x\r\n" % CHUNK + b"x" * CHUNK + b"\r\n")
                sent += CHUNK
        assert read_answer(connection).status in {413, 0}
    assert sent < 16 * 1024 * 1024, "it read far more than it takes"
    assert memory(receiver) - before < 20 * 1024 * 1024
    assert inbox.find(store, "never") == []


def test_a_body_is_refused_by_its_announced_length_before_it_is_sent(receiver: Running) -> None:
    for length in (1024 * 1024 + 1, ENDLESS):
        with receiver.connect() as connection:
            connection.sendall(request_of("POST", ADDRESS, b"", {**signed("e", b""), "content-length": str(length)}))
            assert read_answer(connection).status == 413


def test_the_largest_body_is_taken_and_one_byte_more_is_not(receiver: Running) -> None:
    whole = order_body(note="@")
    largest = whole.replace(b"@", b"x" * (1024 * 1024 - len(whole) + 1))
    assert len(largest) == 1024 * 1024
    assert receiver.order("large1", largest).status == 202
    assert receiver.order("large2", largest + b" ").status == 413


def test_a_compressed_body_is_not_unpacked_but_refused(receiver: Running) -> None:
    for encoding in ("gzip", "br", "deflate", "zstd", "identity", "x"):
        headers = {**signed("e1", order_body()), "Content-Encoding": encoding}
        assert receiver.post(ADDRESS, order_body(), headers).status == 415


def test_hostile_json_of_a_sender_that_we_know_is_refused_within_50_ms(receiver: Running, store: Store) -> None:
    for what, body in HOSTILE.items():
        headers, started = signed("never", body), time.perf_counter()
        assert receiver.post(ADDRESS, body, headers).status == 400, what
        assert time.perf_counter() - started < 0.5, what  # the machine's other work included
        started = time.process_time()
        with suppress(Exception):
            loads(body)
        assert time.process_time() - started < 0.05, what
    assert inbox.find(store, "never") == []


def test_a_connection_that_is_slow_is_cut_off_ten_seconds_after_it_began(receiver: Running) -> None:
    """Silence, headers that never end or drip, a body that never ends or drips."""
    whole = request_of("POST", ADDRESS, order_body(), signed("never", order_body()))
    started = time.monotonic()
    slow = {receiver.connect(): first for first in (b"", whole[:40], whole[:60], whole[:-40], whole[:-50])}
    for connection, first in slow.items():
        connection.sendall(first)
    for _ in range(18):
        time.sleep(0.5)  # the pace of the drip
        for connection, first in slow.items():
            connection.sendall(b"x" if len(first) in {60, len(whole) - 50} else b"")
    for connection in slow:
        assert select.select([connection], [], [], 3)[0], "still open"
        assert read_answer(connection).status in {408, 0}
        connection.close()
    assert 9.5 < time.monotonic() - started < 12.0


def test_a_flood_of_headers_is_cut_off_at_32_kibibytes(receiver: Running) -> None:
    fields = "".join(f"x-{number}: {'y' * 100}\r\n" for number in range(30_000))
    for flood in (
        f"POST {ADDRESS} HTTP/1.1\r\nhost: x\r\n{fields}\r\n",
        f"POST {ADDRESS} HTTP/1.1\r\nhost: x\r\nx: {'y' * 3_000_000}\r\n\r\n",
        f"POST {ADDRESS}?{'y' * 3_000_000} HTTP/1.1\r\nhost: x\r\n\r\n",
        f"POST {ADDRESS} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n{fields}\r\n",
    ):
        assert receiver.send(flood.encode()).status in {431, 401, 0}
    assert memory(receiver) < 300 * 1024 * 1024
    small = "".join(f"x-{number}: {'y' * 100}\r\n" for number in range(200))
    assert receiver.send(f"GET /healthz HTTP/1.1\r\nhost: x\r\n{small}\r\n".encode()).status == 200


def test_a_request_that_two_servers_may_read_differently_ends_its_connection(receiver: Running, store: Store) -> None:
    second = request_of("GET", "/healthz", b"", {})
    for what, first in SMUGGLED.items():
        with receiver.connect() as connection:
            connection.sendall(first.replace("{a}", ADDRESS).encode("latin-1") + second)
            assert read_answer(connection).status in {0, 400, 401}, what
            assert read_answer(connection).status == 0, f"{what}: what followed was taken for a request"
    assert inbox.find(store, "never") == []


def test_what_follows_a_last_request_is_nobodys(receiver: Running, store: Store) -> None:
    body = order_body()
    last = request_of("POST", ADDRESS, body, {**signed("e1", body), "connection": "close"})
    more = request_of("POST", ADDRESS, body, signed("e2", body))
    with receiver.connect() as connection:
        connection.sendall(last + more)
        read_answer(connection)
        assert read_answer(connection).status == 0
    assert inbox.find(store, "e2") == []


def test_requests_in_one_go_on_one_connection_are_answered_each_in_turn(receiver: Running, store: Store) -> None:
    many = [request_of("POST", ADDRESS, order_body(), signed(f"pipe{number}", order_body())) for number in range(20)]
    with receiver.connect() as connection:
        connection.sendall(b"".join(many))
        text = b""
        while text.count(b'{"new":1}') < len(many):
            text += connection.recv(65536)
    assert [len(inbox.find(store, f"pipe{number}")) for number in range(20)] == [1] * 20


def test_a_crowd_of_slow_connections_is_cut_off_while_good_senders_are_served(receiver: Running) -> None:
    slow = [receiver.connect() for _ in range(500)]
    started = time.monotonic()
    for number, connection in enumerate(slow):
        connection.sendall(b"POST /hooks/shop/order.created HTTP/1.1\r\nhost: x\r\n"[: 20 + number % 20])
    for number in range(100):
        assert receiver.order(f"e{number}", order_body()).status == 202
    for connection in slow:
        connection.settimeout(max(0.1, started + 11.0 - time.monotonic()))
        with connection, suppress(ConnectionError):
            assert connection.recv(4096).startswith((b"HTTP/1.1 408", b""))
    assert time.monotonic() - started < 11.5


def test_connections_above_the_cap_are_turned_away_and_the_others_served(tmp_path: Path) -> None:
    with receiving(tmp_path, environment={"HE_RECEIVER_CONNECTIONS": "50"}) as running:
        held = [running.connect() for _ in range(50)]
        eventually(lambda: running.get("/healthz").status == 503)
        turned = running.get("/healthz")
        assert (turned.status, "retry-after" in turned.head) == (503, True)
        held[0].sendall(request_of("GET", "/healthz", b"", {}))
        assert read_answer(held[0]).status == 200
        for connection in held:
            connection.close()
        eventually(lambda: running.get("/healthz").status == 200)


def test_only_the_three_addresses_exist(receiver: Running) -> None:
    for path in (
        *("/", "/docs", "/openapi.json", "/redoc", "/debug", "/.git/config", "/admin", "/static/../etc/passwd"),
        *("/hooks", "/hooks/", "/hooks/shop", "/hooks/shop/", "/hooks/shop/order.created/", "/hooks//order.created"),
        *("/hooks/shop/order.deleted", "/hooks/nobody/x", "/hooks/shop/%6Frder.created/..", "/healthz/", "/metrics/x"),
    ):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
            assert receiver.send(request_of(method, path, b"", {"content-length": "0"})).status in {404, 405}, path
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"):
        assert receiver.send(request_of(method, ADDRESS, b"", {"content-length": "0"})).status == 405
    assert receiver.get("/healthz", {"Range": "bytes=" + ",".join(["0-1"] * 5_000)}).status in {200, 431}
    assert "server:" not in receiver.get("/healthz").head.lower()


def test_the_counts_are_shown_to_who_has_the_token_only(tmp_path: Path) -> None:
    with receiving(tmp_path) as running:
        running.order("e1", order_body())
        assert running.get("/metrics").status == 401
        assert running.get("/metrics", {"authorization": f"Bearer {HEARTLAND}"}).status == 401
        page = running.get("/metrics", {"authorization": f"Bearer {METRICS}"}).body.decode()
        assert 'he_receiver_requests_total{source="shop",status="202"} 1' in page
        assert 'he_receiver_events_total{source="shop",stored="new"} 1' in page
        assert "he_receiver_accept_seconds_count 1" in page
        assert "he_event_conflicts 0" in page
        running.order("e1", order_body(total="2.00"))
        page = running.get("/metrics", {"authorization": f"Bearer {METRICS}"}).body.decode()
        assert ("he_event_conflicts 1" in page, "he_effect_conflicts 0" in page) == (True, True)
        log = re.search(r"^he_store_log_bytes (\S+)$", page, flags=re.MULTILINE)
        assert log, page
        assert float(log[1]) > 0
    with receiving(tmp_path, secrets={}) as running:
        assert running.get("/metrics", {"authorization": "Bearer "}).status == 404


def test_a_log_line_cannot_be_forged_from_outside(receiver: Running) -> None:
    body = json.dumps({"type": "order.created", "data": {"id": 1, "x\nINFO admin\u2028\x1b[2J": "cvv 123"}}).encode()
    assert receiver.order("e1", body).status == 422
    lines = receiver.log.read_text().splitlines()
    assert not [line for line in lines if line.startswith("INFO admin")]
    assert "\x1b" not in receiver.log.read_text()


def test_a_socket_that_never_reads_its_answers_is_let_go(receiver: Running) -> None:
    request = request_of("GET", "/healthz", b"", {}) * 20_000
    before = sockets(receiver)
    with socket.create_connection(("127.0.0.1", receiver.port)) as connection:
        connection.setblocking(False)
        with suppress(OSError):
            while True:
                connection.send(request)
        ours: set[str] = set()
        eventually(lambda: bool(ours.update(sockets(receiver) - before) or ours), within=60)
        eventually(lambda: not ours & sockets(receiver), within=60)


def sockets(receiver: Running) -> set[str]:
    """Names of what it holds open: a count would also fall as connections of earlier tests end."""
    held = set()
    for file in Path(f"/proc/{receiver.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            held.add(str(file.readlink()))
    return held
