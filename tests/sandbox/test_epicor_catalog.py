"""The field catalogue of the Epicor stand-in names every table we serve with the keys and kinds of the live service."""

from __future__ import annotations

import pytest

from he_sync.sandbox.epicor import catalog

KEYS = {
    "OrderHed": "Company OrderNum",
    "OrderDtl": "Company OrderNum OrderLine",
    "OrderRel": "Company OrderNum OrderLine OrderRelNum",
    "OHOrderMsc": "Company OrderNum OrderLine SeqNum",
    "OrderMsc": "Company OrderNum OrderLine SeqNum",
    "HedTaxSum": "Company HedNum TaxCode RateCode",
    "Customer": "Company CustNum",
    "ShipTo": "Company CustNum ShipToNum",
    "CustCnt": "Company CustNum ShipToNum ConNum",
    "Part": "Company PartNum",
    "PartPlant": "Company PartNum Plant",
    "PartWhse": "Company PartNum Plant WarehouseCode",
    "PartUOM": "Company PartNum UOMCode",
    "PartBin": "Company PartNum WarehouseCode BinNum LotNum",
    "PartTran": "Company SysDate SysTime TranNum",
    "JobHead": "Company JobNum",
    "ShipHead": "Company PackNum",
    "ShipDtl": "Company PackNum PackLine",
    "CashGrp": "Company GroupID",
    "CashHead": "Company GroupID HeadNum",
    "CashDtl": "Company GroupID HeadNum InvoiceNum InvoiceRef",
    "BankTran": "Company BankAcctID TranNum Voided",
    "BankAcct": "Company BankAcctID",
    "InvcHead": "Company InvoiceNum",
    "InvcDtl": "Company InvoiceNum InvoiceLine",
    "InvcMisc": "Company InvoiceNum InvoiceLine SeqNum",
    "InvcTax": "Company InvoiceNum InvoiceLine TaxCode RateCode ECAcquisitionSeq",
    "RMAHead": "Company RMANum",
    "RMADtl": "Company RMANum RMALine",
    "RMARcpt": "Company RMANum RMALine RMAReceipt",
    "APInvHed": "Company VendorNum InvoiceNum",
    "APInvDtl": "Company VendorNum InvoiceNum InvoiceLine",
    "APInvExp": "Company VendorNum InvoiceNum InvoiceLine InvExpSeq",
    "GLJrnGrp": "Company GroupID",
    "GLJrnHed": "Company BookID FiscalYear FiscalYearSuffix JournalCode JournalNum FiscalCalendarID",
    "GLJrnDtlMnl": "Company BookID FiscalYear FiscalYearSuffix JournalCode JournalNum JournalLine FiscalCalendarID",
    "GLJrnDtl": "Company BookID FiscalYear FiscalYearSuffix JournalCode JournalNum JournalLine",
    "GLAccount": "Company COACode GLAccount",
    "COASegValues": "Company COACode SegmentNbr SegmentCode",
    "UD01": "Company Key1 Key2 Key3 Key4 Key5",
    "Reason": "Company ReasonType ReasonCode",
    "Warehse": "Company WarehouseCode",
}


@pytest.mark.parametrize("name", KEYS)
def test_every_table_of_the_agreement_exists_with_its_keys(name: str) -> None:
    assert catalog.table(name).keys == tuple(KEYS[name].split())


@pytest.mark.parametrize("name", catalog.names())
def test_keys_parent_and_calculated_columns_are_columns_of_the_table(name: str) -> None:
    table = catalog.table(name)
    assert {*table.keys, *table.parent_columns, *table.calculated} <= set(table.columns)


@pytest.mark.parametrize("name", catalog.names())
def test_a_column_has_one_kind_and_a_line_fits_the_page(name: str) -> None:
    text = (catalog.FOLDER / f"{name}.txt").read_text()
    listed = text.partition("\nstring:")[2].split()
    columns = [word for word in listed if not word.endswith(":")]
    assert len(columns) == len(set(columns))
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("OrderHed", "OrderDate", "date"),
        ("OrderHed", "OrderAmt", "decimal"),
        ("OrderHed", "ChangeTime", "int32"),
        ("OrderHed", "RepSplit1", "int32"),
        ("OrderHed", "RepRate1", "decimal"),
        ("OrderHed", "CreditOverrideTime", "string"),
        ("OrderDtl", "OrderLine", "int32"),
        ("OrderDtl", "SysRevID", "int64"),
        ("OrderDtl", "SysRowID", "guid"),
        ("Part", "ChangedOn", "date"),
        ("PartWhse", "OnHandQty", "decimal"),
        ("JobHead", "JobCompletionDate", "date"),
        ("JobHead", "StartHour", "decimal"),
        ("APInvHed", "InvoiceNum", "string"),
        ("GLJrnDtl", "DebitAmount", "decimal"),
        ("BankTran", "Voided", "boolean"),
    ],
)
def test_a_column_has_the_kind_that_live_metadata_shows(name: str, column: str, kind: str) -> None:
    assert catalog.table(name).columns[column] == kind


def test_names_that_differ_per_business_object_differ_here_too() -> None:
    assert "Zip" in catalog.table("Customer").columns
    assert "ZIP" in catalog.table("ShipTo").columns
    assert "ChangeDate" not in catalog.table("Part").columns
    assert "InActive" in catalog.table("Part").columns
    assert "JobCompleted" not in catalog.table("JobHead").columns
    assert catalog.table("GLAccount").odata_names == {"GLAccount": "GLAccount1"}


def test_a_key_joins_the_key_values_with_company_first() -> None:
    line = {"Company": "EPIC06", "OrderNum": 5001, "OrderLine": 1, "PartNum": "BOOT"}
    assert catalog.table("OrderDtl").key_of(line) == "EPIC06~5001~1"
    assert catalog.table("OrderDtl").parent_key_of(line) == "EPIC06~5001"
    assert catalog.table("OrderHed").parent_key_of(line) is None


def test_a_parent_is_found_where_the_child_calls_the_key_differently() -> None:
    summary = {"Company": "EPIC06", "HedNum": 5001, "TaxCode": "T", "RateCode": "S"}
    assert catalog.table("HedTaxSum").parent_key_of(summary) == "EPIC06~5001"


def test_a_boolean_key_reads_as_on_the_wire() -> None:
    bank = {"Company": "EPIC06", "BankAcctID": "S001", "TranNum": 7, "Voided": False}
    assert catalog.table("BankTran").key_of(bank) == "EPIC06~S001~7~false"


def test_defaults_are_a_fresh_row_each_time() -> None:
    first = catalog.table("OrderHed").defaults()
    first["PONum"] = "HR-T1"
    again = catalog.table("OrderHed").defaults()
    assert (again["PONum"], again["OrderNum"], again["OpenOrder"], again["OrderDate"]) == ("", 0, False, None)


def test_an_unknown_table_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="SalesOrderDtl"):
        catalog.table("SalesOrderDtl")
