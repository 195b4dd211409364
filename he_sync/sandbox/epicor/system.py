"""The server's own services: sessions, tokens, API keys and the tax connection's settings."""

from __future__ import annotations

from he_sync.sandbox.epicor import auth, sessions
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, register
from he_sync.sandbox.epicor.context import COMPANY, PLANT, Context
from he_sync.sandbox.epicor.errors import Business, NotFound, Unauthenticated
from he_sync.sandbox.epicor.rows import Row


def _session(ctx: Context) -> str:
    return sessions.named(ctx.call) if ctx.call else ""


def _login(ctx: Context, _: Row) -> Row:
    return answer(sessions.open_session(ctx.state, ctx.user, ctx.company, ctx.plant))


def _logout(ctx: Context, _: Row) -> Row:
    sessions.close(ctx.state, _session(ctx))
    return {}


def _is_valid(ctx: Context, args: Row) -> Row:
    return answer(sessions.is_valid(ctx.state, str(argument(args, "sessionID")), str(argument(args, "userID", ""))))


def _set_company(ctx: Context, args: Row) -> Row:
    company = str(argument(args, "newCompany"))
    if company != COMPANY:
        raise Business("Company references invalid value.")
    _remember(ctx, company=company)
    return answer(companyName=company, siteID=PLANT, siteName="Main site")


def _set_plant(ctx: Context, args: Row) -> Row:
    plant = str(argument(args, "newSite"))
    if plant != PLANT:
        raise Business("Site references invalid value.")
    _remember(ctx, plant=plant)
    return answer(siteName="Main site")


def _remember(ctx: Context, **values: str) -> None:
    if key := _session(ctx):
        sessions.change(ctx.state, key, **values)


def _delete_session(ctx: Context, args: Row) -> Row:
    sessions.close(ctx.state, str(argument(args, "sessionID")))
    return {}


def _access_token(ctx: Context, args: Row) -> Row:
    """A confidential client here is a user with its password as the secret."""
    name = str(argument(args, "clientId"))
    if auth.USERS.get(name) != argument(args, "clientSecret"):
        raise Unauthenticated("Invalid client.")
    return answer({"TokenService": [auth.issued(ctx.state, name)]})


def _token_valid(ctx: Context, args: Row) -> Row:
    return answer(auth.valid(ctx.state, str(argument(args, "token"))), validTillUtc="")


def _key_row(name: str, key: auth.Key) -> Row:
    """A key as it is shown: its own text never again, only its first letters."""
    scope = "" if key.services is None else key.name
    return {
        "Company": COMPANY,
        "KeyID": key.name,
        "Name": key.name,
        "PrefixKey": name[:8],
        "Enabled": True,
        "AccessScopeID": scope,
        "AllCompanies": False,
    }


def _keys(_: Context, args: Row) -> Row:
    del args
    return answer({"APIKey": [_key_row(*pair) for pair in auth.KEYS.items()]}, morePages=False)


def _key(_: Context, args: Row) -> Row:
    asked = argument(args, "keyID")
    found = [_key_row(*pair) for pair in auth.KEYS.items() if pair[1].name == asked]
    if not found:
        raise NotFound("Record not found.", table="APIKey", method="GetByID")
    return answer({"APIKey": found})


SESSION_MOD = register(
    BusinessObject(
        "Ice.LIB.SessionModSvc",
        methods={
            "Login": _login,
            "Logout": _logout,
            "IsValidSession": _is_valid,
            "SetCompany": _set_company,
            "SetPlant": _set_plant,
        },
    ),
)
ADMIN_SESSION = register(BusinessObject("Ice.BO.AdminSessionSvc", methods={"DeleteSessionByID": _delete_session}))
TOKENS = register(
    BusinessObject(
        "Ice.LIB.TokenServiceSvc",
        methods={
            "GetAccessToken": _access_token,
            "IsTokenValid": _token_valid,
            "IsTokenAuthenticationEnabled": lambda _ctx, _args: answer(True),
        },
    ),
)
API_KEYS = register(BusinessObject("Ice.BO.APIKeySvc", methods={"GetRows": _keys, "GetList": _keys, "GetByID": _key}))
TAX_CONNECT = register(BusinessObject("Erp.BO.TaxSvcConfigSvc", {"TaxSvcConfigs": "TaxSvcConfig"}, "TaxSvcConfig"))
