"""Sessions and the licence pool: a call without a session claims a licence for its own duration."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from he_sync.sandbox.epicor.errors import BadEntity, NoLicense, SessionGone
from he_sync.sandbox.epicor.switches import LICENSE_OVERFLOW, LICENSE_PENALTY, LICENSES, SESSION_MINUTES
from he_sync.sandbox.http import Call
from he_sync.sandbox.state import State, decode, encode

Session = dict[str, Any]
TOUCH_SECONDS = 60  # last use is written at most once a minute: a read must not cost a write
_in_flight: WeakKeyDictionary[State, int] = WeakKeyDictionary()
_lock = threading.Lock()


def _all(state: State) -> dict[str, Session]:
    """Sessions that have not ended."""
    oldest = time.time() - 60 * float(SESSION_MINUTES.read(state))
    stored: dict[str, Session] = decode(state.setting("epicor.sessions", "{}"))
    return {key: one for key, one in stored.items() if one["used"] >= oldest}


def _save(state: State, sessions: dict[str, Session]) -> None:
    state.set_setting("epicor.sessions", encode(sessions))


def open_session(state: State, user: str, company: str, plant: str) -> str:
    """Login: the new session's id. Raises NoLicense."""
    with state.transaction("server"):
        sessions = _all(state)
        if len(sessions) >= int(LICENSES.read(state)):
            raise NoLicense("Maximum users exceeded")
        key = str(uuid.uuid4())
        _save(state, {**sessions, key: {"user": user, "company": company, "plant": plant, "used": int(time.time())}})
    return key


def change(state: State, key: str, **values: Any) -> None:
    """Set company or plant of a session, or note its use. Raises SessionGone."""
    with state.transaction("server"):
        sessions = _all(state)
        if key not in sessions:
            raise SessionGone("Session is not valid or has expired.")
        _save(state, {**sessions, key: {**sessions[key], **values, "used": int(time.time())}})


def close(state: State, key: str) -> None:
    """Logout; a session that is gone already is no error."""
    with state.transaction("server"):
        _save(state, {other: one for other, one in _all(state).items() if other != key})


def is_valid(state: State, key: str, user: str) -> bool:
    """Whether a session is open for a user."""
    found = _all(state).get(key)
    return found is not None and (not user or found["user"].lower() == user.lower())


def named(call: Call) -> str:
    """The session id of a call: `License: {"SessionID": ...}` or `SessionInfo`, as JSON or as the bare id."""
    for header in ("license", "sessioninfo"):
        text = call.headers.get(header, "").strip()
        if text.startswith("{"):
            try:
                found = {name.lower(): value for name, value in decode(text).items()}
            except ValueError as error:
                raise BadEntity from error
            if found.get("sessionid"):
                return str(found["sessionid"])
        elif text and header == "sessioninfo":
            return text
    return ""


def current(call: Call) -> Session | None:
    """The session that a call names. Raises SessionGone for one that has ended."""
    key = named(call)
    if not key:
        return None
    found = _all(call.state).get(key)
    if found is None:
        raise SessionGone("Session is not valid or has expired.")
    if time.time() - found["used"] > TOUCH_SECONDS:
        change(call.state, key)
    return found


@contextmanager
def licensed(call: Call, session: Session | None) -> Iterator[None]:
    """A licence for the duration of a call; a session has its own already. Raises NoLicense."""
    if session is not None:
        yield
        return
    with _lock:
        busy = _in_flight.get(call.state, 0)
        over = busy + len(_all(call.state)) >= int(LICENSES.read(call.state))
        if over and LICENSE_OVERFLOW.read(call.state) == "refuse":
            raise NoLicense("Maximum users exceeded")
        _in_flight[call.state] = busy + 1
    try:
        if over:
            time.sleep(float(LICENSE_PENALTY.read(call.state)))
        yield
    finally:
        with _lock:
            _in_flight[call.state] -= 1
