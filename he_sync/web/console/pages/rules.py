"""Rules of the settlement chain: those in force, others tried on all kept history, and who puts them in force."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows.books.ground import Memory
from he_sync.flows.rule_change import deciding
from he_sync.flows.rule_change.kept import Kept, Proposed, in_force, propose, rules_in_force, rules_of
from he_sync.model.errors import FixInput, HeSyncError
from he_sync.model.retailer import Retailer
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.web.console.forms import Form, posts
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import done, page
from he_sync.web.console.work import alive, start

LISTED = 20
LOOKS_AGAIN = 2
STATES = {
    "asked": "being tried",
    "failed": "could not be tried",
    "tried": "waits for approval",
    "approved": "in force or was",
    "cancelled": "cancelled",
}
LINKS = {
    "PL": "payment to settlement line",
    "LB": "line to batch",
    "BD": "batch to deposit",
    "PG": "payment to ledger",
    "PS": "payments to day sum",
    "DG": "deposit to ledger",
    "LD": "line to deposit",
    "VO": "void to sale",
    "PO": "order to order",
}
EXAMPLE = """name: finance 2026
without: []            # rules that are off, such as "PL amount_next_day"
tolerances: []         # such as {leg: BD, currency: USD, cents: 5, day_cents: 100}
"""


def listing(request: Request) -> Response:
    """GET /rules: what is in force, a form for others, and those that were proposed."""
    place = place_of(request)
    kept, file, now = Kept(place.home), in_force(place.home), rules_in_force(place.home)
    values: dict[str, Any] = {
        "rules": now,
        "text": file.read_text(encoding="utf-8") if file else EXAMPLE,
        "rows": [(one, STATES[kept.state(one.name)]) for one in kept.newest(LISTED)],
        "words": LINKS,
    }
    return page(request, "rules", "Rules", **values)


def proposed(request: Request, form: Form) -> Response:
    """POST /rules: keep a proposal and begin its trial."""
    place = place_of(request)
    one = propose(place.home, form.one("text"), place.who)
    deciding.begin(_books(place), place.home, one)
    start(place, "rules", one.name)
    return done(f"/rules/{one.name}", "Nothing has changed. The rules are being tried on all kept history.")


def one(request: Request) -> Response:
    """GET /rules/NAME: what it changes, what the trial found, and what is to be decided."""
    place, name = place_of(request), request.path_params["name"]
    kept = Kept(place.home)
    found, state, told = kept.proposed(name), kept.state(name), kept.told(name)
    still = bool(request.query_params.get("still")) or state != "asked"
    values: dict[str, Any] = {
        "asked": found,
        "state": state,
        "state_words": STATES[state],
        "line": kept.failed(name) or str(told.get("line", "")),
        "stopped": state == "asked" and bool(told) and not alive(told),
        "changes": changes(rules_in_force(place.home), rules_of(found.text)) if state != "approved" else [],
        "trial": kept.trial(name),
        "digest": kept.digest(name),
        "may_not": _may_not(place.retailer(), found, place.who) if state == "tried" else "",
        "approved": kept.read(name, "approved"),
        "cancelled": kept.cancelled(name),
        "still": still,
        "words": LINKS,
    }
    answer = page(request, "rule_change", f"Rules {name}", **values)
    if not still:
        answer.headers["refresh"] = str(LOOKS_AGAIN)
    return answer


def changes(now: RuleSet, wanted: RuleSet) -> list[str]:
    """What another set of rules does differently, one line each."""
    found = []
    for before, after in zip(now.rules, wanted.rules, strict=True):
        if before.enabled != after.enabled:
            found.append(
                f"{LINKS.get(after.relation, after.relation)}: {after.name} {'on' if after.enabled else 'off'}"
            )
    gone, new = set(now.tolerances) - set(wanted.tolerances), set(wanted.tolerances) - set(now.tolerances)
    found += [f"no longer tolerated: {_tolerance(each)}" for each in sorted(gone, key=repr)]
    found += [f"tolerated: {_tolerance(each)}" for each in sorted(new, key=repr)]
    return found or [f"the name alone: {wanted.name}"]


def _tolerance(one: Any) -> str:
    far = " or ".join(filter(None, [f"{one.cents} cents" if one.cents else "", f"{one.bps} bps" if one.bps else ""]))
    place = f", account or store {one.account}" if one.account else ""
    return f"{far or 'nothing'} of {LINKS[one.leg]} in {one.currency}{place}, {one.day_cents} cents a day at most"


def _may_not(retailer: Retailer, one: Proposed, who: str) -> str:
    """Why this person's word would not do; "" where it would."""
    try:
        deciding.allowed(retailer, one, who)
    except HeSyncError as error:
        return str(error)
    return ""


def in_short(home: Path) -> list[tuple[Proposed, Mapping[str, Any]]]:
    """Proposals that wait for a word, with the sums of their trials: shown among all approvals."""
    kept = Kept(home)
    return [(one, (kept.trial(one.name) or {})["sums"]) for one in kept.waiting()]


def decide(request: Request, form: Form) -> Response:
    """POST /rules/NAME: `do` is approve, again or cancel."""
    place, name, what = place_of(request), request.path_params["name"], form.one("do")
    kept, books = Kept(place.home), _books(place)
    if what == "approve":
        deciding.enforce(books, place.home, name, place.who, form.reason(), form.one("digest"))
        told = "In force from the next run on."
    elif what == "cancel":
        deciding.cancel(books, place.home, name, place.who, form.reason())
        told = "Cancelled; the rules in force stay."
    elif what == "again":
        if kept.state(name) not in {"asked", "failed", "tried"}:
            raise FixInput(f"{name} is {STATES[kept.state(name)]}; it is not tried again")
        kept.drop(name, "trial", "failed", "telling")
        start(place, "rules", name)
        told = "Tried again."
    else:
        raise FixInput("choose approve, again or cancel")
    return done(f"/rules/{name}", told)


def _books(place: Place) -> Memory:
    return Memory(place.store, place.lake, place.retailer())


ROUTES = [
    Route("/rules", listing, methods=["GET"]),
    Route("/rules", posts(proposed), methods=["POST"]),
    Route("/rules/{name}", one, methods=["GET"]),
    Route("/rules/{name}", posts(decide), methods=["POST"]),
]
