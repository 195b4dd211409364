"""The wire against servers that misbehave: every failure becomes the error that says what to do next."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from he_sync.connect.wire import HttpSend, Request, http_send
from he_sync.model.errors import BrokenPromise, FixSettings, LookUpFirst, TryLater
from tests.connect.hostile import Behaviour, answer, raw, reset, serving

MIB = 1024 * 1024


@pytest.fixture
def send() -> Iterator[HttpSend]:
    with http_send(total_deadline=0.6, byte_cap=MIB) as sender:
        yield sender


def read(url: str) -> Request:
    return Request("GET", url)


def write(url: str) -> Request:
    return Request("POST", url, body=b"{}", idempotent=False)


def drip(connection: socket.socket) -> None:
    """One byte of an endless header every 50 ms: no single read ever times out."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-slow: ")
    for _ in range(200):
        connection.sendall(b"a")
        time.sleep(0.05)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(200):
        connection.sendall(b" ")
        time.sleep(0.05)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def bomb_of(size: int) -> bytes:
    """A few hundred kilobytes of gzip that unfold to `size` zeros."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(MIB)) for _ in range(size // MIB)), packer.flush()])


def test_a_complete_answer_arrives_with_lower_case_headers_and_exact_numbers(send: HttpSend) -> None:
    with serving(answer(body=b'{"total": 19.99}', X_Trace="7")) as server:
        response = send(read(server.url + "/a"))
    assert (response.status, response.headers["x-trace"]) == (200, "7")
    assert str(response.json()["total"]) == "19.99"


@pytest.mark.parametrize("behaviour", [drip, drip_body, endless])
def test_the_total_deadline_ends_an_answer_that_never_ends(behaviour: Behaviour) -> None:
    with serving(behaviour) as server, http_send(total_deadline=0.5, byte_cap=1 << 40) as send:
        began = time.monotonic()
        with pytest.raises(TryLater, match="no complete answer in time"):
            send(read(server.url))
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "behaviour",
    [
        reset,
        drip,
        raw(b""),
        raw(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\nhalf"),
        raw(b"\x16\x03nonsense\r\n\r\n"),
    ],
)
def test_a_write_whose_answer_is_lost_is_looked_up_and_a_read_may_be_repeated(
    send: HttpSend, behaviour: Behaviour
) -> None:
    with serving(behaviour) as server:
        with pytest.raises(LookUpFirst, match="bytes left"):
            send(write(server.url))
        with pytest.raises(TryLater):
            send(read(server.url))


def test_a_write_that_found_nobody_listening_was_not_done(send: HttpSend) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TryLater, match="refused"):
        send(write(f"http://127.0.0.1:{port}/api"))


def test_a_write_to_an_unknown_host_was_not_done(send: HttpSend) -> None:
    with pytest.raises(TryLater):
        send(write("http://no-such-host.invalid/api"))


def test_a_redirect_is_not_followed_and_no_credential_travels(send: HttpSend) -> None:
    with serving(answer()) as elsewhere, serving(answer("308 Permanent Redirect", location=elsewhere.url)) as server:
        with pytest.raises(BrokenPromise, match="redirect"):
            send(Request("GET", server.url, {"authorization": "Bearer secret"}))
        assert elsewhere.requests == []


def test_a_gzip_bomb_is_refused_at_the_cap_and_never_unfolds_in_memory(send: HttpSend) -> None:
    bomb = bomb_of(300 * MIB)
    tracemalloc.start()
    with serving(answer(body=bomb, content_encoding="gzip")) as server:
        with pytest.raises(BrokenPromise, match="larger than 1,048,576 bytes"):
            send(read(server.url))
        with pytest.raises(LookUpFirst):
            send(write(server.url))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB


def test_a_gzip_body_is_read_and_half_of_one_is_not_an_answer(send: HttpSend) -> None:
    body = gzip.compress(b'{"total":1}')
    with serving(answer(body=body, content_encoding="gzip"), answer(body=body[:-9], content_encoding="gzip")) as server:
        assert send(read(server.url)).json() == {"total": 1}
    with (
        serving(answer(body=body[:-9], content_encoding="gzip")) as server,
        pytest.raises(TryLater, match="ends too early"),
    ):
        send(read(server.url))


def test_a_coding_that_nobody_asked_for_is_refused(send: HttpSend) -> None:
    with serving(answer(content_encoding="br")) as server, pytest.raises(BrokenPromise, match="'br'"):
        send(read(server.url))


def test_a_body_over_the_cap_is_refused(send: HttpSend) -> None:
    with serving(endless) as server, pytest.raises(BrokenPromise, match="larger than"):
        send(read(server.url))


def test_the_environment_s_proxy_is_not_used(send: HttpSend, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer()) as proxy, serving(answer()) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert send(read(server.url)).status == 200
        assert proxy.requests == []


def test_when_the_pool_is_full_nothing_left_and_a_new_pool_serves_the_next_request() -> None:
    over = threading.Event()

    def hold(connection: socket.socket) -> None:
        over.wait(5)
        answer()(connection)

    behaviours = [hold] * 16 + [answer()]
    with serving(*behaviours) as server, http_send(total_deadline=5, pool_seconds=0.2) as send:
        holders = [threading.Thread(target=send, args=(read(server.url),)) for _ in range(16)]
        for holder in holders:
            holder.start()
        while len(server.requests) < 16:
            time.sleep(0.005)
        with pytest.raises(TryLater, match="pool was renewed"):
            send(write(server.url))
        assert send(write(server.url)).status == 200
        over.set()
        for holder in holders:
            holder.join(5)


def test_a_certificate_that_nobody_vouches_for_is_a_setting_to_fix(send: HttpSend, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    line = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    try:
        subprocess.run(["openssl", *line, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl program to make a certificate with")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def shake(connection: socket.socket) -> bytes:
        context.wrap_socket(connection, server_side=True)
        return b""

    with serving(answer(), greet=shake) as server, pytest.raises(FixSettings, match="not trusted"):
        send(write(server.url.replace("http://", "https://")))
