"""The other ends of real sockets: a mail server and an address that takes POSTs, which can be told to misbehave."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Heard:
    """What came, and how the next is answered."""

    port: int = 0
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    status: int = 200
    says: str = "250 taken"


@contextmanager
def taking_posts() -> Iterator[Heard]:
    heard = Heard()

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if heard.status == 200:
                heard.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(heard.status)
            if heard.status == 307:
                self.send_header("location", f"http://127.0.0.1:{heard.port}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Post), heard):
        yield heard


@contextmanager
def taking_mail() -> Iterator[Heard]:
    """SMTP as far as a sender without a password speaks it (RFC 5321)."""
    heard = Heard()

    class Smtp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 stand-in")
            to: list[str] = []
            while line := self.rfile.readline().decode().strip():
                verb = line.split(":")[0].split(" ")[0].upper()
                if verb == "RCPT":
                    to.append(line.partition(":")[2].strip("<> "))
                if verb == "DATA":
                    self.say("354 go on")
                    text = b"".join(iter(self.rfile.readline, b".\r\n"))
                    if heard.says.startswith("250"):
                        heard.mails.append((to, message_from_bytes(text, policy=policy.default)))
                    self.say(heard.says)
                else:
                    self.say("221 bye" if verb == "QUIT" else "250 stand-in")
                if verb == "QUIT":
                    return

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp), heard):
        yield heard


@contextmanager
def _serving(server: socketserver.TCPServer, heard: Heard) -> Iterator[None]:
    heard.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
