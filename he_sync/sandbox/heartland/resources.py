"""The resource map: one row per path with its fields, and nothing about behaviour.

A dot in a path is a sub-resource (`sales/tickets.lines` is served under `sales/tickets/{id}/lines`, rows have the
owner as parent). A field ending in `?` is a truth value whose written name has no `?`. Fields not listed cannot be
filtered, sorted or written. Names follow the reference; those it does not know (transfers, taxes set-up) are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Include:
    """What `_include[]=name` embeds: `one` by a field's id, `children` by parent, `by` rows whose field is our id."""

    name: str
    how: Literal["one", "children", "by", "computed"]
    path: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One path of the API."""

    path: str
    fields: tuple[str, ...]
    methods: str = "GET POST PUT"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()
    indexes: tuple[str, ...] = ()
    table: str = ""
    scope: str = ""
    custom_group: str = ""

    @property
    def store(self) -> str:
        """The state's table."""
        return f"heartland/{self.table or self.path}"

    def name(self, written: str) -> str:
        """The stored name of a field as a client may write it (`active` is `active?`)."""
        return f"{written}?" if f"{written}?" in self.fields else written

    def include(self, name: str) -> Include | None:
        """The embed of that name."""
        return next((include for include in self.includes if include.name == name), None)


STAMPS = ("created_at", "updated_at")
CUSTOMER = Include("customer", "one", "customers", ("customer_id",))
LOCATION = Include("location", "one", "locations", ("location_id",))
SOURCE = Include("location", "one", "locations", ("source_location_id",))
SOURCE_LOCATION = Include("source_location", "one", "locations", ("source_location_id",))
STATION = Include("station", "one", "stations", ("station_id",))
ITEM = Include("item", "one", "items", ("item_id",))
VENDOR = Include("vendor", "one", "purchasing/vendors", ("vendor_id",))
PAYMENT_TYPE = Include("payment_type", "one", "payment_types", ("payment_type_id",))
PAYMENTS = Include("payments", "children", "payments")
COMPUTED = tuple(Include(name, "computed") for name in ("subtotal", "tax_total", "total_tax"))


def _lines(path: str) -> Include:
    return Include("lines", "children", f"{path}.lines")


def _resource(path: str, fields: str, **facts: Any) -> Resource:
    for name in ("required", "search", "blocked", "indexes"):
        facts[name] = tuple(str(facts.get(name, "")).split())
    return Resource(path, ("id", *fields.split(), *STAMPS), **facts)


ITEM_FIELDS = """public_id uuid type product_type description long_description cost price original_price active?
 track_inventory? allow_fractional_qty? available_online? prompt_for_price? prompt_for_description? use_dynamic_margin?
 dynamic_margin has_images? primary_image_id primary_barcode primary_vendor_id grid_id default_lookup_id
 default_price_list_id financial_class_id import_batch_id import_set_id sort_key weight weight_unit width width_unit
 height height_unit depth depth_unit add_on_for_items_matching_filter? add_on_item_filter metadata metadata_private
 created_by_user_id updated_by_user_id custom"""

CUSTOMER_FIELDS = """public_id uuid first_name last_name name email phone_number active? promotional_emails?
 promotional_messages? loyalty_points_balance loyalty_points_total address_id shipping_address_id billing_address_id
 deleted_at custom"""

ADDRESS_FIELDS = """address_id customer_id first_name last_name line_1 line_2 city state postal_code country phone
 primary_billing? primary_shipping?"""

TRANSACTION_FIELDS = """public_id type status customer_id customer_name station_id source_location_id sales_rep subtotal
 original_subtotal total_discounts tax_total total_tax total total_paid balance parent_transaction_id completed_at
 local_completed_at completed? voided? custom"""

LINE_FIELDS = """type item_id item_public_id item_description description qty unit_price original_unit_price
 adjusted_unit_price price_adjustments unit_cost value item_custom"""

PAYMENT_FIELDS = """type status amount payment_type_id description deposit transaction_id completed_at
 local_completed_at custom"""

LOCATION_FIELDS = """public_id name timezone active? address phone tax_jurisdiction_id custom"""

ITEM_DEFAULTS = {
    "type": "regular",
    "product_type": "simple",
    "active?": True,
    "track_inventory?": True,
    "cost": 0,
    "price": 0,
    "default_price_list_id": 1,
    "metadata": {},
    "has_images?": None,
}
SALE_REFERENCES = {"customer_id": "customers", "station_id": "stations", "source_location_id": "locations"}
WHEN = "updated_at created_at"


def blank(resource: Resource, key: Any) -> dict[str, Any]:
    """Every field of a resource with nothing in it: its defaults, the number as text, flags down, else null."""
    document: dict[str, Any] = {name: False if name.endswith("?") else None for name in resource.fields}
    if "public_id" in document:
        document["public_id"] = str(key)
    if "custom" in document:
        document["custom"] = {}
    return {**document, **resource.defaults}


CATALOGUE = (
    _resource(
        "items",
        ITEM_FIELDS,
        defaults=ITEM_DEFAULTS,
        references={"grid_id": "item_grids", "primary_vendor_id": "purchasing/vendors"},
        search="public_id description long_description primary_barcode",
        includes=(
            Include("grid", "one", "item_grids", ("grid_id",)),
            Include("primary_vendor", "one", "purchasing/vendors", ("primary_vendor_id",)),
            Include("vendor", "one", "purchasing/vendors", ("primary_vendor_id",)),
            Include("images", "children", "items.images"),
        ),
        indexes=f"public_id primary_barcode {WHEN}",
        scope="item",
        custom_group="item",
    ),
    _resource("items.images", "item_id source url primary", methods="GET POST DELETE", required="url", scope="item"),
    _resource("images", "item_id source url primary", methods="GET", table="items.images", scope="item"),
    _resource(
        "items.vendors",
        "item_id vendor_id part_number cost",
        methods="GET POST DELETE",
        includes=(VENDOR,),
        scope="item",
    ),
    _resource(
        "item_grids",
        """item_description item_price item_cost item_primary_vendor_id long_description public_id active? custom
        item_custom""",
        defaults={"active?": True},
        search="item_description long_description public_id",
        includes=(Include("items", "by", "items", ("grid_id",)),),
        indexes=WHEN,
        scope="item",
    ),
    _resource(
        "customers",
        CUSTOMER_FIELDS,
        defaults={"active?": True, "loyalty_points_balance": 0, "loyalty_points_total": 0},
        required="first_name last_name email",
        search="public_id first_name last_name name email phone_number",
        includes=(Include("addresses", "children", "customers.addresses"),),
        indexes=f"public_id email {WHEN}",
        scope="customer",
        custom_group="customer",
    ),
    _resource(
        "customers.addresses",
        ADDRESS_FIELDS,
        methods="GET POST PUT DELETE",
        required="first_name last_name",
        indexes="address_id",
        scope="customer",
    ),
    _resource(
        "locations",
        LOCATION_FIELDS,
        defaults={"active?": True, "timezone": "UTC"},
        required="name",
        search="public_id name",
        includes=(Include("stations", "by", "stations", ("location_id",)),),
        scope="location",
    ),
    _resource(
        "stations",
        "public_id name location_id active? custom",
        defaults={"active?": True},
        required="location_id",
        references={"location_id": "locations"},
        includes=(LOCATION,),
        indexes="location_id",
        scope="location",
    ),
    _resource(
        "sales/tickets",
        TRANSACTION_FIELDS,
        defaults={"type": "Ticket", "status": "incomplete"},
        required="station_id",
        references=SALE_REFERENCES,
        search="public_id customer_name",
        blocked="completed? voided?",
        includes=(CUSTOMER, SOURCE, SOURCE_LOCATION, STATION, _lines("sales/tickets"), PAYMENTS, *COMPUTED),
        indexes=f"public_id status customer_id parent_transaction_id completed_at local_completed_at {WHEN}",
        scope="sales",
        custom_group="sales.transaction",
    ),
    _resource(
        "sales/tickets.lines",
        LINE_FIELDS,
        methods="GET POST PUT DELETE",
        defaults={"type": "ItemLine", "price_adjustments": [], "item_custom": {}},
        references={"item_id": "items"},
        includes=(ITEM,),
        scope="sales",
        custom_group="sales.transaction.line_item",
    ),
    _resource("sales/tickets.payments", PAYMENT_FIELDS, table="payments", includes=(PAYMENT_TYPE,), scope="sales"),
    _resource(
        "sales/orders",
        f"""{TRANSACTION_FIELDS} billing_address_id shipping_address_id shipping_charge shipping_method_id opened_at
        closed_at shipped?""",
        defaults={"type": "Order", "status": "pending", "shipping_charge": 0},
        references={**SALE_REFERENCES, "shipping_method_id": "shipping_methods"},
        search="public_id customer_name",
        includes=(
            *(CUSTOMER, SOURCE, SOURCE_LOCATION, STATION, _lines("sales/orders"), PAYMENTS, *COMPUTED),
            Include("taxes", "children", "sales/orders.taxes"),
            Include("discounts", "children", "sales/orders.discounts"),
            Include("invoices", "by", "sales/invoices", ("order_id",)),
            Include("shipping_method", "one", "shipping_methods", ("shipping_method_id",)),
        ),
        indexes=f"public_id status customer_id {WHEN}",
        scope="sales",
        custom_group="sales.transaction",
    ),
    _resource(
        "sales/orders.lines",
        f"{LINE_FIELDS} order_id ship_from_location_id total_tax qty_invoiced",
        methods="GET POST PUT DELETE",
        defaults={"type": "ItemLine", "price_adjustments": [], "item_custom": {}, "qty_invoiced": 0},
        references={"item_id": "items", "ship_from_location_id": "locations"},
        includes=(ITEM,),
        indexes="item_id",
        scope="sales",
        custom_group="sales.transaction.line_item",
    ),
    _resource(
        "sales/orders.taxes", "description value automatic?", methods="GET POST", required="value", scope="sales"
    ),
    _resource(
        "sales/orders.discounts", "description amount", methods="GET POST DELETE", required="amount", scope="sales"
    ),
    _resource("sales/orders.payments", PAYMENT_FIELDS, table="payments", includes=(PAYMENT_TYPE,), scope="sales"),
    _resource(
        "sales/invoices",
        f"{TRANSACTION_FIELDS} order_id shipping_charge",
        defaults={"type": "Invoice", "status": "pending"},
        required="order_id",
        references={"order_id": "sales/orders", **SALE_REFERENCES},
        includes=(
            *(CUSTOMER, SOURCE, SOURCE_LOCATION, STATION, _lines("sales/invoices"), PAYMENTS, *COMPUTED),
            Include("order", "one", "sales/orders", ("order_id",)),
        ),
        indexes=f"order_id status completed_at local_completed_at {WHEN}",
        scope="sales",
        custom_group="sales.transaction",
    ),
    _resource(
        "sales/invoices.lines",
        f"{LINE_FIELDS} order_line_id",
        defaults={"type": "ItemLine", "price_adjustments": [], "item_custom": {}},
        references={"item_id": "items"},
        includes=(ITEM,),
        scope="sales",
    ),
    _resource("sales/invoices.payments", PAYMENT_FIELDS, table="payments", includes=(PAYMENT_TYPE,), scope="sales"),
    _resource(
        "payments",
        PAYMENT_FIELDS,
        methods="GET",
        includes=(PAYMENT_TYPE,),
        indexes=f"transaction_id payment_type_id completed_at local_completed_at {WHEN}",
        scope="sales",
    ),
    _resource(
        "payment_types",
        "name active?",
        defaults={"active?": True},
        required="name",
        scope="sales",
    ),
    _resource(
        "gift_cards",
        "number balance reason_id customer_id active? expires_at custom",
        defaults={"balance": 0, "active?": True},
        required="number",
        search="number",
        includes=(CUSTOMER,),
        indexes=f"number {WHEN}",
        scope="gift_card",
    ),
    _resource(
        "gift_card_adjustments",
        "gift_card_id reason_id delta_balance description transaction_id",
        methods="GET POST",
        required="gift_card_id reason_id delta_balance",
        references={"gift_card_id": "gift_cards", "reason_id": "reason_codes/gift_card_adjustment_reasons"},
        indexes="gift_card_id",
        scope="gift_card",
    ),
    _resource(
        "inventory/transactions",
        """item_id location_id delta_qty delta_qty_committed delta_qty_in_transit unit_cost source_type source_id""",
        methods="GET",
        includes=(ITEM, LOCATION),
        indexes="item_id location_id source_id created_at",
        scope="inventory.transaction",
    ),
    _resource(
        "inventory/adjustment_sets",
        "location_id adjustment_reason_id description status completed_at completed_by_user_id custom",
        methods="GET POST PUT DELETE",
        defaults={"status": "pending"},
        required="location_id adjustment_reason_id",
        references={"location_id": "locations", "adjustment_reason_id": "reason_codes/inventory_adjustment_reasons"},
        includes=(LOCATION, _lines("inventory/adjustment_sets")),
        indexes=f"status {WHEN}",
        scope="inventory.transaction",
    ),
    _resource(
        "inventory/adjustment_sets.lines",
        "item_id qty unit_cost adjustment_set_id",
        methods="GET POST PUT DELETE",
        required="qty",
        references={"item_id": "items"},
        includes=(ITEM,),
        scope="inventory.transaction",
    ),
    _resource(
        "inventory/transfers",
        "public_id from_location_id to_location_id description status shipped_at completed_at custom",
        defaults={"status": "pending"},
        required="from_location_id to_location_id",
        references={"from_location_id": "locations", "to_location_id": "locations"},
        includes=(
            _lines("inventory/transfers"),
            Include("from_location", "one", "locations", ("from_location_id",)),
            Include("to_location", "one", "locations", ("to_location_id",)),
        ),
        indexes=f"status {WHEN}",
        scope="inventory.transaction",
    ),
    _resource(
        "inventory/transfers.lines",
        "item_id qty unit_cost qty_received",
        methods="GET POST PUT DELETE",
        required="qty",
        references={"item_id": "items"},
        includes=(ITEM,),
        scope="inventory.transaction",
    ),
    _resource("inventory/transfers.shipments", "status description", methods="GET POST", scope="inventory.transaction"),
    _resource("inventory/transfers.events", "type description", methods="GET", scope="inventory.transaction"),
    _resource(
        "inventory/physical_counts",
        "location_id adjustment_reason_id description scope status accepted_at",
        defaults={"status": "pending", "scope": "full"},
        required="location_id adjustment_reason_id",
        references={"location_id": "locations", "adjustment_reason_id": "reason_codes/inventory_adjustment_reasons"},
        includes=(LOCATION, Include("batches", "children", "inventory/physical_counts.batches")),
        scope="inventory.transaction",
    ),
    _resource("inventory/physical_counts.batches", "description status", scope="inventory.transaction"),
    _resource(
        "inventory/physical_counts.batches.lines",
        "item_id qty",
        methods="GET POST PUT DELETE",
        required="qty",
        references={"item_id": "items"},
        includes=(ITEM,),
        scope="inventory.transaction",
    ),
    _resource(
        "reason_codes/inventory_adjustment_reasons",
        "name description active?",
        required="name",
        scope="inventory.transaction",
    ),
    _resource(
        "reason_codes/gift_card_adjustment_reasons", "name description active?", required="name", scope="gift_card"
    ),
    _resource(
        "users", "login first_name last_name email active?", defaults={"active?": True}, required="login", scope="user"
    ),
    _resource(
        "webhooks",
        "url events active?",
        methods="GET POST PUT DELETE",
        defaults={"active?": True},
        required="url events",
    ),
    _resource(
        "custom_fields",
        "key name group_id required unique validation_type metadata",
        defaults={"required": False, "unique": False, "metadata": {}},
        required="key name group_id",
        scope="custom_field",
    ),
    _resource(
        "shipping_methods", "name description active?", defaults={"active?": True}, required="name", scope="sales"
    ),
    _resource("tax_jurisdictions", "name description rate", required="name", scope="tax"),
    _resource(
        "tax_rules",
        "name location_id tax_jurisdiction_id rate description active?",
        defaults={"active?": True},
        scope="tax",
    ),
    _resource(
        "purchasing/vendors",
        "public_id name email phone active? custom",
        defaults={"active?": True},
        required="name",
        search="public_id name",
        scope="purchasing",
    ),
    _resource(
        "purchasing/orders",
        """public_id status vendor_id receive_at_location_id start_shipments_at end_shipments_at description total_qty
        total_cost total_received_qty total_open_qty created_by_user_id custom""",
        defaults={"status": "pending", "total_qty": 0, "total_cost": 0, "total_received_qty": 0, "total_open_qty": 0},
        required="vendor_id receive_at_location_id",
        references={"vendor_id": "purchasing/vendors", "receive_at_location_id": "locations"},
        search="public_id description",
        includes=(
            VENDOR,
            _lines("purchasing/orders"),
            Include("location", "one", "locations", ("receive_at_location_id",)),
        ),
        indexes=f"public_id status {WHEN}",
        scope="purchasing",
    ),
    _resource(
        "purchasing/orders.lines",
        "item_id qty unit_cost qty_received item_custom",
        methods="GET POST PUT DELETE",
        defaults={"qty_received": 0, "item_custom": {}},
        required="qty",
        references={"item_id": "items"},
        includes=(ITEM,),
        scope="purchasing",
    ),
    _resource(
        "purchasing/receipts",
        "public_id order_id vendor_id receive_at_location_id status description completed_at custom",
        defaults={"status": "pending"},
        references={
            "order_id": "purchasing/orders",
            "receive_at_location_id": "locations",
            "vendor_id": "purchasing/vendors",
        },
        includes=(VENDOR, _lines("purchasing/receipts"), Include("order", "one", "purchasing/orders", ("order_id",))),
        indexes=f"order_id status completed_at {WHEN}",
        scope="purchasing",
    ),
    _resource(
        "purchasing/receipts.lines",
        "item_id qty unit_cost receipt_id",
        methods="GET POST PUT DELETE",
        required="qty",
        references={"item_id": "items"},
        includes=(ITEM,),
        scope="purchasing",
    ),
    _resource(
        "purchasing/returns", "vendor_id return_from_location_id status description completed_at", scope="purchasing"
    ),
    _resource("system/messages", "type body", methods="GET DELETE", scope="system"),
)
RESOURCES = {resource.path: resource for resource in CATALOGUE}
VALUES = _resource(
    "inventory/values",
    """item_id location_id qty qty_on_hand qty_committed qty_on_po qty_in_transit qty_available unit_cost""",
    methods="GET",
    includes=(ITEM, LOCATION),
    indexes="item_id location_id",
    scope="inventory.transaction",
)
SETTINGS = _resource("settings", "value", methods="GET PUT", scope="setting")
