"""Portico's envelope: a request read from SOAP with DTDs refused, an answer written as SOAP."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from xml.parsers import expat

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
POS = "http://Hps.Exchange.PosGateway"
LARGEST = 1024 * 1024
DEEPEST = 50
Tree = str | Sequence[tuple[str, "Tree"]]
"""Text, or child elements by name in order; names may repeat."""

ET.register_namespace("soap", SOAP)


@dataclass(frozen=True)
class Asked:
    """One request: its header fields, the transaction's name and that element's fields by path (Criteria/BatchId)."""

    header: dict[str, str]
    name: str
    fields: dict[str, str]


def _refuse_dtd(body: bytes) -> None:
    if len(body) > LARGEST:
        raise ValueError("the envelope is too large")
    parser = expat.ParserCreate()

    def stop(*_: object) -> None:
        raise ValueError("a document type declaration is refused")

    depth = 0

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ValueError("the envelope is nested too deep")

    def leave(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = stop
    parser.StartElementHandler, parser.EndElementHandler = enter, leave
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError) as error:
        raise ValueError(f"not XML: {error}") from None


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _flat(element: ET.Element, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for child in element:
        found[prefix + _local(child)] = (child.text or "").strip()
        found |= _flat(child, f"{prefix}{_local(child)}/")
    return found


def read(body: bytes) -> Asked:
    """A PosRequest. Raises ValueError for anything else."""
    _refuse_dtd(body)
    root = ET.fromstring(body)  # noqa: S314 - no DTD, so no entities
    version = root.find(f"{{{SOAP}}}Body/{{{POS}}}PosRequest/{{{POS}}}Ver1.0")
    if version is None:
        raise ValueError("there is no PosRequest/Ver1.0")
    header, transaction = version.find(f"{{{POS}}}Header"), version.find(f"{{{POS}}}Transaction")
    if header is None or transaction is None or len(transaction) != 1:
        raise ValueError("a request has one Header and one Transaction with one element")
    return Asked(_flat(header), _local(transaction[0]), _flat(transaction[0]))


def _grow(parent: ET.Element, tree: Tree) -> None:
    if isinstance(tree, str):
        parent.text = tree
        return
    for name, branch in tree:
        _grow(ET.SubElement(parent, f"{{{POS}}}{name}"), branch)


def write(header: Tree, transaction: Tree | None) -> bytes:
    """A PosResponse envelope; without a transaction for a refused request."""
    root = ET.Element(f"{{{SOAP}}}Envelope")
    version = ET.SubElement(
        ET.SubElement(ET.SubElement(root, f"{{{SOAP}}}Body"), f"{{{POS}}}PosResponse"), f"{{{POS}}}Ver1.0"
    )
    _grow(ET.SubElement(version, f"{{{POS}}}Header"), header)
    if transaction is not None:
        _grow(ET.SubElement(version, f"{{{POS}}}Transaction"), transaction)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
