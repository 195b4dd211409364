"""Change data capture: Ice.LIB.CdcSubscriberSvc, the native subscription, pulled by offset or pushed at least once.

The log is the oracle ledger itself: an offset is its sequence number, so a subscriber that was away for a restart
misses nothing. A rule sees changes from its own beginning on.
"""

from __future__ import annotations

import operator
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from he_sync.sandbox.epicor import catalog, posting
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, register
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business
from he_sync.sandbox.epicor.paging import number
from he_sync.sandbox.epicor.rows import Row
from he_sync.sandbox.epicor.switches import CDC_PUSH_BODY
from he_sync.sandbox.state import Commit, State, decode, encode

PREFIX = "epicor/"
STORE = "epicor.cdc"
PAGE = 100
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def _stored(state: State) -> dict[str, Row]:
    found: dict[str, Row] = decode(state.setting(STORE, "{}"))
    return found


def _keep(state: State, key: str, subscriber: Row | None) -> None:
    with state.transaction("server"):
        others = {other: one for other, one in _stored(state).items() if other != key}
        state.set_setting(STORE, encode({**others, key: subscriber} if subscriber is not None else others))


def _mine(ctx: Context, args: Row) -> tuple[str, Row]:
    """The subscriber that the arguments name, with its secret right. Raises Business."""
    key = str(argument(args, "subscriberID"))
    found = _stored(ctx.state).get(key)
    if found is None or not secrets.compare_digest(found["secret"], str(argument(args, "secret"))):
        raise Business("Subscriber not found or secret is not valid.")
    return key, found


def _newest(state: State) -> int:
    last = state.oracle("seq = (SELECT max(seq) FROM oracle)")
    return int(last[0]["seq"]) if last else 0


# methods


def _register(ctx: Context, args: Row) -> Row:
    mode = str(argument(args, "mode")).upper()
    if mode not in {"PUSH", "PULL", "PUSHPULL"}:
        raise Business("Mode references invalid value.")
    key, secret = str(uuid.uuid4()), secrets.token_urlsafe(24)
    subscriber: Row = {
        "secret": secret,
        "mode": mode,
        "uri": args.get("webHookURI") or "",
        "headers": args.get("webHookHeaders") or "",
        "description": args.get("description") or "",
        "inactive": False,
        "pageSize": PAGE,
        "offset": _newest(ctx.state),
        "rules": {},
    }
    _keep(ctx.state, key, subscriber)
    return answer(subscriberID=key, secret=secret)


def _unregister(ctx: Context, args: Row) -> Row:
    _keep(ctx.state, _mine(ctx, args)[0], None)
    return {}


def _subscriber_update(ctx: Context, args: Row) -> Row:
    key, found = _mine(ctx, args)
    names = {
        "description": "description",
        "inactive": "inactive",
        "webHookURI": "uri",
        "webHookHeaders": "headers",
        "pageSize": "pageSize",
    }
    _keep(ctx.state, key, {**found, **{own: args[name] for name, own in names.items() if args.get(name) is not None}})
    return {}


def _regenerate(ctx: Context, args: Row) -> Row:
    key, found = _mine(ctx, {**args, "secret": argument(args, "oldSecret")})
    secret = secrets.token_urlsafe(24)
    _keep(ctx.state, key, {**found, "secret": secret})
    return answer(newSecret=secret)


def _rule_add(ctx: Context, args: Row) -> Row:
    key, found = _mine(ctx, args)
    name, table = str(argument(args, "ruleID")), str(argument(args, "tableName"))
    if table not in catalog.names():
        raise Business("Table Name references invalid value.")
    if args.get("rule"):
        matches(decode(args["rule"]), {})
    rule = {
        "tableName": table,
        "changeType": str(args.get("changeType") or "insert|update|delete"),
        "rule": args.get("rule") or "",
        "inactive": bool(args.get("inactive")),
        "schemaName": args.get("schemaName") or "Erp",
        "description": args.get("description") or "",
        "companyID": args.get("companyID") or ctx.company,
        "since": _newest(ctx.state),
    }
    _keep(ctx.state, key, {**found, "rules": {**found["rules"], name: rule}})
    return {}


def _rule_remove(ctx: Context, args: Row) -> Row:
    key, found = _mine(ctx, args)
    name = str(argument(args, "ruleID"))
    _keep(ctx.state, key, {**found, "rules": {other: rule for other, rule in found["rules"].items() if other != name}})
    return {}


def _rules_list(ctx: Context, args: Row) -> Row:
    _, found = _mine(ctx, args)
    rules = [{"ruleID": name, **rule} for name, rule in found["rules"].items()]
    return answer({"CdcSubscriberRule": rules}, pageSize=len(rules), morePages=False, total=len(rules))


def _pull(ctx: Context, args: Row) -> Row:
    """A page of changes behind an offset: results, whether more wait, and the offset to go on from."""
    _, found = _mine(ctx, args)
    if "PULL" not in found["mode"]:
        raise Business("Subscriber mode does not allow Pull.")
    size = number(args.get("pageSize") or found["pageSize"])
    results, more, last = changes(ctx.state, found, number(args.get("offset") or 0), size)
    return answer({"results": results, "morePages": more, "lastOffset": last})


def _sample(ctx: Context, args: Row) -> Row:
    """GenerateSampleData(schemaName, tableName): nothing comes back; what it would make is not found."""
    _mine(ctx, args)
    if argument(args, "tableName") not in catalog.names():
        raise Business("Table Name references invalid value.")
    return {}


# the log


def changes(state: State, subscriber: Row, offset: int, size: int) -> tuple[list[Row], bool, int]:
    """Changes behind the offset that the subscriber's rules want, whether more may wait, the last offset looked at."""
    tables = sorted({PREFIX + rule["tableName"] for rule in subscriber["rules"].values() if not rule["inactive"]})
    if not tables:
        return [], False, offset
    marks = ",".join("?" * len(tables))
    page = f"SELECT seq FROM oracle WHERE seq > ? AND collection IN ({marks}) ORDER BY seq LIMIT ?"  # noqa: S608 - marks only
    found = state.oracle(f"seq IN ({page})", [offset, *tables, size + 1])
    results = [item for change in found[:size] for item in _items(subscriber["rules"], change)]
    return results, len(found) > size, int(found[:size][-1]["seq"]) if found else offset


def _items(rules: dict[str, Row], change: Row) -> list[Row]:
    row, table = change["after"] or change["before"], catalog.table(change["collection"].removeprefix(PREFIX))
    return [
        {
            "company": row["Company"],
            "schemaName": rule["schemaName"],
            "tableName": table.name,
            "keys": encode({key: row[key] for key in table.keys}),
            "ruleID": name,
            "data": encode(row),
            "metadata": encode({"changeType": change["operation"]}),
            "occurredWhenUtc": change["at"],
        }
        for name, rule in rules.items()
        if _wants(rule, table.name, change)
        and (not rule["rule"] or matches(decode(rule["rule"]), {**table.defaults(), **row}))
    ]


def _wants(rule: Row, table: str, change: Row) -> bool:
    kinds = rule["changeType"].lower().replace(",", "|").split("|")
    return (
        not rule["inactive"]
        and rule["tableName"] == table
        and change["operation"] in kinds
        and change["seq"] > rule["since"]
    )


def matches(rule: Any, row: Row) -> Any:
    """JSON logic on a row: var, comparisons, and, or, !. Raises Business for any other operator."""
    if not isinstance(rule, dict):
        return rule
    word, given = next(iter(rule.items()))
    parts = given if isinstance(given, list) else [given]
    if word == "var":
        return row.get(str(parts[0]))
    values = [matches(part, row) for part in parts]
    if word == "and":
        return all(values)
    if word == "or":
        return any(values)
    if word == "!":
        return not values[0]
    if word not in OPERATORS or len(values) != 2:  # noqa: PLR2004 - two sides
        raise Business("Rule references invalid value.")
    return None not in values and OPERATORS[word](*values)


# pushing


def listen(state: State) -> None:
    """Push to subscribers after every commit of the state from now on."""

    def heard(commits: list[Commit]) -> None:
        if not any(commit.collection.startswith(PREFIX) for commit in commits):
            return
        for key, one in _stored(state).items():
            if "PUSH" in one["mode"] and one["uri"] and not one["inactive"]:
                posting.later(state, lambda key=key: push(state, key))  # type: ignore[misc] # the loop's value, not its last

    state.listeners.append(heard)


def push(state: State, key: str) -> None:
    """Everything that waits for one subscriber; the offset moves only when the other side took the page."""
    more = True
    while more:
        found = _stored(state)[key]
        results, more, last = changes(state, found, found["offset"], found["pageSize"])
        taken = all(
            posting.post(found["uri"], body, _headers(found["headers"])) for body in _bodies(state, key, results)
        )
        if not taken:
            return
        if last != found["offset"]:
            _keep(state, key, {**_stored(state)[key], "offset": last})


def _bodies(state: State, key: str, results: list[Row]) -> list[Any]:
    if not results:
        return []
    match CDC_PUSH_BODY.read(state):
        case "single":
            return list(results)
        case "envelope":
            return [{"subscriberID": key, "results": results}]
    return [results]


def _headers(text: str) -> dict[str, str]:
    """`webHookHeaders` as JSON or as `Name: value` lines."""
    if text.strip().startswith("{"):
        return {str(name): str(value) for name, value in decode(text).items()}
    pairs = (line.split(":", 1) for line in text.replace(";", "\n").splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


SUBSCRIBER = register(
    BusinessObject(
        "Ice.LIB.CdcSubscriberSvc",
        methods={
            "Register": _register,
            "Unregister": _unregister,
            "SubscriberUpdate": _subscriber_update,
            "RegenerateSecret": _regenerate,
            "RuleAdd": _rule_add,
            "RuleRemove": _rule_remove,
            "RulesList": _rules_list,
            "Pull": _pull,
            "GenerateSampleData": _sample,
        },
    ),
)
