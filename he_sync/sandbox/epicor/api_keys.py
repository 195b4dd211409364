"""Ice.BO.APIKeySvc: keys are made, scoped, ended; the text of one is shown once, when its hash is made."""

from __future__ import annotations

import secrets

from he_sync.sandbox.epicor import auth, rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, register
from he_sync.sandbox.epicor.checks import internal, required
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.errors import Business, NotFound
from he_sync.sandbox.epicor.rows import Hooks, Row

KEY = "APIKey"


def check_key(ctx: Context, row: Row, before: Row | None) -> None:
    """A key has a name and a known scope; its hash is the server's."""
    required(KEY, row, KeyID="Key ID")
    if row["AccessScopeID"] and row["AccessScopeID"] not in auth.SCOPES:
        raise Business("Access Scope references invalid value.", table=KEY, field="AccessScopeID")
    if ctx.call is not None:
        row.update({column: before[column] if before else "" for column in ("PrefixKey", "HashKey")})


def create_hash(ctx: Context, args: Row) -> Row:
    """CreateNewHashKey(company, keyID) -> the key's new text, this once; the one before it is good no more."""
    found = rows.read(ctx, KEY, str(argument(args, "keyID")))
    if found is None:
        raise NotFound("Record not found.", table=KEY, method="CreateNewHashKey")
    plain = secrets.token_urlsafe(30)
    rows.update(internal(ctx), KEY, found, auth.kept(plain))
    return answer(plain)


def validate(ctx: Context, args: Row) -> Row:
    """ValidateAPIPlainTextKey(plainTextkey) -> whether a call with it would pass."""
    return answer(auth.key_row(ctx.state, str(argument(args, "plainTextkey"))) is not None)


API_KEYS = register(
    BusinessObject(
        "Ice.BO.APIKeySvc",
        {"APIKeys": KEY},
        KEY,
        hooks={KEY: Hooks(new=lambda _ctx, row: row.update(Enabled=True), before_write=check_key)},
        methods={"CreateNewHashKey": create_hash, "ValidateAPIPlainTextKey": validate},
    ),
)
