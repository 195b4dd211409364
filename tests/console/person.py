"""A person at the console over real HTTP: keeps cookies, follows where a form leads, reads pages."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

WITHIN = 60.0
TOKEN = re.compile(r'name="token" value="([0-9a-f]+)"')


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def words(self) -> str:
        """What stands on the page, without markup."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())


@dataclass
class Person:
    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    follows: bool = True

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, b"", headers)

    def post(self, path: str, origin: str | None = "", **fields: str | list[str]) -> Answer:
        """A form with the token of the page seen last; `origin` "" is the console's own, None sends none."""
        body = urlencode({"token": self.token, **fields}, doseq=True).encode()
        named = {} if origin is None else {"Origin": origin or f"http://{self.address}"}
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **named})

    def raw_get(self, path: str) -> bytes:
        """What a download holds."""
        connection = HTTPConnection(self.address, timeout=30)
        connection.request("GET", path, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())})
        body = connection.getresponse().read()
        connection.close()
        return body

    def raw_post(self, path: str, **fields: str) -> HTTPResponse:
        """The answer as it came, with every line of its head; cookies are not kept, nothing is followed."""
        connection = HTTPConnection(self.address, timeout=30)
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        heads = {"Cookie": kept, "Origin": f"http://{self.address}"}
        connection.request("POST", path, urlencode({"token": self.token, **fields}), heads)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = HTTPConnection(self.address, timeout=30)
        try:
            kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, path, body or None, {"Cookie": kept, **headers})
            return self._read(connection.getresponse())
        finally:
            connection.close()

    def _read(self, response: HTTPResponse) -> Answer:
        for line in response.headers.get_all("set-cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies.pop(name, None)
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
        text = response.read().decode()
        if found := TOKEN.search(text):
            self.token = found[1]
        if response.status == 303 and self.follows:
            to = urlsplit(response.headers["location"])
            return self.get(to.path + (f"?{to.query}" if to.query else ""))
        return Answer(response.status, text, {name.lower(): value for name, value in response.headers.items()})


def wait_for(person: Person, path: str, words: str) -> Answer:
    until = time.monotonic() + WITHIN
    while words not in (page := person.get(path)).words:
        assert time.monotonic() < until, page.words
        time.sleep(0.1)
    return page
