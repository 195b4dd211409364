"""Heartland Retail over REST. Documents go through as they are on the wire; their meaning belongs to the contracts."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from he_sync.connect import complaints, strict_json
from he_sync.connect.auth import fixed
from he_sync.connect.breaker import Breaker
from he_sync.connect.exchange import Exchange
from he_sync.connect.heartland_query import Filter, Params, encoded, filtered, shaped, windows
from he_sync.connect.pages import Page, Row, walk_by_key, walk_by_number
from he_sync.connect.retry import Patience
from he_sync.connect.throttle import Throttle
from he_sync.connect.wire import Request, Response, Send
from he_sync.model.errors import BrokenPromise, FixInput, LookUpFirst

SYSTEM = "heartland"
LOCATION = re.compile(r"/(\d+)/?$")  # "/api/items/100001", or the same as an absolute address
PAGE_SIZE = 500
IDS_A_REQUEST = 200  # ids of seven digits: under 2 KB of address


def row_id(row: Row) -> int:
    """The integer id of a row; what lists are walked by."""
    found = row.get("id")
    if not isinstance(found, int) or isinstance(found, bool):
        raise BrokenPromise(f"{SYSTEM}: a row without an integer id cannot be walked by id; use walk_pages with a key")
    return found


def row_key(row: Row) -> Hashable:
    """The id where there is one, else the whole row."""
    return row["id"] if "id" in row else strict_json.dumps(row)


class HeartlandClient:
    """The Retail API of one tenant.

    Reads are patient (see retry.py). Writes go out once: they raise LookUpFirst when their outcome is unknown, Refused
    (NotFound, NotAllowed) when the tenant said no, TryLater when nothing was done.
    """

    def __init__(  # noqa: PLR0913 - one tenant with all that reaches it
        self,
        base_url: str,
        token: str,
        send: Send,
        throttle: Throttle | None = None,
        *,
        patience: Patience | None = None,
        breaker: Breaker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.base_url, self._now = base_url.rstrip("/"), now
        headers = {"authorization": f"Bearer {token}", "content_type": "application/json"}
        self._exchange = Exchange(
            SYSTEM,
            send,
            fixed(**headers),
            complaints.heartland,
            throttle=throttle,
            patience=patience or Patience(),
            breaker=breaker,
        )
        self.ready_in = self._exchange.ready_in

    # reading

    def walk(  # noqa: PLR0913, PLR0917 - one question with all its parts
        self,
        path: str,
        filter: Filter | None = None,  # noqa: A002 - the API's own word
        include: Iterable[str] = (),
        only: Iterable[str] = (),
        page_size: int = PAGE_SIZE,
        start: int = 0,
    ) -> Iterator[list[Row]]:
        """Pages of a collection by rising id, from the first id above `start`; rows that come and go move nothing.

        A filter that spans more than three months of a time field is asked for in spans, because the server fails on
        wide ones; ids then rise within each span. Raises FixInput for a wide span together with `start`.
        """
        spans = windows(filter, self._now())
        if start and len(spans) > 1:
            raise FixInput(f"{path}: a walk over more than three months cannot begin after an id; ask span by span")
        fields = ["id", *named] if (named := list(only)) else []
        for span in spans:
            yield from walk_by_key(self._after(path, span, shaped(include, fields), page_size), row_id, start)

    def _after(self, path: str, span: Filter, shape: Params, page_size: int) -> Callable[[int], list[Row]]:
        """The page of a question after an id."""
        paged = [("sort[]", "id"), ("page", "1"), ("per_page", str(page_size))]
        return lambda last: self._page(path, [*filtered(span, {"id": {"$gt": last}}), *shape, *paged]).rows

    def walk_pages(
        self,
        path: str,
        params: Params | Mapping[str, str] = (),
        key: Callable[[Row], Hashable] = row_key,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[list[Row]]:
        """Pages of a listing without ids (inventory/values with group[], analyzer), every row once by `key`."""
        asked = list(params.items()) if isinstance(params, Mapping) else list(params)

        def fetch(number: int) -> Page:
            return self._page(path, [*asked, ("page", str(number)), ("per_page", str(page_size))])

        yield from walk_by_number(fetch, key)

    def list_all(
        self, path: str, params: Params | Mapping[str, str] = (), key: Callable[[Row], Hashable] = row_key
    ) -> list[Row]:
        """Every row of a small collection or of one without ids."""
        return [row for page in self.walk_pages(path, params, key) for row in page]

    def by_ids(self, path: str, ids: Iterable[int], only: Iterable[str] = ()) -> dict[int, Row]:
        """Documents of a collection by id, in as few requests as addresses allow; what is not there is left out."""
        wanted, fields = sorted(set(ids)), ["id", *named] if (named := list(only)) else []
        found: dict[int, Row] = {}
        for start in range(0, len(wanted), IDS_A_REQUEST):
            some = filtered({"id": {"$in": wanted[start : start + IDS_A_REQUEST]}})
            found |= {row_id(row): row for row in self.list_all(path, [*some, *shaped((), fields)])}
        return found

    def count(self, path: str, filter: Filter | None = None, params: Params = ()) -> int:  # noqa: A002 - the API's own word
        """How many rows a filter finds now; `params` are a listing's own (inventory/values with group[])."""
        spans = windows(filter, self._now())
        one = [*params, ("page", "1"), ("per_page", "1")]
        return sum(self._page(path, [*filtered(span), *one]).total for span in spans)

    def get(self, path: str, include: Iterable[str] = ()) -> dict[str, Any]:
        """One document by its path. Raises NotFound."""
        document = self._read(path, shaped(include)).json()
        if not isinstance(document, dict):
            raise BrokenPromise(f"{SYSTEM}: {path} is not one document")
        return document

    def _page(self, path: str, params: Params) -> Page:
        body = self._read(path, params).json()
        try:
            return Page(list(body["results"]), int(body["total"]), int(body["pages"]))
        except (KeyError, TypeError, ValueError):
            raise BrokenPromise(f"{SYSTEM}: {path} did not answer with total, pages and results") from None

    def _read(self, path: str, params: Params) -> Response:
        url = self._url(path)
        return self._exchange.read(Request("GET", f"{url}?{encoded(params)}" if params else url))

    # writing

    def create(self, path: str, body: dict[str, Any]) -> int:
        """POST a new record; its id, from the Location header. Never repeated by itself.

        Raises LookUpFirst where the answer does not name what was created.
        """
        response = self._write("POST", path, body)
        found = LOCATION.search(response.headers.get("location", ""))
        if not found:
            raise LookUpFirst(f"{SYSTEM}: POST {path} answered {response.status} and names no record: look it up first")
        return int(found.group(1))

    def update(self, path: str, body: dict[str, Any]) -> None:
        """PUT: the fields sent change, the others stay."""
        self._write("PUT", path, body)

    def delete(self, path: str) -> None:
        """DELETE one record (webhooks, queue messages; most collections cannot)."""
        self._exchange.once(Request("DELETE", self._url(path), idempotent=False))

    def _write(self, method: str, path: str, body: dict[str, Any]) -> Response:
        return self._exchange.once(Request(method, self._url(path), body=strict_json.dumps(body), idempotent=False))

    # looking

    def check(self) -> Response:
        """The cheapest authenticated read; its headers carry the server's clock. Raises as any read does."""
        return self._read("locations", [("page", "1"), ("per_page", "1"), ("_only[]", "id")])

    def may_write(self, path: str) -> bool:
        """Whether the token's user may change a collection, asked on an id that no record has: 404 is yes."""
        request = Request("PUT", self._url(f"{path}/0"), body=b"{}", idempotent=True)
        return self._exchange.may(request)

    def _url(self, path: str) -> str:
        return f"{self.base_url}/{path.strip('/')}"
