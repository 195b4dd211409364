"""`he-sync init DIR`: the folder of a new customer's installation, ready for its doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from he_sync.cli.init_files import SENDERS_DO_NOT_KNOW, write
from he_sync.cli.init_values import Values, checked
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer, load_retailer

ZONE, MONEY = "America/New_York", "USD"
GP, USER, ACCOUNT = "https://apis.globalpay.com/ucp", "he-sync", "he-sync"
Text = str | None


def init(  # noqa: PLR0913, PLR0917 - an option of the command line each
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; not there yet, or empty")],
    profile: Annotated[
        Path | None, typer.Option(help="A profile that is ready; else one to fill in is written")
    ] = None,
    name: Annotated[Text, typer.Option(help="The retailer's name")] = None,
    timezone: Annotated[Text, typer.Option(help=f"Business time zone; {ZONE}")] = None,
    currency: Annotated[Text, typer.Option(help=f"Three letters; {MONEY}")] = None,
    heartland_url: Annotated[Text, typer.Option(help="https://SUBDOMAIN.retail.heartland.us/api")] = None,
    gp_url: Annotated[Text, typer.Option(help=f"GP-API base; {GP}")] = None,
    gp_app_id: Annotated[Text, typer.Option(help="GP-API application id")] = None,
    epicor_url: Annotated[Text, typer.Option(help="https://HOST/INSTANCE")] = None,
    epicor_company: Annotated[Text, typer.Option(help="Epicor company")] = None,
    epicor_user: Annotated[Text, typer.Option(help=f"Epicor service user; {USER}")] = None,
    host: Annotated[str, typer.Option(help="Public name behind the proxy; can be set later")] = "",
    account: Annotated[str, typer.Option(help="System account that the services run as")] = ACCOUNT,
    resident: Annotated[
        bool,
        typer.Option("--resident", help="Runs on resident workers, on as many hosts as wanted: Postgres and Redis"),
    ] = False,
) -> None:
    """Write profile, settings, flows, Dagster's files, services and proxies; asks for what no option says."""
    ready = load_retailer(profile) if profile else None
    values = Values(
        directory=directory.absolute(),
        name=_from(ready, "name") or _asked("--name", name, "Name of the retailer"),
        timezone=_from(ready, "timezone") or _asked("--timezone", timezone, "Business time zone", ZONE),
        currency=_from(ready, "currency") or _asked("--currency", currency, "Currency", MONEY),
        heartland_url=_asked("--heartland-url", heartland_url, "Heartland's address, ending in /api"),
        gp_url=_asked("--gp-url", gp_url, "Address of GP-API", GP),
        gp_app_id=_asked("--gp-app-id", gp_app_id, "Application id at GP-API"),
        epicor_url=_asked("--epicor-url", epicor_url, "Epicor's address, with the instance"),
        company=ready.epicor.company if ready else _asked("--epicor-company", epicor_company, "Epicor company"),
        epicor_user=_asked("--epicor-user", epicor_user, "Epicor service user", USER),
        host=host,
        account=account,
        resident=resident,
    )
    write(checked(values), profile)
    typer.echo(f"{directory} is written; {SENDERS_DO_NOT_KNOW}")
    typer.echo(f"next: {directory / 'README.md'} says which secrets to put there, then `he-sync doctor`")


def _from(ready: Retailer | None, field: str) -> str:
    """What a ready profile says; "" without one."""
    return str(getattr(ready, field)) if ready else ""


def _asked(option: str, given: str | None, question: str, usual: str = "") -> str:
    """The option, else what a person types, else the usual. Raises FixInput where there is none of them."""
    if given is not None:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt(question, default=usual or None))
    if not usual:
        raise FixInput(f"{option} is missing and nobody is here to ask: {question.lower()}")
    return usual
