"""Set-up tables that a client checks before it writes: reasons, warehouses and bins, plants, the company, suppliers."""

from __future__ import annotations

from he_sync.sandbox.epicor import rows
from he_sync.sandbox.epicor.bo import BusinessObject, answer, argument, register
from he_sync.sandbox.epicor.context import Context
from he_sync.sandbox.epicor.rows import Hooks, Row


def get_all_plants(ctx: Context, _args: Row) -> Row:
    """() -> every plant of the company."""
    return answer({"PlantList": rows.find(ctx, "Plant", Company=ctx.company)})


def is_authorized_for_plant(ctx: Context, args: Row) -> Row:
    """(plantID) -> whether the user may work in it; here: whether it exists."""
    return answer(isValid=rows.read(ctx, "Plant", argument(args, "plantID")) is not None)


REASON = register(BusinessObject("Erp.BO.ReasonSvc", sets={"Reasons": "Reason"}, root="Reason"))
WAREHSE = register(BusinessObject("Erp.BO.WarehseSvc", sets={"Warehses": "Warehse"}, root="Warehse"))
WHSE_BIN = register(BusinessObject("Erp.BO.WhseBinSvc", sets={"WhseBins": "WhseBin"}, root="WhseBin"))
PLANT = register(
    BusinessObject(
        "Erp.BO.PlantSvc",
        sets={"Plants": "Plant"},
        root="Plant",
        methods={"GetAllPlants": get_all_plants, "IsAuthorizedForPlant": is_authorized_for_plant},
    )
)
COMPANY = register(BusinessObject("Erp.BO.CompanySvc", sets={"Companies": "Company"}, root="Company"))
ICE_COMPANY = register(BusinessObject("Ice.BO.CompanySvc", sets={"Companies": "Company"}, root="Company"))
VENDOR = register(
    BusinessObject(
        "Erp.BO.VendorSvc", sets={"Vendors": "Vendor"}, root="Vendor", hooks={"Vendor": Hooks(numbers=("VendorNum", 1))}
    )
)
