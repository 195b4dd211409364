"""Access tokens: issued against a hashed secret, kept in the state, expiring by the sandbox's clock."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.processor.problems import Problem, body_of, missing, stamp, unexpected

TABLE = "processor/tokens"
SHORTEST, LONGEST = 60, 604_800
DEFAULT_SECONDS = 86_399
INTERVALS = {
    "WEEK": 604_800,
    "DAY": 86_400,
    "12_HOURS": 43_200,
    "6_HOURS": 21_600,
    "3_HOURS": 10_800,
    "1_HOUR": 3_600,
    "30_MINUTES": 1_800,
    "10_MINUTES": 600,
    "5_MINUTES": 300,
}
PERMISSION = re.compile(r"[A-Z]{3}_(GET|POST|PUT|PATCH|DELETE)_\w+")
PREFIXES = {"transactions": "TRN", "settlement": "SET", "disputes": "DIS", "batches": "BAT", "actions": "ACT"}
"""Permission prefix by the first part of the address; only TRN is known from a source, the others are our choice."""


@dataclass(frozen=True)
class App:
    """One registered application and the accounts its tokens reach."""

    key: str
    name: str
    accounts: dict[str, str]


APPS = {
    "sandbox-app": App(
        "sandbox-app-key",
        "he-sync sandbox",
        {
            "DAA_sandbox": "settlement_reporting",
            "TRA_sandbox": "transaction_processing",
            "DIA_sandbox": "dispute_management",
        },
    ),
    "sandbox-sales-app": App("sandbox-sales-key", "sales only", {"TRA_sandbox": "transaction_processing"}),
}


def secret(nonce: str, app_key: str) -> str:
    """What proves the app key: lowercase hex SHA-512 of nonce and key."""
    return hashlib.sha512((nonce + app_key).encode()).hexdigest()


def issue(call: Call) -> Answer:
    """POST /accesstoken."""
    body = body_of(call)
    app_id = _credentials(body)
    seconds = _seconds(body)
    permissions = _permissions(body)
    token, now = secrets.token_urlsafe(21), call.state.now()
    held = {
        "app_id": app_id,
        "expires": (now + timedelta(seconds=seconds)).isoformat(),
        "permissions": permissions,
    }
    call.state.load(TABLE, [(token, None, held)])
    return Answer(200, _response(token, app_id, seconds, now))


def _response(token: str, app_id: str, seconds: int, now: datetime) -> dict[str, Any]:
    app = APPS[app_id]
    accounts = [{"id": key, "name": name} for key, name in app.accounts.items()]
    return {
        "token": token,
        "type": "Bearer",
        "scope": {"merchant_id": "MER_sandbox", "merchant_name": "Sandbox Merchant", "accounts": accounts},
        "app_id": app_id,
        "app_name": app.name,
        "time_created": stamp(now),
        "seconds_to_expire": seconds,
        "email": "sandbox@example.com",
    }


def _credentials(body: dict[str, Any]) -> str:
    for name in ("app_id", "nonce", "secret", "grant_type"):
        if not body.get(name):
            raise missing(name)
    if body["grant_type"] != "client_credentials":
        raise unexpected("grant_type")
    app_id, nonce, given = (str(body[name]) for name in ("app_id", "nonce", "secret"))
    if app_id not in APPS:
        raise Problem("ACTION_NOT_AUTHORIZED", "40004", "App credentials not recognized")
    if not hmac.compare_digest(given.encode(), secret(nonce, APPS[app_id].key).encode()):
        raise Problem("ACTION_NOT_AUTHORIZED", "40004", "Credentials not recognized to create access token.")
    return app_id


def _seconds(body: dict[str, Any]) -> int:
    if (interval := body.get("interval_to_expire")) is not None:
        if not isinstance(interval, str) or interval not in INTERVALS:
            raise unexpected("interval_to_expire")
        return INTERVALS[interval]
    text = str(body.get("seconds_to_expire", DEFAULT_SECONDS))
    if not re.fullmatch("[0-9]{1,9}", text) or not SHORTEST <= int(text) <= LONGEST:
        raise unexpected("seconds_to_expire")
    return int(text)


def _permissions(body: dict[str, Any]) -> list[str]:
    given = body.get("permissions") or []
    if not isinstance(given, list):
        raise unexpected("permissions")
    asked = [str(name) for name in given]
    if wrong := [name for name in asked if not PERMISSION.fullmatch(name)]:
        message = f"Invalid permissions [ {','.join(wrong)} ] provided in the input field - permissions"
        raise Problem("INVALID_REQUEST_DATA", "40119", message)
    return asked


def admit(call: Call) -> None:
    """Refuse a call whose token is unknown or expired, lacks the permission, or does not reach the account it names."""
    app, permissions = _holder(call)
    parts = call.url.removeprefix("/ucp/").split("/")
    wanted = f"{PREFIXES.get(parts[0], '')}_{call.method.replace('HEAD', 'GET')}_"
    if permissions and not any(name.startswith(wanted) for name in permissions):
        raise Problem("ACTION_NOT_AUTHORIZED", "40212", "Permission not enabled to execute action")
    asked = call.params()
    check_account(app, asked.get("account_id", ""), asked.get("account_name", ""))
    if parts[0] == "settlement" and not any(key.startswith("DAA_") for key in app.accounts):
        check_account(app, "DAA_")


def check_account(app: App, account_id: str, account_name: str = "") -> None:
    """Refuse an account that the token does not reach."""
    if (account_id and account_id not in app.accounts) or (account_name and account_name not in app.accounts.values()):
        message = "Token does not match account_id or account_name in the request"
        raise Problem("ACTION_NOT_AUTHORIZED", "40003", message)


def app_of(call: Call) -> tuple[str, App]:
    """Id and record of the application behind an admitted call."""
    held = call.state.get(TABLE, _bearer(call)) or {}
    return held["app_id"], APPS[held["app_id"]]


def _bearer(call: Call) -> str:
    kind, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _holder(call: Call) -> tuple[App, list[str]]:
    held = call.state.get(TABLE, _bearer(call))
    expired = call.fault is not None and call.fault.name == "expired_token"
    if held is None or expired or call.state.now() >= datetime.fromisoformat(held["expires"]):
        raise Problem("NOT_AUTHENTICATED", "40001", "Invalid access token")
    return APPS[held["app_id"]], held["permissions"]
