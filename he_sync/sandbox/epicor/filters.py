"""`$filter` as SQL over documents that leave defaults out.

A comparison of a column with a literal keeps the bare expression, so that an index serves it, and adds `IS NULL` where
the default itself satisfies it. Numbers travel as text and are cast in SQL: no float is made here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from he_sync.sandbox.epicor.catalog import EDM, Kind
from he_sync.sandbox.epicor.errors import BadQuery
from he_sync.sandbox.epicor.odata import Shape, default_of

# The package's lexer reads AllocatedQty as the word ALL and the rest: such names pass it behind an underscore.
MAX_DEPTH = 50  # SQLite and the parser give up later; the server has such a limit too, its number is ours
QUOTED = re.compile(r"'(?:[^']|'')*'")
WORDY = re.compile(r"'(?:[^']|'')*'|\b(?:any|all|true|false|null)\w+", re.IGNORECASE)
SIGNS = {ast.Eq: "=", ast.NotEq: "<>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
NAMES = {
    "=": "Equal",
    "<>": "NotEqual",
    "<": "LessThan",
    "<=": "LessThanOrEqual",
    ">": "GreaterThan",
    ">=": "GreaterThanOrEqual",
}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
LITERALS: dict[type, Kind] = {
    ast.String: "string",
    ast.Boolean: "boolean",
    ast.Integer: "int32",
    ast.Float: "decimal",
    ast.Date: "date",
    ast.DateTime: "date",
    ast.GUID: "guid",
}
NUMERIC = frozenset({"int32", "int64", "decimal"})
TEXT = {
    "contains": "instr({0}, {1}) > 0",
    "startswith": "substr({0}, 1, length({1})) = {1}",
    "endswith": "substr({0}, -length({1})) = {1}",
}
SHAPING: dict[str, tuple[str, Kind, Kind]] = {
    "tolower": ("lower({0})", "string", "string"),
    "toupper": ("upper({0})", "string", "string"),
    "trim": ("trim({0})", "string", "string"),
    "length": ("length({0})", "string", "int32"),
    "year": ("CAST(substr({0}, 1, 4) AS INTEGER)", "date", "int32"),
    "month": ("CAST(substr({0}, 6, 2) AS INTEGER)", "date", "int32"),
    "day": ("CAST(substr({0}, 9, 2) AS INTEGER)", "date", "int32"),
}


def condition(text: str, of: Shape) -> tuple[str, list[Any]]:
    """SQL condition and parameters of a `$filter`; empty for an empty one. Raises BadQuery."""
    if not text:
        return "", []
    compiler = Compiler(of)
    return compiler.truth(_parse(text)), compiler.params


def _parse(text: str) -> Any:
    if _depth(text) > MAX_DEPTH:
        raise BadQuery(f"The recursion limit of '{MAX_DEPTH}' has been exceeded in the $filter expression.")
    marked = WORDY.sub(lambda found: found[0] if found[0].startswith("'") else f"_{found[0]}", text)
    try:
        return ODataParser().parse(ODataLexer().tokenize(marked))
    except ODataException as error:
        raise BadQuery(f"Syntax error in '{text}'.") from error


def _depth(text: str) -> int:
    """How deep brackets go outside of texts, and how many `not` there are: each is a level of the expression."""
    bare = QUOTED.sub("", text)
    level = deepest = 0
    for sign in re.findall(r"[()]", bare):
        level += 1 if sign == "(" else -1
        deepest = max(deepest, level)
    return deepest + len(re.findall(r"\bnot\b", bare))


class Compiler:
    """One filter on its way to SQL; `params` fill in the order of the text."""

    def __init__(self, of: Shape) -> None:
        self.of = of
        self.params: list[Any] = []

    def truth(self, node: Any) -> str:
        """SQL of a node that is true or false."""
        match node:
            case ast.BoolOp():
                return self._chain(node)
            case ast.UnaryOp(op=ast.Not()):
                return f"NOT coalesce({self.truth(node.operand)}, 0)"
            case ast.Compare(comparator=ast.In()):
                return self._among(node)
            case ast.Compare():
                return self._compare(SIGNS[type(node.comparator)], node.left, node.right)
            case ast.Call() if node.func.name.lower() in TEXT:
                return self._text(node)
            case ast.Identifier() | ast.Boolean():
                return self._compare("=", node, ast.Boolean("true"))
            case ast.CollectionLambda():
                word = type(node.operator).__name__.lower()
                raise BadQuery(f"The query option '{word}' is not supported.")
        raise BadQuery("The $filter expression must evaluate to a single boolean value.")

    def _chain(self, node: ast.BoolOp) -> str:
        """A chain of one operator is walked in a loop: a filter of hundreds of `or` must not run out of stack."""
        parts, word = [], " AND " if isinstance(node.op, ast.And) else " OR "
        current: Any = node
        while isinstance(current, ast.BoolOp) and current.op == node.op:
            parts.append(current.right)
            current = current.left
        return "(" + word.join(self.truth(part) for part in [current, *reversed(parts)]) + ")"

    def _compare(self, sign: str, left: Any, right: Any) -> str:
        if not isinstance(left, ast.Identifier) and isinstance(right, ast.Identifier):
            return self._compare(MIRROR.get(sign, sign), right, left)
        if isinstance(left, ast.Call) and left.func.name.lower() in TEXT and isinstance(right, ast.Boolean):
            return f"({self._text(left)}) {sign} {int(right.py_val)}"
        kind = self._kind(left)
        if isinstance(right, ast.Null):
            return self._null(sign, left, kind)
        self._fit(kind, self._kind(right), sign)
        if isinstance(left, ast.Identifier) and type(right) in LITERALS:
            return self._column(sign, left, kind, right)
        return f"{self._value(left)} {sign} {self._value(right)}"

    def _column(self, sign: str, left: ast.Identifier, kind: Kind, right: Any) -> str:
        column, value = self.of.sql(self._name(left)[0]), literal(right)
        sql = f"{column} {sign} {self._bind(value)}"
        default = default_of(kind)
        fits = sign == "<>" if default is None else COMPARE[sign](default, value)
        return f"({sql} OR {column} IS NULL)" if fits else sql

    def _among(self, node: ast.Compare) -> str:
        kind = self._kind(node.left)
        if not isinstance(node.left, ast.Identifier) or not isinstance(node.right, ast.List):
            raise BadQuery("The 'in' operator wants a property and a list.")
        for one in node.right.val:
            self._fit(kind, self._kind(one), "=")
        column, values = self.of.sql(self._name(node.left)[0]), [literal(one) for one in node.right.val]
        sql = f"{column} IN ({', '.join(self._bind(value) for value in values)})"
        return f"({sql} OR {column} IS NULL)" if default_of(kind) in values else sql

    def _null(self, sign: str, left: Any, kind: Kind) -> str:
        """Only dates can be null: every other column has a default."""
        if sign not in {"=", "<>"}:
            return "0"
        if kind != "date":
            return "0" if sign == "=" else "1"
        return f"{self._value(left)} IS {'NOT ' if sign == '<>' else ''}NULL"

    def _text(self, node: ast.Call) -> str:
        subject, part = node.args
        self._fit("string", self._kind(subject), "=")
        self._fit("string", self._kind(part), "=")
        if not isinstance(part, ast.String):
            raise BadQuery(f"The second argument of '{node.func.name}' must be a text.")
        sql, word = self._value(subject), node.func.name.lower()
        marks = [self._bind(part.val) for _ in range(TEXT[word].count("{1}"))]
        return "(" + TEXT[word].replace("{1}", marks[0]).replace("{0}", sql) + ")"

    def _kind(self, node: Any) -> Kind:
        if isinstance(node, ast.Identifier):
            return self._name(node)[1]
        if isinstance(node, ast.Call):
            return self._function(node)[2]
        if type(node) not in LITERALS:
            raise BadQuery("The $filter expression holds an operator that is not supported.")
        return LITERALS[type(node)]

    def _function(self, node: ast.Call) -> tuple[str, Kind, Kind]:
        name = node.func.name.lower()
        if name not in SHAPING:
            raise BadQuery(f"An unknown function with name '{node.func.name}' was found.")
        return SHAPING[name]

    def _value(self, node: Any) -> str:
        if isinstance(node, ast.Identifier):
            column, kind = self._name(node)
            default = default_of(kind)
            sql = self.of.sql(column)
            return sql if default is None else f"coalesce({sql}, {_constant(default)})"
        if isinstance(node, ast.Call):
            return self._function(node)[0].replace("{0}", self._value(node.args[0]))
        return self._bind(literal(node))

    def _name(self, node: ast.Identifier) -> tuple[str, Kind]:
        return self.of.find(".".join([*node.namespace, node.name]).removeprefix("_"))

    def _fit(self, left: Kind, right: Kind, sign: str) -> None:
        if left != right and not {left, right} <= NUMERIC:
            raise BadQuery(
                "A binary operator with incompatible types was detected. "
                f"Found operand types '{EDM[left]}' and '{EDM[right]}' for operator kind '{NAMES[sign]}'.",
            )

    def _bind(self, value: Any) -> str:
        exact = isinstance(value, Decimal)
        self.params.append(str(value) if exact else int(value) if isinstance(value, bool) else value)
        return "CAST(? AS REAL)" if exact else "?"


def _constant(default: Any) -> str:
    return "'" + default + "'" if isinstance(default, str) else str(int(default))


def literal(node: Any) -> Any:
    """A literal's value as documents hold it: dates as text without offset, decimals exact."""
    match node:
        case ast.Float():
            return Decimal(node.val)
        case ast.Integer():
            return _whole(node.val)
        case ast.Boolean():
            return node.py_val
        case ast.GUID():
            return node.val.lower()
        case ast.Date() | ast.DateTime():
            return (node.val + "T00:00:00")[:19] if "T" not in node.val else _moment(node.val)
    return node.val


def _whole(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise BadQuery(f"The value '{text}' is not a valid 'Edm.Int64'.")
    return number


def _moment(text: str) -> str:
    bare = re.sub(r"(?:Z|[+-]\d\d:\d\d)$", "", text)[:19]
    return bare if bare.count(":") == 2 else f"{bare}:00"  # noqa: PLR2004 - hours, minutes, seconds
