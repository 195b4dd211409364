"""Getting in at Kinetic: tokens, Basic, the API key, and what a refusal says."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import HttpSend
from he_sync.model.errors import FixSettings, NotAllowed, Refused
from he_sync.sandbox.epicor import switches
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.connect.kinetic import COMPANY, CUSTOMERS, KEY, PASSWORD, USER, customers, seen
from tests.connect.processes import check_epicor


def test_a_token_is_fetched_once_for_many_calls(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 3)
    for _ in range(3):
        client.check()
    assert len(seen(sandbox, "POST", "TokenResource")) == 1


@pytest.mark.parametrize("names", ["pascal", "snake"])
def test_a_token_that_expired_early_is_renewed_once_and_the_read_goes_on(
    sandbox: Sandbox, client: EpicorClient, names: str
) -> None:
    switches.TOKEN_CASE.set(sandbox.state, names)
    client.check()
    sandbox.faults.set([Fault("expired_token", route="odata", remaining=1)])
    assert client.count(*CUSTOMERS) == 0
    assert len(seen(sandbox, "POST", "TokenResource")) == 2


def test_an_expired_token_is_renewed_once_by_four_processes(sandbox: Sandbox, tmp_path: Path) -> None:
    tokens = tmp_path / "shared.db"
    check_epicor(sandbox.epicor, tokens)
    sandbox.state.set_setting("epicor.token_secret", "f" * 64)  # every token issued so far is worthless now
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=check_epicor, args=(sandbox.epicor, tokens)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(seen(sandbox, "POST", "TokenResource")) == 2


def test_basic_works_where_no_token_cache_is_given(sandbox: Sandbox, send: HttpSend) -> None:
    EpicorClient(sandbox.epicor, COMPANY, USER, PASSWORD, KEY, send).check()
    assert seen(sandbox, "POST", "TokenResource") == []


def test_wrong_credentials_and_addresses_say_what_to_check(sandbox: Sandbox, send: HttpSend, tmp_path: Path) -> None:
    def client(url: str, company: str, password: str, key: str) -> EpicorClient:
        tokens = TokenCache(tmp_path / f"{company}{password}{key}.db")
        return EpicorClient(url, company, USER, password, key, send, tokens)

    with pytest.raises(NotAllowed, match="user 'he-sync', its password or the API key"):
        client(sandbox.epicor, COMPANY, "wrong", KEY).check()
    with pytest.raises(NotAllowed, match="API key"):
        client(sandbox.epicor, COMPANY, PASSWORD, "wrong").check()
    with pytest.raises(Refused, match="company"):
        client(sandbox.epicor, "NOPE", PASSWORD, KEY).check()
    with pytest.raises(FixSettings, match="instance address"):
        client(sandbox.epicor.replace("kinetic", "other"), COMPANY, PASSWORD, KEY).check()


@pytest.mark.parametrize("status", ["400", "401", "403"])
def test_a_missing_key_is_not_allowed_whatever_status_the_server_gives_it(
    sandbox: Sandbox, send: HttpSend, status: str
) -> None:
    switches.MISSING_KEY_STATUS.set(sandbox.state, status)
    with pytest.raises(NotAllowed, match=r"API key|API Key"):
        EpicorClient(sandbox.epicor, COMPANY, USER, PASSWORD, "wrong", send).check()


def test_a_right_to_write_is_seen_without_writing(sandbox: Sandbox, client: EpicorClient, send: HttpSend) -> None:
    viewer = EpicorClient(sandbox.epicor, COMPANY, "viewer", PASSWORD, KEY, send)
    before = len(sandbox.state.oracle())
    assert client.may_write(*CUSTOMERS, {"CustNum": 0})
    assert not viewer.may_write(*CUSTOMERS, {"CustNum": 0})
    assert len(sandbox.state.oracle()) == before
