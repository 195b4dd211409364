"""Rules of master data: customers and addresses, items, gift cards, webhooks, settings, the session's own facts."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

from he_sync.sandbox.heartland import lists
from he_sync.sandbox.heartland.crud import Rules, Write, body_of, done
from he_sync.sandbox.heartland.errors import not_found, validation_error
from he_sync.sandbox.heartland.fields import money, stamp
from he_sync.sandbox.heartland.lookups import document
from he_sync.sandbox.heartland.reader import reading
from he_sync.sandbox.heartland.resources import RESOURCES, SETTINGS
from he_sync.sandbox.heartland.rows import PAGE_TYPE
from he_sync.sandbox.heartland.webhooks import EVENTS
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import Key, State, field

EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
CARDS = RESOURCES["gift_cards"]
FIRST_ADDRESS = 500_001


def _customer(write: Write) -> None:
    customer = write.document
    if customer.get("email") and not EMAIL.fullmatch(str(customer["email"])):
        raise validation_error({"email": "is not one e-mail address"})
    customer["name"] = (
        " ".join(str(customer[part]) for part in ("first_name", "last_name") if customer.get(part)) or None
    )


def _address(write: Write) -> None:
    """An address row is a join: its id is one thing, the `address_id` that orders want another."""
    write.document["customer_id"] = write.owner
    country = write.document.get("country")
    if country is not None and not re.fullmatch("[A-Za-z]{2}", str(country)):
        raise validation_error({"country": "is not a two-letter code"})
    if write.before is None:
        top = write.state.select(write.resource.store, order=f"{field('address_id')} DESC", limit=1)
        write.document["address_id"] = (
            max(int(top[0].get("address_id") or 0) + 1, FIRST_ADDRESS) if top else FIRST_ADDRESS
        )
    else:
        write.document["address_id"] = write.before.get("address_id")


def _item(write: Write) -> None:
    if write.before is None:
        write.document["primary_barcode"] = write.document.get("primary_barcode") or f"SR{write.key}"
        write.document["default_lookup_id"] = write.key


def _owned_by_item(write: Write) -> None:
    write.document["item_id"] = write.owner


# gift cards


def card_number(text: object) -> str:
    """Card numbers are kept upper case without spaces."""
    return re.sub(r"\s", "", str(text)).upper()


def _card(write: Write) -> None:
    card, before = write.document, write.before
    card["number"] = card_number(card.get("number") or "")
    taken = write.state.count(CARDS.store, f"{field('number')} = ? AND key <> ?", (card["number"], write.key))
    if taken:
        raise validation_error({"number": "has already been taken"})
    if before is not None and card["balance"] != before["balance"]:
        raise validation_error({"balance": "is changed by an adjustment only"})


def _adjust_card(write: Write) -> None:
    card = document(write.state, "gift_cards", write.document.get("gift_card_id"))
    balance = Decimal(card.get("balance") or 0) + Decimal(write.document.get("delta_balance") or 0)
    if balance < 0:
        raise validation_error({"delta_balance": "is more than the balance"})
    if card:
        write.state.put(CARDS.store, card["id"], {**card, "balance": money(balance), "updated_at": stamp(write.state)})


def _card_key(state: State, text: str) -> Key:
    found = state.select(CARDS.store, f"{field('number')} = ?", (card_number(text),), limit=1)
    return found[0]["id"] if found else lists.key_of(text)


def card_by_number(call: Call) -> Answer:
    """GET gift_cards/{number}; an id finds the card too."""
    return lists.single(call, CARDS, _card_key(call.state, call.path["id"]))


def with_card_key(call: Call) -> Call:
    """The call with the card's id in its address instead of its number."""
    key = _card_key(call.state, call.path["id"])
    return Call(call.state, call.method, call.url, {"id": str(key)}, call.query, call.headers, call.body, call.fault)


# webhooks and settings


def _webhook(write: Write) -> None:
    hook = write.document
    if not _is_http(str(hook.get("url") or "")):
        raise validation_error({"url": "is not an http address"})
    events = hook.get("events")
    if not isinstance(events, list) or not set(map(str, events)) <= set(EVENTS):
        raise validation_error({"events": f"are some of {', '.join(EVENTS)}"})


def _is_http(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and bool(url.hostname)


def setting(call: Call) -> Answer:
    """GET and PUT settings/{key}: `{"value": ...}`."""
    key = call.path["id"]
    if call.method == "PUT":
        body = body_of(call)
        if "value" not in body:
            raise validation_error({"value": "can't be blank"})
        call.state.put(SETTINGS.store, key, {"value": body["value"]})
        return done(call.state)
    with reading(call) as reader:
        text = reader.one(SETTINGS.store, key)
    if text is None:
        raise not_found()
    return Answer(200, text.encode(), PAGE_TYPE)


RULES = {
    "customers": Rules(_customer),
    "customers.addresses": Rules(_address),
    "items": Rules(_item),
    "items.images": Rules(_owned_by_item),
    "items.vendors": Rules(_owned_by_item),
    "gift_cards": Rules(_card, address=lambda write: write.document["number"]),
    "gift_card_adjustments": Rules(_adjust_card),
    "webhooks": Rules(_webhook),
}
