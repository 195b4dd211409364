"""A text as a syntax tree, within the bounds. Nothing is run, nothing is looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp, parse_one
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from he_sync.mapping.expressions.bounds import (
    DEEPEST,
    LONGEST_EXPRESSION,
    LONGEST_LITERAL,
    MOST_LITERAL_DIGITS,
    MOST_NODES,
    MOST_TOKENS,
    MOST_WORK,
)
from he_sync.mapping.expressions.wrong import WrongExpression

OPEN = {TokenType.L_PAREN, TokenType.CASE}
SHUT = {TokenType.R_PAREN, TokenType.END}
SIGNS = {TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE}
NO_PLACE = {
    TokenType.SEMICOLON: "one expression, without a semicolon",
    TokenType.SELECT: "an expression computes from one record; there is no SELECT",
    TokenType.PARAMETER: 'put a name with @ into double quotes, as "custom@season"',
    TokenType.PLACEHOLDER: "there are no parameters",
    TokenType.L_BRACKET: "there are no lists here; `lines` with `take` looks at lines",
    TokenType.L_BRACE: "there are no templates here; write the field's bare name",
    TokenType.HEREDOC_STRING: "write texts in single quotes",
    TokenType.BYTE_STRING: "write texts in plain single quotes",
    TokenType.HEX_STRING: "write texts in plain single quotes",
    TokenType.BIT_STRING: "write texts in plain single quotes",
    TokenType.NATIONAL_STRING: "write texts in plain single quotes",
    TokenType.UNICODE_STRING: "write texts in plain single quotes",
}
TIMES: dict[type[exp.Expr], int] = {
    exp.Div: 6,
    exp.Cast: 5,
    exp.And: 2,
    exp.Or: 2,
    exp.In: 2,
    exp.Between: 2,
    exp.Nullif: 2,
    exp.DPipe: 2,
    exp.Concat: 2,
}
"""How often what is computed names an argument, where it is more than once; of CASE it is each way and two more."""
UNSEEN = re.compile(r"[^\S\n\r\t ]|[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
DIALECT = Postgres()


def parsed(text: str) -> exp.Expr:
    """The tree of an expression. Raises WrongExpression with its place."""
    if len(text) > LONGEST_EXPRESSION:
        raise WrongExpression(f"is {len(text):,} characters long, the most is {LONGEST_EXPRESSION:,}")
    if not text.strip():
        raise WrongExpression("is empty")
    if unseen := UNSEEN.search(text):
        raise WrongExpression(f"holds the unseen character U+{ord(unseen[0]):04X}", unseen.start())
    _bounded(_tokens(text))
    try:
        tree = parse_one(text, into=exp.Condition, dialect=DIALECT)
    except SqlglotError as error:
        raise _said(text, error) from None
    except RecursionError:
        raise WrongExpression("is nested too deep") from None
    _small(tree)
    return tree


def place_of(node: exp.Expr) -> int:
    """Where a node stands in its text: of an operator, where its first name or value stands."""
    return min((one.meta["start"] for one in node.walk() if "start" in one.meta), default=0)


def _tokens(text: str) -> list[Token]:
    try:
        return list(DIALECT.tokenize(text))
    except TokenError:
        at = max(text.rfind("'"), text.rfind('"'), text.rfind("/*"), 0)
        raise WrongExpression("a quotation mark or a comment is not closed", at) from None


def _bounded(tokens: list[Token]) -> None:
    if len(tokens) > MOST_TOKENS:
        raise WrongExpression(f"has {len(tokens)} parts, the most is {MOST_TOKENS}", tokens[MOST_TOKENS].start)
    deep = signs = 0
    for token in tokens:
        kind = token.token_type
        deep += (kind in OPEN) - (kind in SHUT)
        signs = signs + 1 if kind in SIGNS else 0
        if deep > DEEPEST or signs > DEEPEST:
            raise WrongExpression(f"is nested deeper than {DEEPEST}", token.start)
        if kind in NO_PLACE:
            raise WrongExpression(NO_PLACE[kind], token.start)
        if kind is TokenType.STRING and len(token.text) > LONGEST_LITERAL:
            raise WrongExpression(f"a text has at most {LONGEST_LITERAL} characters", token.start)
        if kind is TokenType.NUMBER and not _plain(token.text):
            raise WrongExpression(
                f"write numbers as digits with a point, at most {MOST_LITERAL_DIGITS} of them", token.start
            )


def _plain(text: str) -> bool:
    return len(text) <= MOST_LITERAL_DIGITS + 1 and text.replace(".", "", 1).isdecimal() and text.isascii()


def _small(tree: exp.Expr) -> None:
    for number, (node, deep) in enumerate(_walked(tree)):
        if number > MOST_NODES:
            raise WrongExpression(f"has more than {MOST_NODES} parts", place_of(node))
        if deep > 2 * DEEPEST:
            raise WrongExpression("is nested too deep", place_of(node))
    if work(tree) > MOST_WORK:
        raise WrongExpression("is too much work: functions within functions; split it over steps or fields")


def work(node: exp.Expr) -> int:
    """How many nodes what is computed has at most."""
    times = len(node.args["ifs"]) + 2 if isinstance(node, exp.Case) else 3 if isinstance(node, exp.If) else 1
    return 1 + max(times, TIMES.get(type(node), 1)) * sum(map(work, node.iter_expressions()))


def _walked(tree: exp.Expr) -> Iterator[tuple[exp.Expr, int]]:
    """Every node with its depth. A chain of one operator (a || b || c) nests to the left and counts as one level."""
    stack = [(tree, 0)]
    while stack:
        node, deep = stack.pop()
        yield node, deep
        stack += [(below, deep + (type(below) is not type(node))) for below in node.iter_expressions()]


def _said(text: str, error: SqlglotError) -> WrongExpression:
    told = getattr(error, "errors", None) or [{}]
    first = told[0]
    column = max(int(first.get("col") or 1) - 1, 0)
    mark = str(first.get("highlight") or "")
    lines = text.split("\n")
    line = min(int(first.get("line") or 1), len(lines)) - 1
    start = max(column - max(len(mark) - 1, 0), 0)
    what = f"cannot be read at {mark!r}" if mark else "cannot be read"
    return WrongExpression(
        f"{what}; a name that is a word of SQL goes into double quotes",
        sum(len(one) + 1 for one in lines[:line]) + start,
    )
