"""Epicor Kinetic over REST v2: OData sets, methods, and a rule for every trap that was measured.

Business shapes stay out: what a sales order is in here belongs to the push. Sequences of calls: epicor_sequences.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from he_sync.connect import complaints, strict_json
from he_sync.connect.breaker import Breaker
from he_sync.connect.epicor_access import SYSTEM, Access, judge
from he_sync.connect.epicor_answers import Document, dataset, refuse_row_errors, refuse_unstored, revision
from he_sync.connect.epicor_query import LONGEST_URL, both, encoded, header_set, in_list, key_path, lists
from he_sync.connect.exchange import Exchange
from he_sync.connect.pages import Row, walk_by_key, walk_by_offset
from he_sync.connect.retry import Patience
from he_sync.connect.strict_json import NotStrict
from he_sync.connect.throttle import Throttle
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import Request, Response, Send
from he_sync.model.errors import BrokenPromise, FixInput, LookUpFirst, TryLater

PAGE_SIZE = 1000
PAGING_ROOM = 200  # bytes of an address that paging options and brackets take

# GET is the way of the read-only methods; POST to them is deprecated.
BY_GET = frozenset({"GetByID", "GetList", "GetRows", "GetBySysRowID", "GetBySysRowIDs"})
# These compute on the dataset that is sent with them and store nothing, so a lost answer leaves nothing in doubt.
STORES_NOTHING = re.compile(r"(Get|(On)?Chang(e|ing)|Check|Pre|Validate|Find|NegativeInventoryTest|Is)(?![a-z]|Out)")


class EpicorClient:
    """One company of one Kinetic instance.

    Reads are patient (see retry.py). Writes go out once: they raise LookUpFirst when their outcome is unknown, Refused
    (with Kinetic's ErrorType in `.kind`) when a rule said no, TryLater when nothing was done.

    Args:
        instance_url: root of the instance, e.g. https://host/kinetic; v2 and the token service hang below it.
        company: company id; a part of every address.
        tokens: the machine's token cache: with it a bearer token is used, with None Basic on every call.
        plant: site of the call; empty leaves it to the user's default.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one company with all that reaches it
        self,
        instance_url: str,
        company: str,
        user: str,
        password: str,
        api_key: str,
        send: Send,
        tokens: TokenCache | None = None,
        throttle: Throttle | None = None,
        plant: str = "",
        *,
        patience: Patience | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self.access = Access(instance_url.rstrip("/"), company, plant, user, password, api_key)
        self.company = company
        self._root = f"{self.access.instance_url}/api/v2/odata/{company}"
        self._exchange = Exchange(
            SYSTEM,
            send,
            self.access.auth(tokens),
            complaints.epicor,
            judge=judge,
            throttle=throttle,
            patience=patience or Patience(),
            breaker=breaker,
        )
        self.ready_in = self._exchange.ready_in

    # reading sets

    def walk(  # noqa: PLR0913 - one question with all its parts
        self,
        service: str,
        entity_set: str,
        *,
        filter: str = "",  # noqa: A002 - OData's own word
        select: Sequence[str] = (),
        expand: str = "",
        page_size: int = PAGE_SIZE,
        start: int = 0,
    ) -> Iterator[list[Row]]:
        """Pages of a header set by rising SysRevID, from the first above `start`.

        A row changed while we walk comes again with its new content. A child's change does not move its parent's
        SysRevID, and a transaction may commit behind a higher SysRevID: a poll overlaps and compares. Raises FixInput
        for a child set.
        """
        options = {
            "$select": ",".join(dict.fromkeys(["SysRevID", *select])) if select else "",
            "$expand": expand,
            "$orderby": "SysRevID",
            "$top": str(page_size),
        }
        place = header_set(service, entity_set)

        def after(last: int) -> list[Row]:
            return self._rows(service, place, {"$filter": both(filter, f"SysRevID gt {last}"), **options})[0]

        yield from walk_by_key(after, revision, start)

    def count(self, service: str, entity_set: str, filter: str = "") -> int:  # noqa: A002 - OData's own word
        """How many rows of a header set a filter finds now."""
        options = {"$filter": filter, "$select": "SysRevID", "$top": "1", "$count": "true"}
        found = self._rows(service, header_set(service, entity_set), options)[1]
        if found is None:
            return sum(len(page) for page in self.walk(service, entity_set, filter=filter, select=["SysRevID"]))
        return found

    def newest(self, service: str, entity_set: str, filter: str = "") -> int:  # noqa: A002 - OData's own word
        """The highest SysRevID of a header set now; 0 for an empty one. Where a poll that never ran begins."""
        options = {"$filter": filter, "$select": "SysRevID", "$orderby": "SysRevID desc", "$top": "1"}
        rows, _ = self._rows(service, header_set(service, entity_set), options)
        return revision(rows[0]) if rows else 0

    def read(  # noqa: PLR0913 - one question with all its parts
        self,
        service: str,
        entity_set: str,
        *,
        filter: str = "",  # noqa: A002 - OData's own word
        select: Sequence[str] = (),
        expand: str = "",
        top: int = PAGE_SIZE,
    ) -> list[Row]:
        """Every row of a header set that a filter finds, `top` rows a request; for look-ups, not for pulls.

        Pages go on until the server's own count is reached, so neither its default of 100 rows nor any other cap cuts
        the answer. Raises FixInput for a child set or a filter that does not fit an address (see `read_any`).
        """
        options = {
            "$filter": filter,
            "$select": ",".join(select),
            "$expand": expand,
            "$top": str(top),
            "$count": "true",
        }
        place = header_set(service, entity_set)

        def at(offset: int) -> tuple[list[Row], int | None]:
            return self._rows(service, place, {**options, "$skip": str(offset) if offset else ""})

        return [row for page in walk_by_offset(at) for row in page]

    def read_any(  # noqa: PLR0913 - one question with all its parts
        self,
        service: str,
        entity_set: str,
        column: str,
        values: Iterable[Any],
        *,
        filter: str = "",  # noqa: A002 - OData's own word
        select: Sequence[str] = (),
        expand: str = "",
    ) -> list[Row]:
        """Rows whose column is one of many values, asked in lists that fit an address."""
        fixed_part = encoded({"$filter": filter, "$select": ",".join(select), "$expand": expand})
        room = LONGEST_URL - len(self._set_url(service, entity_set)) - len(fixed_part) - PAGING_ROOM
        found = []
        for some in lists(column, values, room):
            asked = both(filter, in_list(column, some))
            found += self.read(service, entity_set, filter=asked, select=select, expand=expand)
        return found

    def baq(self, name: str, parameters: Mapping[str, str], top: int = PAGE_SIZE) -> Iterator[list[Row]]:
        """Pages of a business activity query; its columns read Table_Field. Raises NotFound for an unknown one."""
        options = {**parameters, "$top": str(top), "$count": "true"}

        def at(offset: int) -> tuple[list[Row], int | None]:
            return self._rows("BaqSvc", f"{name}/Data", {**options, "$skip": str(offset) if offset else ""})

        yield from walk_by_offset(at)

    def baq_count(self, name: str, parameters: Mapping[str, str]) -> int:
        """How many rows a business activity query gives now."""
        found = self._rows("BaqSvc", f"{name}/Data", {**parameters, "$top": "1", "$count": "true"})[1]
        return sum(len(page) for page in self.baq(name, parameters)) if found is None else found

    def by_key(
        self, service: str, entity_set: str, key: Mapping[str, Any], *, select: Sequence[str] = (), expand: str = ""
    ) -> Document:
        """One row by its key without Company, children embedded by `expand`. Raises NotFound."""
        return self._get(self._key_url(service, entity_set, key), {"$select": ",".join(select), "$expand": expand})

    # methods

    def call(self, service: str, method: str, body: Document | None = None) -> Document:
        """A method of a business object: the whole answer, see epicor_answers.py.

        The read-only methods go by GET with patience, the ones that store nothing by POST with patience, all others
        once.
        """
        url = f"{self._root}/{service}/{method}"
        if method in BY_GET:
            return self._get(url, {name: _parameter(value) for name, value in (body or {}).items()})
        harmless = STORES_NOTHING.match(method) is not None
        request = Request("POST", url, body=strict_json.dumps(body or {}), idempotent=harmless)
        return self._document(request, (self._exchange.read if harmless else self._exchange.once)(request))

    def function(self, library: str, name: str, body: Document) -> Document:
        """A published Epicor Function that may be called twice with the same body: with patience, as a read.

        Raises NotFound where it is not installed.
        """
        url = f"{self.access.instance_url}/api/v2/efx/{self.company}/{library}/{name}"
        request = Request("POST", url, body=strict_json.dumps(body), tells=True)
        return self._document(request, self._exchange.read(request))

    def update_ext(self, service: str, tables: Document, *, rollback: bool = True) -> Document:
        """UpdateExt: the stored dataset. Raises Refused where rows failed, although the answer is 200 then."""
        body = {"ds": tables, "continueProcessingOnError": not rollback, "rollbackParentOnChildError": rollback}
        answer = self.call(service, "UpdateExt", body)
        refuse_row_errors(service, answer)
        return dataset(answer)

    # writing sets

    def insert(self, service: str, entity_set: str, body: Document) -> Document:
        """POST a new row with nested children; the answer holds the header only. Never repeated by itself."""
        url = self._set_url(service, entity_set)
        request = Request("POST", url, body=strict_json.dumps(self._owned(body)), idempotent=False)
        return self._document(request, self._exchange.once(request))

    def patch(self, service: str, entity_set: str, key: Mapping[str, Any], changes: Document) -> Document:
        """PATCH fields of one row, then read it back: the stored row.

        A locked row answers a PATCH with success and stores nothing; a read-back that differs raises Refused
        (kind `NotStored`).
        """
        url = self._key_url(service, entity_set, key)
        self._exchange.once(Request("PATCH", url, body=strict_json.dumps(changes), idempotent=False))
        try:
            stored = self._get(url, {}, tells=True)
        except (TryLater, BrokenPromise) as error:
            raise LookUpFirst(f"{SYSTEM}: PATCH {entity_set} was taken and cannot be read back: {error}") from error
        refuse_unstored(f"{entity_set} {dict(key)}", stored, changes)
        return stored

    # looking

    def check(self) -> Response:
        """The cheapest authenticated read of the company; its headers carry the server's clock."""
        url = f"{self._set_url('Erp.BO.CustomerSvc', 'Customers')}?{encoded({'$select': 'CustNum', '$top': '1'})}"
        return self._exchange.read(Request("GET", url))

    def may_write(self, service: str, entity_set: str, key: Mapping[str, Any]) -> bool:
        """Whether rows of a set may be changed, asked with an empty PATCH of a key that no row has."""
        return self._exchange.may(Request("PATCH", self._key_url(service, entity_set, key), body=b"{}"))

    # addresses and answers

    def _set_url(self, service: str, entity_set: str) -> str:
        return f"{self._root}/{service}/{entity_set}"

    def _key_url(self, service: str, entity_set: str, key: Mapping[str, Any]) -> str:
        return self._set_url(service, entity_set) + key_path(self._owned(key))

    def _owned(self, row: Mapping[str, Any]) -> Document:
        """The row or key of our company."""
        return {"Company": self.company, **row}

    def _get(self, url: str, options: Mapping[str, str], *, tells: bool = False) -> Document:
        query = encoded(options)
        full = f"{url}?{query}" if query else url
        if len(full) > LONGEST_URL:
            raise FixInput(f"{SYSTEM}: an address of {len(full):,} bytes is refused with 414; ask with read_any")
        request = Request("GET", full, tells=tells)
        return self._document(request, self._exchange.read(request))

    def _rows(self, service: str, entity_set: str, options: Mapping[str, str]) -> tuple[list[Row], int | None]:
        """One page and the count, where the server gives one."""
        url = self._set_url(service, entity_set)
        body = self._get(url, options)
        if not isinstance(body.get("value"), list):
            raise BrokenPromise(f"{SYSTEM}: {url} did not answer with a list in `value`")
        count = body.get("@odata.count")
        return body["value"], None if count is None else int(count)

    def _document(self, request: Request, response: Response) -> Document:
        """The answer as one document; a write that was answered unreadably may have been done."""
        if not response.body.strip():
            return {}
        try:
            body = response.json()
        except BrokenPromise as error:
            raise (NotStrict if request.idempotent else LookUpFirst)(
                f"{SYSTEM}: {request.place} answered {response.status}, {error}"
            ) from error
        return body if isinstance(body, dict) else {"returnObj": body}


def _parameter(value: Any) -> str:
    """A method's parameter in a query string: plain text, not an OData literal."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
