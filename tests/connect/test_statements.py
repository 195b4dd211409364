"""Statement files of four formats give the same lines, exact and signed; a file that is not whole gives none."""

from datetime import date

import pytest

from he_sync.connect.statements.read import read
from he_sync.connect.statements.table import Layout
from he_sync.model.errors import FixInput

BAI2 = """01,BANK,SHOP,250212,0600,1,80,,2/
02,SHOP,BANK,1,250211,2359,USD,2/
03,000123,USD,010,100000,,,015,397100,,/
16,165,292300,S,0,292300,0,B1,C1,MERCHANT BANKCD DEP 30000002
88,AND MORE
16,301,50000,0,B2,,BRANCH CASH DEP 1/
16,475,45200,V,250212,,B3,,CHECK 7/
16,890,,,,,NOTE TO READERS/
49,884600,7/
98,884600,1,9/
99,884600,1,11/
"""
CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><Othr><Id>000123</Id></Othr></Id><Ccy>USD</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">3971.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Ntry><Amt Ccy="USD">2923.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><ValDt><Dt>2025-02-11</Dt></ValDt>
<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>MERCHANT BANKCD DEP 30000002</Ustrd></RmtInf></TxDtls>
<TxDtls><RmtInf><Ustrd>AND MORE</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="USD">77.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts><ValDt><Dt>2025-02-13</Dt></ValDt></Ntry>
<Ntry><Amt Ccy="USD">500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2025-02-11</Dt></BookgDt>
<AcctSvcrRef>B2</AcctSvcrRef><AddtlNtryInf>BRANCH CASH DEP 1</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="USD">452</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><ValDt><DtTm>2025-02-12T08:00:00Z</DtTm></ValDt>
<AcctSvcrRef>B3</AcctSvcrRef><AddtlNtryInf>CHECK 7</AddtlNtryInf></Ntry>
</Stmt></BkToCstmrStmt></Document>
"""
OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD
<BANKACCTFROM><BANKID>021<ACCTID>000123<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20250211<DTEND>20250212
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20250211120000[-5:EST]<TRNAMT>2923.00<FITID>B1<NAME>MERCHANT BANKCD DEP 30000002
<MEMO>AND MORE</STMTTRN>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20250211<TRNAMT>+500<FITID>B2<NAME>BRANCH CASH DEP 1</STMTTRN>
<STMTTRN><TRNTYPE>CHECK<DTPOSTED>20250212<TRNAMT>-452,00<FITID>B3<NAME>CHECK 7</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>3971.00<DTASOF>20250212</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
CSV = """account,value_date,amount,memo,reference
000123,2025-02-11,2923.00,MERCHANT BANKCD DEP 30000002 AND MORE,B1
000123,2025-02-11,500,BRANCH CASH DEP 1,B2
000123,2025-02-12,-452.0,CHECK 7,B3
"""
FORMATS = {"bai2": BAI2, "camt": CAMT, "ofx": OFX, "csv": CSV}
LINES = [
    ("000123", "USD", date(2025, 2, 11), 292300, "MERCHANT BANKCD DEP 30000002 AND MORE", "B1"),
    ("000123", "USD", date(2025, 2, 11), 50000, "BRANCH CASH DEP 1", "B2"),
    ("000123", "USD", date(2025, 2, 12), -45200, "CHECK 7", "B3"),
]


def lines(tmp_path, text, layout=None):
    path = tmp_path / "statement"
    path.write_text(text)
    return [
        (one.account, one.currency, one.value_date, one.amount_minor, one.memo, one.reference)
        for one in read(path, layout)
    ]


def refusal(tmp_path, text, layout=None):
    with pytest.raises(FixInput) as refused:
        lines(tmp_path, text, layout)
    [line] = str(refused.value).splitlines()
    assert line.startswith("statement: ")
    return line.removeprefix("statement: ")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_told_by_its_content_and_gives_the_same_lines(tmp_path, form):
    assert lines(tmp_path, FORMATS[form]) == LINES


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_is_cut_anywhere_gives_no_lines_at_all(tmp_path, form):
    """In a CSV a cut between two rows leaves a whole file; every other cut, in every format, is seen."""
    text = FORMATS[form]
    ends = {len(text.rstrip()) + extra for extra in (0, 1)} if form != "csv" else set()
    for place in range(1, len(text)):
        if place in ends or (form == "csv" and text[place - 1] == "\n"):
            continue
        refusal(tmp_path, text[:place])


CHANGES = [
    ("bai2", "292300,S", "29230.0,S", "line 4: '29230.0' is not a whole number of minor units"),
    ("bai2", "16,301,50000", "16,301,50001", "line 9: control total is 884600 and the file has 884601"),
    ("bai2", "16,301,50000", "16,750,50000", "line 6: type code '750' is neither a credit nor a debit"),
    ("bai2", "250211,2359", "251311,2359", "line 2: date '251311' is not of the form %y%m%d"),
    ("bai2", "98,884600,1,9", "98,884600,2,9", "line 10: number of parts is 2 and the file has 1"),
    ("bai2", "02,SHOP", "03,SHOP", "line 2: an account outside of a group"),
    ("bai2", "49,884600,7/\n", "", "line 9: a group's trailer without a group, or with an account still open"),
    ("camt", "2923.00", "2923.005", "entry 1: 2923.005 USD is not a whole number of minor units"),
    ("camt", "2923.00", "2.923e3", "entry 1: amount '2.923e3' is not a decimal number"),
    (
        "camt",
        ">452<",
        ">453<",
        "entry 4: the closing balance is 3,971.00, and opening balance and entries make 3,970.00",
    ),
    ("camt", "<CdtDbtInd>DBIT", "<CdtDbtInd>DEBIT", "entry 4: CdtDbtInd is 'DEBIT', not CRDT or DBIT"),
    ("camt", "2025-02-11</Dt></ValDt>", "2025-02-31</Dt></ValDt>", "entry 1: date '2025-02-31' is not of the form"),
    ("camt", '<Amt Ccy="USD">500', "<Amt>500", "entry 3: no Amt with a currency, Ccy"),
    ("camt", "BkToCstmrStmt", "BkToCstmrAcctRpt", "row 1: no statement BkToCstmrStmt/Stmt"),
    ("ofx", "<TRNAMT>+500", "<TRNAMT>5OO", "line 11: amount '5OO' is not a decimal number"),
    ("ofx", "<FITID>B2", "<FITID>B1", "line 11: FITID B1 is there already, on line 9"),
    ("ofx", "<FITID>B2", "", "line 11: a transaction without FITID"),
    ("ofx", "<CURDEF>USD", "", "line 9: a transaction without an account (ACCTID) or a currency (CURDEF)"),
    ("ofx", "<CURDEF>USD", "<CURDEF>XXX", "line 9: currency 'XXX' has no known minor unit"),
    ("csv", ",500,", ",500.001,", "line 3: 500.001 USD is not a whole number of minor units"),
    ("csv", ",500,", ",$500,", "line 3: amount '$500' is not a decimal number"),
    ("csv", "2025-02-12", "12/02/2025", "line 4: date '12/02/2025' is not of the form %Y-%m-%d"),
    ("csv", ",B2", "", "line 3: has more or fewer fields than there are column names"),
    ("csv", "value_date", "booked", "column value_date is missing; it has account, booked"),
]


@pytest.mark.parametrize(("form", "old", "new", "say"), CHANGES)
def test_what_is_wrong_is_named_with_its_place(tmp_path, form, old, new, say):
    assert old in FORMATS[form]
    assert refusal(tmp_path, FORMATS[form].replace(old, new)).startswith(say)


def test_no_entity_of_an_xml_file_is_expanded(tmp_path):
    bomb = CAMT.replace("<Document", '<!DOCTYPE x [<!ENTITY a "b">]>\n<Document', 1)
    assert "no whole XML file" in refusal(tmp_path, bomb)


def test_a_banks_own_columns_dates_and_decimal_comma_are_a_layout(tmp_path):
    text = "Konto;Datum;Soll;Haben;Text\n7;11.02.2025;;2923,00;DEPOSIT\n7;12.02.2025;452,50;;FEE\n"
    layout = Layout(
        account="Konto",
        value_date="Datum",
        amount="Haben",
        debit="Soll",
        memo="Text",
        date_form="%d.%m.%Y",
        decimal=",",
        delimiter=";",
    )
    assert [(one[3], one[4]) for one in lines(tmp_path, text, layout)] == [(292300, "DEPOSIT"), (-45250, "FEE")]
    assert "needs an amount in Haben or in Soll" in refusal(
        tmp_path, text.replace(";;2923,00", ";1,00;2923,00"), layout
    )


def test_amounts_without_cents_keep_their_currencys_minor_unit(tmp_path):
    yen = (
        CSV.replace("2923.00", "2923")
        .replace("-452.0", "-452")
        .replace("account,", "account,currency,")
        .replace("000123,", "000123,JPY,")
    )
    assert [one[3] for one in lines(tmp_path, yen)] == [2923, 500, -452]
