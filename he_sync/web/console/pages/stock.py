"""Why so many of an item may be sold at a place: every term with its source, time and record."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows import stock_why
from he_sync.model.errors import FixInput
from he_sync.stock.available import Answer
from he_sync.stock.policy import Policy, read_policy
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import page


def why(request: Request) -> Response:
    """GET /stock?sku=&location=&channel=: the page."""
    place, asked = place_of(request), request.query_params
    sku, location, channel = (asked.get(name, "").strip() for name in ("sku", "location", "channel"))
    codes = [store.code for store in place.retailer().stores]
    answer, line = None, ""
    if sku or location:
        try:
            answer = _answer(place, sku, location, channel)
        except FixInput as error:
            line = str(error)
    values = {"sku": sku, "location": location, "channel": channel, "codes": codes}
    return page(request, "stock", "Stock", 422 if line else 200, answer=answer, line=line, **values)


def _answer(place: Place, sku: str, location: str, channel: str) -> Answer:
    if not (sku and location):
        raise FixInput("name an item and a place")
    rules = place.home / "stock.yaml"
    policy = read_policy(rules) if rules.exists() else Policy()
    pulled = stock_why.Pulled(place.lake, place.look, place.retailer(), stock_why.last_day(place.lake))
    return stock_why.why(pulled, policy, sku, location, channel)


ROUTES = [Route("/stock", why)]
