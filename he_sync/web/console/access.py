"""Who may what: each route of the console with the roles that may use it, and each deed of a form with its own.

A route that is not here is not served: the console does not start, and says which line is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope

from he_sync.model.errors import BrokenPromise, FixInput, NotAllowed
from he_sync.web.console.roles import EVERY, Role, Roles, in_words

OPERATORS: Roles = frozenset({Role.OPERATOR})
PREPARERS: Roles = frozenset({Role.PREPARER})
APPROVERS: Roles = frozenset({Role.APPROVER})
AUTHORS: Roles = frozenset({Role.RULE_AUTHOR})
AUDITORS: Roles = frozenset({Role.AUDITOR})
ADMINS: Roles = frozenset({Role.ADMIN})


@dataclass(frozen=True)
class Rule:
    """Who may use a route. `deeds` are the values of a form's `do` where they differ; `open` is for strangers, too."""

    method: str
    path: str
    roles: Roles
    deeds: Mapping[str, Roles] = field(default_factory=dict)
    open: bool = False


def reads(path: str, roles: Roles = EVERY) -> Rule:
    """A page."""
    return Rule("GET", path, roles)


def does(path: str, roles: Roles = frozenset(), **deeds: Roles) -> Rule:
    """A form that one kind of person sends, or whose `do` says what for; a `do` that is not named does not exist."""
    return Rule("POST", path, roles.union(*deeds.values()), deeds)


RULES: tuple[Rule, ...] = (
    Rule("GET", "/healthz", frozenset(), open=True),
    Rule("GET", "/metrics", frozenset(), open=True),  # it asks for a token of its own
    Rule("GET", "/static", frozenset(), open=True),
    Rule("GET", "/sign-in", EVERY, open=True),
    Rule("POST", "/sign-in", EVERY, open=True),
    Rule("GET", "/sign-in/provider", EVERY, open=True),
    Rule("GET", "/sign-in/callback", EVERY, open=True),
    does("/sign-out", EVERY),
    reads("/"),
    reads("/events"),
    reads("/record"),
    reads("/records/{entity:path}"),
    reads("/letters"),
    reads("/letters/{number:int}"),
    does("/letters", OPERATORS),
    reads("/approvals"),
    does("/approvals", approve=APPROVERS, release=OPERATORS, withdraw=OPERATORS),
    reads("/reviews"),
    does("/reviews", OPERATORS),
    reads("/conflicts"),
    does("/conflicts", OPERATORS),
    reads("/anomalies"),
    does("/anomalies", OPERATORS),
    does("/anomalies/mutes", OPERATORS),
    reads("/stock"),
    reads("/close"),
    reads("/close/{day}"),
    reads("/close/{day}/expectations/{path:path}"),
    reads("/close/{day}/books"),
    reads("/close/{day}/ledger"),
    does(
        "/close/{day}/books",
        look=OPERATORS | PREPARERS | APPROVERS,
        propose=PREPARERS,
        approve=APPROVERS,
        post=PREPARERS | APPROVERS,
        sign=APPROVERS,
        reopen=APPROVERS,
    ),
    reads("/exceptions"),
    reads("/exceptions.csv"),
    reads("/exceptions/{id}"),
    does(
        "/exceptions",
        take=OPERATORS | PREPARERS | APPROVERS,
        wait=OPERATORS | PREPARERS | APPROVERS,
        explain=APPROVERS,
        write_off=APPROVERS,
        put_back=OPERATORS | PREPARERS | APPROVERS,
    ),
    reads("/back-fills"),
    does("/back-fills", PREPARERS),
    reads("/back-fills/{name}"),
    does("/back-fills/{name}", look=PREPARERS, again=PREPARERS, approve=APPROVERS, cancel=PREPARERS | APPROVERS),
    reads("/rules"),
    does("/rules", AUTHORS),
    reads("/rules/{name}"),
    does("/rules/{name}", again=AUTHORS, approve=APPROVERS, cancel=AUTHORS | APPROVERS),
    reads("/packs"),
    does("/packs", PREPARERS | APPROVERS | AUDITORS),
    reads("/packs/{name}"),
    reads("/packs/{name}/{file}"),
    reads("/connections"),
    does("/connections", OPERATORS | ADMINS),
    reads("/audit"),
    does("/audit", AUDITORS | ADMINS),
    reads("/mappings"),
    does("/mappings", AUTHORS),
    reads("/mappings/{name}"),
    does("/mappings/{name}", AUTHORS),
    reads("/mappings/{name}/changes"),
    does("/mappings/{name}/changes", ask=AUTHORS, approve=APPROVERS, withdraw=AUTHORS | APPROVERS),
    reads("/mappings/{name}/versions"),
    does("/mappings/{name}/versions", AUTHORS),
    reads("/mappings/{name}/yaml"),
    does("/mappings/{name}/yaml", AUTHORS),
    reads("/mappings/{name}/tests"),
    does("/mappings/{name}/tests", AUTHORS),
    reads("/mappings/{name}/fields/{target}"),
    does("/mappings/{name}/fields/{target}", AUTHORS),
    reads("/flows"),
    does("/flows", AUTHORS),
    reads("/flows/{name}"),
    does("/flows/{name}", AUTHORS),
    reads("/flows/{name}/changes"),
    does("/flows/{name}/changes", ask=AUTHORS, approve=APPROVERS, withdraw=AUTHORS | APPROVERS),
    reads("/flows/{name}/versions"),
    does("/flows/{name}/versions", AUTHORS),
    reads("/flows/{name}/yaml"),
    does("/flows/{name}/yaml", AUTHORS),
)


class Access:
    """The rules of the routes that are served."""

    def __init__(self, routes: Sequence[BaseRoute], rules: Iterable[Rule] = RULES) -> None:
        """Raises BrokenPromise for a route that has no rule, with the line that is missing."""
        self.routes = tuple(routes)
        self._rules = {(rule.method, rule.path): rule for rule in rules}
        for method, path in served(self.routes):
            if (method, path) not in self._rules:
                line = f'{"reads" if method == "GET" else "does"}("{path}", ...)'
                raise BrokenPromise(
                    f"{method} {path} has no roles: add {line} to RULES in he_sync/web/console/access.py, "
                    "and say there who may use it"
                )

    def rule_of(self, scope: Scope) -> Rule | None:
        """The rule of a request, by the route that answers it; None where no route does."""
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        for route in self.routes:
            if route.matches(scope)[0] is Match.FULL:
                return self._rules.get((method, path_of(route)))
        return None

    def may(self, roles: Roles, path: str, do: str = "") -> bool:
        """Whether a page shows the form of a path, or one button of it, to a person of these roles."""
        rule = self._rules[("POST", path)]
        return bool(roles & (rule.deeds.get(do, frozenset()) if do else rule.roles))


def served(routes: Iterable[BaseRoute]) -> list[tuple[str, str]]:
    """Every (method, path) that these routes answer; HEAD goes with GET."""
    found = [(method, path_of(route)) for route in routes for method in _methods(route)]
    return sorted((method, path) for method, path in found if method != "HEAD")


def path_of(route: BaseRoute) -> str:
    """The path of a route as it is written. Raises BrokenPromise for a kind of route that the console has not."""
    if not isinstance(route, Route | Mount):
        raise BrokenPromise(f"{route!r} is no page: the console serves Route and Mount only")
    return route.path


def _methods(route: BaseRoute) -> set[str]:
    """Of a route; a folder is read. Raises BrokenPromise for a route that leaves its methods open."""
    if isinstance(route, Mount):
        return {"GET"}
    if not isinstance(route, Route) or not route.methods:
        raise BrokenPromise(f"{path_of(route)} takes every method; say which")
    return set(route.methods)


def matrix() -> str:
    """Every closed route and deed by the roles that may use it, as a table for an auditor."""
    found = [("| page or form | deed | " + " | ".join(Role) + " |"), "|---" * (2 + len(Role)) + "|"]
    for rule in (rule for rule in RULES if not rule.open):
        for do, roles in (rule.deeds or {"": rule.roles}).items():
            marks = " | ".join("x" if role in roles else "" for role in Role)
            found.append(f"| {rule.method} `{rule.path}` | {do} | {marks} |")
    return "\n".join(found)


def require(rule: Rule, roles: Roles, who: str) -> None:
    """Raises NotAllowed for a person without a role of the route."""
    if not roles & rule.roles:
        raise NotAllowed(f"{who} is {in_words(roles) or 'without a role'} here; this takes {in_words(rule.roles)}")


def require_deed(rule: Rule, roles: Roles, who: str, do: str) -> None:
    """Raises NotAllowed for a deed that takes another role, FixInput for one that the form has not."""
    if not rule.deeds:
        return
    if do not in rule.deeds:
        raise FixInput(f"choose {', '.join(rule.deeds)}")
    require(Rule(rule.method, rule.path, rule.deeds[do]), roles, who)
