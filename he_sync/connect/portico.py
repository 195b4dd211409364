"""Portico, the Heartland gateway over SOAP: closing the open batch and the activity report. Amounts are in dollars."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from xml.parsers import expat

from he_sync.connect.auth import fixed
from he_sync.connect.complaints import plain
from he_sync.connect.exchange import Complaint, Exchange
from he_sync.connect.retry import Patience
from he_sync.connect.throttle import Throttle
from he_sync.connect.wire import Request, Send
from he_sync.model.errors import BadRecord, BrokenPromise, FixSettings, LookUpFirst, Refused

SYSTEM = "portico"
PATH = "/Hps.Exchange.PosGateway/PosGatewayService.asmx"
SOAP, POS = "http://schemas.xmlsoap.org/soap/envelope/", "http://Hps.Exchange.PosGateway"
DONE = frozenset(("0", "00", "10", "85"))
WRONG_CREDENTIALS, NO_OPEN_BATCH = "-2", "5"
IN_DOUBT = frozenset(("1", "30"))  # a system error or the host's silence: a close may have gone through
ROWS = "Details"


@dataclass(frozen=True)
class ClosedBatch:
    """What a close answered. `total` is in dollars, refunds subtracted."""

    batch_id: str
    sequence: str
    transactions: int
    total: Decimal


class PorticoClient:
    """The gateway with one secret API key."""

    def __init__(
        self,
        base_url: str,
        secret_api_key: str,
        send: Send,
        throttle: Throttle | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        self._url, self._key = base_url.rstrip("/") + PATH, secret_api_key
        self._exchange = Exchange(
            SYSTEM,
            send,
            fixed(content_type="text/xml; charset=utf-8", accept="text/xml"),
            lambda response: Complaint(plain(response.body)),
            throttle=throttle,
            patience=patience or Patience(),
        )

    def close_batch(self) -> ClosedBatch | None:
        """Close the open batch; None when none is open. Sent once.

        Raises:
            LookUpFirst: the outcome is unknown; find the batch in the reports before closing again.
            FixSettings: the key is not accepted.
        """
        response = self._exchange.once(self._request("BatchClose", {}, idempotent=False))
        try:
            code, message, found = self._read(response.body)
        except BrokenPromise as error:
            raise LookUpFirst(f"{error}; the close may have gone through, look for the batch first") from error
        if code == NO_OPEN_BATCH:
            return None
        if code in IN_DOUBT or (code in DONE and found is None):
            raise LookUpFirst(f"{SYSTEM}: BatchClose answered {code}: {message}; look for the batch first")
        self._accept("BatchClose", code, message)
        fields = _fields(found)
        try:
            count, total = int(fields["TxnCnt"]), Decimal(fields["TotalAmt"])
        except (KeyError, ValueError, InvalidOperation):
            raise LookUpFirst(f"{SYSTEM}: the batch is closed, but its answer names no count and total") from None
        return ClosedBatch(fields.get("BatchId", ""), fields.get("BatchSeqNbr", ""), count, total)

    def activity(self, start: datetime, end: datetime) -> list[dict[str, str]]:
        """Transactions from `start` (included) to `end` (not), as rows of the gateway's own fields.

        Ask for a day at a time: the gateway's largest report is not documented. Raises BadRecord for a time without a
        zone, FixSettings, Refused, TryLater.
        """
        asked = {"RptStartUtcDT": _utc(start), "RptEndUtcDT": _utc(end), "TzConversion": "UTC"}
        response = self._exchange.read(self._request("ReportActivity", asked, idempotent=True))
        code, message, found = self._read(response.body)
        self._accept("ReportActivity", code, message)
        return [_fields(row) for row in (found if found is not None else ()) if row.tag == f"{{{POS}}}{ROWS}"]

    def _request(self, operation: str, fields: dict[str, str], *, idempotent: bool) -> Request:
        root = ET.Element(f"{{{SOAP}}}Envelope")
        request = ET.SubElement(ET.SubElement(root, f"{{{SOAP}}}Body"), f"{{{POS}}}PosRequest")
        version = ET.SubElement(request, f"{{{POS}}}Ver1.0")
        ET.SubElement(ET.SubElement(version, f"{{{POS}}}Header"), f"{{{POS}}}SecretAPIKey").text = self._key
        asked = ET.SubElement(ET.SubElement(version, f"{{{POS}}}Transaction"), f"{{{POS}}}{operation}")
        for name, value in fields.items():
            ET.SubElement(asked, f"{{{POS}}}{name}").text = value
        return Request("POST", self._url, body=ET.tostring(root, encoding="utf-8"), idempotent=idempotent)

    @staticmethod
    def _accept(operation: str, code: str, message: str) -> None:
        if code == WRONG_CREDENTIALS:
            raise FixSettings(f"{SYSTEM}: {message}; check HE_PORTICO_KEY")
        if code not in DONE:
            raise Refused(f"{SYSTEM}: {operation} answered {code}: {message}", kind=code)

    @staticmethod
    def _read(body: bytes) -> tuple[str, str, ET.Element | None]:
        """Gateway code, its text, and the operation's element where there is one."""
        version = _parse(body).find(f"{{{SOAP}}}Body/{{{POS}}}PosResponse/{{{POS}}}Ver1.0")
        if version is None:
            raise BrokenPromise(f"{SYSTEM}: the answer is no PosResponse")
        code = version.findtext(f"{{{POS}}}Header/{{{POS}}}GatewayRspCode", "")
        message = version.findtext(f"{{{POS}}}Header/{{{POS}}}GatewayRspMsg", "")
        return code.strip(), " ".join(message.split()), version.find(f"{{{POS}}}Transaction/*")


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise BadRecord(f"{moment} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _fields(row: ET.Element | None) -> dict[str, str]:
    return {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in (row if row is not None else ())}


def _parse(body: bytes) -> ET.Element:
    """XML without a document type declaration, so that no entity can grow it or reach out."""

    def stop(*_: object) -> None:
        raise BrokenPromise(f"{SYSTEM}: the answer declares a document type, which is refused")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = stop
    try:
        parser.Parse(body, True)
        return ET.fromstring(body)  # noqa: S314 - no document type, so no entities
    except (expat.ExpatError, ET.ParseError) as error:
        raise BrokenPromise(f"{SYSTEM}: the answer is not XML ({error})") from None
