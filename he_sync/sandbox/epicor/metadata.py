"""$metadata of a service from the catalogue: OData 4 CSDL as XML or as JSON, and the service document.

Only keys are not nullable; nothing has a length. In JSON a property without `$Type` is a string.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from xml.sax.saxutils import quoteattr

from he_sync.sandbox.epicor import catalog
from he_sync.sandbox.epicor.bo import REGISTRY, BusinessObject
from he_sync.sandbox.epicor.catalog import EDM, Table
from he_sync.sandbox.epicor.sets import namespace

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
SCHEMA = "http://docs.oasis-open.org/odata/ns/edm"


def service_document(bo: BusinessObject) -> dict[str, Any]:
    """The sets of a service."""
    return {"value": [{"name": name, "kind": "EntitySet", "url": name} for name in bo.sets]}


def _columns(table: Table) -> list[tuple[str, str, bool]]:
    """Property, EDM type, whether it is a key."""
    names = table.odata_names
    return [(names.get(column, column), EDM[kind], column in table.keys) for column, kind in table.columns.items()]


@cache
def xml(service: str) -> str:
    """CSDL as XML of a registered service (lower-case name)."""
    bo = REGISTRY[service]
    types = "".join(_xml_type(bo, name) for name in dict.fromkeys(bo.sets.values()))
    sets = "".join(_xml_set(bo, name, table) for name, table in bo.sets.items())
    return (
        f'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="{EDMX}"><edmx:DataServices>'
        f'<Schema Namespace="{namespace(bo)}" xmlns="{SCHEMA}">{types}</Schema>'
        f'<Schema Namespace="Default" xmlns="{SCHEMA}"><EntityContainer Name="Container">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _xml_type(bo: BusinessObject, name: str) -> str:
    table = catalog.table(name)
    keys = "".join(f"<PropertyRef Name={quoteattr(column)}/>" for column in _keys(table))
    required = {True: ' Nullable="false"', False: ""}
    properties = "".join(
        f"<Property Name={quoteattr(column)} Type={quoteattr(kind)}{required[key]}/>"
        for column, kind, key in _columns(table)
    )
    navs = "".join(
        f'<NavigationProperty Name={quoteattr(nav)} Type="Collection({namespace(bo)}.{child})"/>'
        for nav, child in bo.children_of(name).items()
    )
    return f"<EntityType Name={quoteattr(name)}><Key>{keys}</Key>{properties}{navs}</EntityType>"


def _xml_set(bo: BusinessObject, name: str, table: str) -> str:
    bindings = "".join(
        f"<NavigationPropertyBinding Path={quoteattr(nav)} Target={quoteattr(nav)}/>" for nav in bo.children_of(table)
    )
    return f'<EntitySet Name={quoteattr(name)} EntityType="{namespace(bo)}.{table}">{bindings}</EntitySet>'


def _keys(table: Table) -> list[str]:
    return [table.odata_names.get(column, column) for column in table.keys]


@cache
def json(service: str) -> dict[str, Any]:
    """CSDL as JSON of a registered service (lower-case name)."""
    bo = REGISTRY[service]
    container: dict[str, Any] = {"$Kind": "EntityContainer"}
    for name, table in bo.sets.items():
        navs = bo.children_of(table)
        bound = {"$NavigationPropertyBinding": {nav: nav for nav in navs}} if navs else {}
        container[name] = {"$Collection": True, "$Type": f"{namespace(bo)}.{table}", **bound}
    types = {name: _json_type(bo, name) for name in dict.fromkeys(bo.sets.values())}
    return {
        "$Version": "4.0",
        "$EntityContainer": "Default.Container",
        namespace(bo): types,
        "Default": {"Container": container},
    }


def _json_type(bo: BusinessObject, name: str) -> dict[str, Any]:
    table = catalog.table(name)
    described: dict[str, Any] = {"$Kind": "EntityType", "$Key": _keys(table)}
    for column, kind, key in _columns(table):
        typed = {} if kind == "Edm.String" else {"$Type": kind}
        described[column] = typed if key else {**typed, "$Nullable": True}
    for nav, child in bo.children_of(name).items():
        described[nav] = {"$Kind": "NavigationProperty", "$Collection": True, "$Type": f"{namespace(bo)}.{child}"}
    return described
