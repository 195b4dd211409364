"""Secrets reach a step from the environment or from files, and are in nothing that Dagster keeps."""

import pytest

from he_sync.model.errors import FixSettings
from resources.connections import ConnectionsResource
from resources.house import build_resources

SECRETS = ("heartland_token", "gp_app_key", "epicor_password", "epicor_api_key")
ADDRESSES = {
    "heartland_url": "http://127.0.0.1:9/api",
    "gp_url": "http://127.0.0.1:9",
    "epicor_url": "http://127.0.0.1:9/k",
}
KNOWN = {**ADDRESSES, "gp_app_id": "app", "epicor_company": "C", "epicor_user": "u"}


def test_a_step_takes_each_secret_from_its_file_and_says_which_is_missing(tmp_path, monkeypatch):
    resource = ConnectionsResource(home=str(tmp_path), **KNOWN)
    for name in SECRETS:
        monkeypatch.delenv(f"HE_{name.upper()}", raising=False)
        with pytest.raises(FixSettings, match=f"HE_{name.upper()} is not set"), resource.systems():
            pass
        (tmp_path / name).write_text("secret\n")
        monkeypatch.setenv(f"HE_{name.upper()}_FILE", str(tmp_path / name))
    with resource.systems() as systems:
        assert systems.heartland
    assert {getattr(resource, name) for name in SECRETS} == {""}
    assert {getattr(build_resources()["connections"], name) for name in SECRETS} == {""}
