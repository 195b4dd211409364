"""What he-sync needs of each system, as the doctor's probes: rights, places and codes of the retailer's profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from he_sync.connect.doctor import Probe, reached
from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_query import HEADER_SETS, equals
from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.processor import ProcessorClient
from he_sync.model.errors import FixSettings, NotAllowed, NotFound
from he_sync.model.retailer import Retailer

HEARTLAND, PROCESSOR, EPICOR = "heartland", "processor", "epicor"
HEARTLAND_READS = ("sales/tickets", "sales/orders", "customers", "items", "payments", "inventory/transactions")
HEARTLAND_WRITES = ("inventory/adjustment_sets", "customers")
EPICOR_READS = (
    "Erp.BO.SalesOrderSvc",
    "Erp.BO.CustomerSvc",
    "Erp.BO.PartSvc",
    "Erp.BO.PartTranSvc",
    "Erp.BO.GLJrnDtlSvc",
    "Erp.BO.BankAcctSvc",
)
QUERIES = {  # by name, with parameters that no row meets
    "HeSync_OrderJobs": {"FromOrder": "0", "ToOrder": "0"},
    "HeSync_OrderPacks": {"FromOrder": "0", "ToOrder": "0"},
    "HeSync_BankLines": {"FromDate": "1900-01-01", "ToDate": "1900-01-01"},
}
PERIODS = ("HeSync_Periods", {"FromDate": "2000-01-01"})
"""What the close asks before it proposes a journal; where others post the ledger, the nights do without."""
NOBODY: dict[str, dict[str, Any]] = {  # keys that no row has, so that an empty PATCH can change nothing
    "Erp.BO.SalesOrderSvc": {"OrderNum": 0},
    "Erp.BO.CustomerSvc": {"CustNum": 0},
}


def heartland_probes(client: HeartlandClient, retailer: Retailer) -> list[Probe]:
    """Address and token, reading and writing rights, locations, payment types and the adjustment reason."""
    locations = [store.location_id for store in retailer.stores]
    tenders = [tender.payment_type for tender in retailer.tenders]
    reason = f"reason_codes/inventory_adjustment_reasons/{retailer.heartland_adjustment_reason_id}"
    return [
        Probe(HEARTLAND, "connection", partial(reached, client.check), gate=True),
        *(Probe(HEARTLAND, f"read {path}", partial(_counted, client.count, path)) for path in HEARTLAND_READS),
        *(Probe(HEARTLAND, f"write {path}", partial(_allowed, client.may_write, path)) for path in HEARTLAND_WRITES),
        Probe(HEARTLAND, "locations", partial(_listed, client, "locations", "id", locations)),
        Probe(HEARTLAND, "payment types", partial(_listed, client, "payment_types", "name", tenders)),
        Probe(HEARTLAND, "adjustment reason", partial(_there, partial(client.get, reason), reason)),
    ]


def processor_probes(client: ProcessorClient) -> list[Probe]:
    """Address, application and the account's reporting rights."""
    return [Probe(PROCESSOR, "connection and reporting rights", partial(_passed, client.check), gate=True)]


def epicor_probes(client: EpicorClient, retailer: Retailer) -> list[Probe]:
    """Address, user and key, company and plant, reading and writing rights, and the codes of the profile.

    An unknown plant in a call is not an error to Kinetic, so it is looked up.
    """
    ours = retailer.epicor
    warehouses = sorted({store.warehouse for store in retailer.stores})
    banks = sorted({store.bank_account for store in retailer.stores if store.bank_account})
    reason = {"reasonType": "M", "reasonCode": ours.adjust_reason}
    return [
        Probe(EPICOR, "connection and company", partial(reached, client.check), gate=True),
        *(_row(client, "plant", "Erp.BO.PlantSvc", {"plant": plant}) for plant in [ours.plant]),
        *(Probe(EPICOR, f"read {one}", partial(_counted, client.count, one, HEADER_SETS[one])) for one in EPICOR_READS),
        *(
            Probe(EPICOR, f"write {one}", partial(_allowed, client.may_write, one, HEADER_SETS[one], key))
            for one, key in NOBODY.items()
        ),
        *(Probe(EPICOR, f"query {one}", partial(_query, client, one, asked)) for one, asked in QUERIES.items()),
        Probe(EPICOR, f"query {PERIODS[0]}", partial(_query, client, *PERIODS), advice=ours.ledger == "payments"),
        Probe(EPICOR, "walk-in customer", partial(_customer, client, ours.walk_in_customer)),
        *(_row(client, f"warehouse {one}", "Erp.BO.WarehseSvc", {"warehouseCode": one}) for one in warehouses),
        *(_row(client, f"bank account {one}", "Erp.BO.BankAcctSvc", {"bankAcctID": one}) for one in banks),
        _row(client, "adjustment reason", "Erp.BO.ReasonSvc", reason),
    ]


def _row(client: EpicorClient, what: str, service: str, key: Mapping[str, str]) -> Probe:
    name = f"{' '.join(key.values())} in {service}"
    return Probe(EPICOR, what, partial(_there, partial(client.call, service, "GetByID", dict(key)), name))


def _passed(check: Callable[[], None]) -> str:
    check()
    return "allowed"


def _counted(count: Callable[..., int], *place: str) -> str:
    return f"{count(*place):,} rows"


def _allowed(may_write: Callable[..., bool], *place: Any) -> str:
    if not may_write(*place):
        raise NotAllowed(f"no right to change {place[0]}; grant it to the user, or differences there stay open")
    return "allowed"


def _there(read: Callable[[], Any], name: str) -> str:
    """It exists. Raises FixSettings where it does not."""
    try:
        read()
    except NotFound:
        raise FixSettings(f"{name} does not exist; create it or correct the profile") from None
    return "exists"


def _listed(client: HeartlandClient, path: str, column: str, wanted: Sequence[Any]) -> str:
    """All of them are in a collection. Raises FixSettings naming those that are not."""
    there = {row.get(column) for row in client.list_all(path)}
    if missing := [str(one) for one in wanted if one not in there]:
        raise FixSettings(f"{path} {', '.join(missing)} do not exist; create them or correct the profile")
    return f"all {len(wanted)} exist"


def _query(client: EpicorClient, name: str, asked: Mapping[str, str]) -> str:
    try:
        client.baq_count(name, asked)
    except NotFound:
        raise FixSettings(f"query {name} does not exist; import it as docs/operations.md says") from None
    return "exists"


def _customer(client: EpicorClient, customer: str) -> str:
    if not client.count("Erp.BO.CustomerSvc", "Customers", equals("CustID", customer)):
        raise FixSettings(f"customer {customer} does not exist; create it or correct the profile")
    return "exists"
