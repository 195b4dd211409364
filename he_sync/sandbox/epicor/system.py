"""The server's own services: sessions, tokens and the tax connection's settings."""

from __future__ import annotations

from he_sync.sandbox.epicor import auth, sessions
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, register
from he_sync.sandbox.epicor.context import COMPANY, PLANT, Context
from he_sync.sandbox.epicor.errors import Business, Unauthenticated
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
TAX_CONNECT = register(BusinessObject("Erp.BO.TaxSvcConfigSvc", {"TaxSvcConfigs": "TaxSvcConfig"}, "TaxSvcConfig"))
