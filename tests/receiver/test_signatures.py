"""Nobody in who does not belong: forged, malformed, shifted, old and replayed events (T1 to T7)."""

from __future__ import annotations

import ast
import json
import random
import re
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from he_sync.model.errors import FixSettings
from he_sync.store import inbox
from he_sync.store.database import Store, open_store
from he_sync.web.receiver.settings import Secret, live, read_settings
from tests.receiver.running import (
    EPICOR,
    HEARTLAND,
    OTHER,
    SECRETS,
    SHOP,
    Running,
    order_body,
    read_answer,
    receiving,
    request_of,
    signed,
    whsec,
)

FORGED = 10_000
ADDRESS = "/hooks/shop/order.created"
MALFORMED = (
    *(
        "garbage",
        "v1,a,b",
        "v1,abc",
        "v1",
        "v1,",
        ",",
        "v2,AAAA",
        "v1a,AAAA",
        "v1,=",
        "v1,\xff\xfe",
        "v1,AAAA  v1,BBBB",
    ),
    *(" ", "v1," + "A" * 20_000, "v1,AA==AA==", " ".join(["v1,AAAA"] * 500)),
)


def flipped(request: bytes, at: int) -> bytes:
    return request[: at // 8] + bytes([request[at // 8] ^ (1 << at % 8)]) + request[at // 8 + 1 :]


def forgeries(count: int) -> list[tuple[bytes, dict[str, str]]]:
    """Bodies and headers with one bit wrong in what is signed or in the signature, or wholly made up."""
    chance, found = random.Random(7), []  # noqa: S311 - not a secret
    body = order_body()
    for number in range(count):
        headers = signed(f"e{number}", body)
        match number % 4:
            case 0:
                found.append((flipped(body, chance.randrange(8 * len(body))), headers))
            case 1:
                found.append((chance.randbytes(chance.randrange(200)), headers))
            case 2:
                found.append((body, signed(f"e{number}", body, secrets=[chance.randbytes(32)])))
            case 3:
                place = chance.randrange(3, 46)
                signature = headers["webhook-signature"]
                other = signature[:place] + ("A" if signature[place] != "A" else "B") + signature[place + 1 :]
                found.append((body, {**headers, "webhook-signature": other}))
    return found


def test_ten_thousand_forged_events_are_all_refused_and_none_is_stored(receiver: Running, store: Store) -> None:
    for body, headers in forgeries(FORGED):
        assert receiver.post(ADDRESS, body, headers).status == 401
    assert inbox.count(store) == {}


def test_every_single_bit_of_id_time_and_body_is_signed(receiver: Running, store: Store) -> None:
    body = b'{"type":"order.created","data":{"order_id":7}}'
    headers = signed("e1", body)
    for name in ("webhook-id", "webhook-timestamp"):
        plain = headers[name].encode()
        for bit in range(8 * len(plain)):
            changed = flipped(plain, bit)
            if b"\r" in changed or b"\n" in changed or b"\0" in changed:
                continue
            lines = request_of("POST", ADDRESS, body, {**headers, name: "@@"}).replace(b"@@", changed)
            assert receiver.send(lines).status in {400, 401}
    for bit in range(8 * len(body)):
        assert receiver.post(ADDRESS, flipped(body, bit), headers).status == 401
    assert inbox.count(store) == {}
    assert receiver.post(ADDRESS, body, headers).status == 202


def test_a_malformed_signature_is_refused_and_nothing_worse(receiver: Running) -> None:
    lines = request_of("POST", ADDRESS, order_body(), {**signed("e1", order_body()), "webhook-signature": "@@"})
    for signature in MALFORMED:
        assert receiver.send(lines.replace(b"@@", signature.encode("latin-1"))).status == 401, signature


def test_bodies_that_are_no_text_and_headers_that_are_missing_or_there_twice_are_refused(receiver: Running) -> None:
    body = order_body()
    assert receiver.post(ADDRESS, b"\xff\xfe\x00", signed("e1", body)).status == 401
    assert receiver.post(ADDRESS, b"\xff\xfe", signed("e1", b"\xff\xfe")).status == 400
    for name in signed("e1", body):
        less = {key: value for key, value in signed("e1", body).items() if key != name}
        assert receiver.post(ADDRESS, body, less).status == 401
        twice = {**signed("e1", body), name.upper(): signed("e1", body)[name]}
        assert receiver.post(ADDRESS, body, twice).status == 401


def test_the_border_between_id_time_and_body_cannot_be_shifted(receiver: Running, store: Store) -> None:
    body, at = order_body(), str(int(time.time()))
    headers = signed("e1", f"{at}.".encode() + body, at=int(at))
    assert receiver.post(ADDRESS, body, {**headers, "webhook-id": f"e1.{at}"}).status == 401
    for odd in ("e 1", "e.1", "é", "", "a" * 129, "e1\t"):
        lines = request_of("POST", ADDRESS, body, {**signed("x", body), "webhook-id": "@@"})
        assert receiver.send(lines.replace(b"@@", odd.encode())).status == 401
    assert inbox.count(store) == {}


def test_the_signed_time_may_be_off_by_five_minutes_and_no_more(receiver: Running) -> None:
    body = order_body()
    for off, status in ((-298, 202), (298, 202), (-302, 401), (302, 401), (10**9, 401)):
        assert receiver.order(f"e{off}", body, at=time.time() + off).status == status
    for stamp in ("-1", "1e9", "99999999999999999999", "0x10", " ", "1.5", "٣"):
        lines = request_of("POST", ADDRESS, body, {**signed("e1", body), "webhook-timestamp": "@@"})
        assert receiver.send(lines.replace(b"@@", stamp.encode())).status == 401


def test_a_captured_event_sent_again_is_known_for_ever_in_every_process_and_after_a_restart(tmp_path: Path) -> None:
    body, other = order_body(), order_body(note="changed")
    with receiving(tmp_path) as first, receiving(tmp_path, processes=2) as second:
        headers = signed("e1", body)
        assert first.post(ADDRESS, body, headers).json == {"new": 1}
        assert first.post(ADDRESS, body, headers).json == {"known": 1}
        for _ in range(6):
            assert second.post(ADDRESS, body, headers).json == {"known": 1}
    with receiving(tmp_path) as again, open_store(tmp_path / "he_sync.db") as store:
        assert again.order("e1", body, at=time.time() + 1).json == {"known": 1}
        assert again.order("e1", other).json == {"conflict": 1}
        assert [kept.event.body for kept in inbox.find(store, "e1")] == [body.decode()]
        assert [conflict.body for conflict in inbox.conflicts(store)] == [other.decode()]


def test_a_secret_is_changed_without_losing_an_event_and_the_old_one_ends_on_its_day(tmp_path: Path) -> None:
    body, today = order_body(), datetime.now(UTC).date()
    phases = (
        (whsec(OTHER), (401, 202)),
        (f"{whsec(OTHER)},{whsec(SHOP)};until={today}", (202, 202)),
        (f"{whsec(OTHER)},{whsec(SHOP)};until={today - timedelta(days=1)}", (401, 202)),
    )
    for number, (secrets, expected) in enumerate(phases):
        with receiving(tmp_path, secrets={"HE_HOOK_SHOP_SECRETS": secrets}) as running:
            got = tuple(running.order(f"e{number}{len(s)}{s[0]}", body, secrets=[s]).status for s in (SHOP, OTHER))
            both = running.order(f"b{number}", body, secrets=[b"x" * 32, SHOP, OTHER]).status
        assert (got, both) == (expected, 202)


def test_a_secret_ends_at_its_instant() -> None:
    end = datetime(2026, 12, 1, tzinfo=UTC)
    secrets = (Secret(b"new"), Secret(b"old", end))
    assert live(secrets, end - timedelta(microseconds=1)) == [b"new", b"old"]
    assert live(secrets, end) == [b"new"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HE_HOOK_HEARTLAND_SECRET", "short", "at least 22"),
        ("HE_HOOK_EPICOR_SECRET", "x" * 21, "at least 22"),
        ("HE_HOOK_SHOP_SECRETS", "whsec_!!", "base64"),
        ("HE_HOOK_SHOP_SECRETS", "whsec_AAAA", "24 to 64 bytes"),
        ("HE_HOOK_EPICOR_SECRET", f"{'x' * 30};until=soon", "2026-12-31"),
    ],
)
def test_a_secret_that_protects_nothing_is_refused_at_the_start(name: str, value: str, says: str) -> None:
    with pytest.raises(FixSettings, match=says):
        read_settings({name: value})


def test_no_secret_is_shown_by_the_settings() -> None:
    shown = repr(read_settings(SECRETS))
    assert not [value for value in SECRETS.values() if value in shown]


def test_a_source_without_a_secret_does_not_exist(tmp_path: Path) -> None:
    with receiving(tmp_path, secrets={}) as running:
        for source in ("heartland/item_created", "shop/order.created", "processor/transaction", "epicor/Part"):
            assert running.post(f"/hooks/{source}", b"{}", signed("e", b"{}")).status == 404


def test_heartlands_address_needs_its_secret_once_and_right(receiver: Running, store: Store) -> None:
    path, body = "/hooks/heartland/item_created", json.dumps({"id": 5}).encode()
    for query in (
        *("", "?secret=", f"?secret={HEARTLAND}x", f"?secret={HEARTLAND[:-1]}", f"?secret={EPICOR}"),
        *(f"?secret=x&secret={HEARTLAND}", f"?Secret={HEARTLAND}", "?secret=%00", "?secret=%C3%A9", f"?{HEARTLAND}"),
    ):
        assert receiver.post(path + query, body).status == 401
    assert inbox.count(store) == {}
    assert receiver.post(f"{path}?secret={HEARTLAND}", body).status == 202
    assert receiver.post(path, body, {"X-HE-Sync-Secret": HEARTLAND}).status == 202


def test_epicors_posts_need_the_secret_header_and_take_none_from_the_address(receiver: Running) -> None:
    body = json.dumps({"table": "Part", "keys": {"PartNum": "P1"}}).encode()
    path = "/hooks/epicor/Part"
    assert receiver.post(f"{path}?secret={EPICOR}", body).status == 401
    assert receiver.post(path, body, {"x-he-sync-secret": HEARTLAND}).status == 401
    assert receiver.post(path, body, {"x-he-sync-secret": "é"}).status == 401
    assert receiver.post(path, body, {"x-he-sync-secret": EPICOR}).status == 202


def test_a_wrong_secret_is_refused_before_the_body_is_read(receiver: Running) -> None:
    with receiver.connect() as connection:
        connection.sendall(request_of("POST", "/hooks/epicor/Part", b"", {"content-length": "900000"}))
        assert read_answer(connection).status == 401
        connection.settimeout(5)
        assert connection.recv(1) == b""


def test_no_signature_or_secret_is_compared_with_an_equals_sign() -> None:
    """A comparison that stops at the first difference tells how much of a guess was right."""
    folder = Path(__file__).parents[2] / "he_sync" / "web" / "receiver"
    nodes = [node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    kinds = ast.Eq | ast.NotEq | ast.In
    compared = [one for one in nodes if isinstance(one, ast.Compare) and any(isinstance(op, kinds) for op in one.ops)]
    about = re.compile(r"\b(secret|signature|presented|expected|digest)")
    told = [ast.unparse(one) for one in compared if about.search(ast.unparse(one).replace("b'secret'", ""))]
    assert told == []
    assert "compare_digest" in (folder / "signatures.py").read_text()


def test_a_sender_that_hangs_up_stores_nothing_of_a_half_request(receiver: Running, store: Store) -> None:
    request = request_of("POST", ADDRESS, order_body(), signed("e1", order_body()))
    for cut in range(1, len(request), 23):
        with receiver.connect() as connection:
            connection.sendall(request[:cut])
            connection.shutdown(socket.SHUT_WR)
            assert read_answer(connection).status in {0, 400}
    assert inbox.count(store) == {}


def test_the_store_s_address_may_stand_in_a_file_like_every_secret(tmp_path: Path) -> None:
    address = tmp_path / "store_url"
    address.write_text("postgresql://he-sync:secret@db/he_sync\n")
    assert read_settings({"HE_STORE_URL_FILE": str(address)}).store == "postgresql://he-sync:secret@db/he_sync"
    with pytest.raises(FixSettings, match="HE_STORE_URL_FILE names"):
        read_settings({"HE_STORE_URL_FILE": str(tmp_path / "nowhere")})
