"""Messages over real sockets: mail, Slack's shape and signed JSON, to stand-ins that refuse, redirect or are gone."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from he_sync.store import dead_letters, inbox
from he_sync.store.dead_letters import DeadLetter
from he_sync.watch.looking import Looked, look
from he_sync.watch.memory import Notice
from he_sync.watch.sending import words
from he_sync.web.receiver.settings import Secret
from he_sync.web.receiver.signatures import standard_webhook
from tests.store.examples import arrival
from tests.watch.house import House
from tests.watch.stand_ins import Heard, taking_mail, taking_posts

KEY = b"0123456789abcdef0123456789abcdef"
SECRETS = {"DESK_KEY": f"whsec_{base64.b64encode(KEY).decode()}", "CHAT_URL": "http://127.0.0.1:{port}/T0/secret"}


def rules(mail: int, posts: int) -> str:
    return f"""
targets:
  - {{name: mail, kind: email, host: 127.0.0.1, port: {mail}, tls: none,
      from: "he-sync <he-sync@shop.example>", to: [ops@shop.example, boss@shop.example]}}
  - {{name: chat, kind: slack, url_from: CHAT_URL}}
  - {{name: hook, kind: webhook, url: "http://127.0.0.1:{posts}/alerts?key=secret", secret_from: DESK_KEY}}
routes:
  - {{owners: [integration], to: [mail, chat, hook]}}
"""


def fires(house: House, posts: int) -> Looked:
    """Look until the alert fires; what targets say goes over the wire."""
    environ = {**house.environ, **{name: text.format(port=posts) for name, text in SECRETS.items()}}
    inbox.put(house.store, [arrival("a", "order 7")], house.now - timedelta(seconds=200))
    look(environ, house.now)
    return look(environ, house.later(minutes=2).now)


def signed(house: House, heard: Heard) -> tuple[str, Any]:
    """The id and the document of the only post that is signed, checked as our own receiver checks its senders."""
    [(headers, body)] = [(some, body) for some, body in heard.posts if "webhook-signature" in some]
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return standard_webhook(raw, body, (Secret(KEY),), house.now), json.loads(body)


def test_an_alert_reaches_mail_chat_and_hook_each_in_its_own_shape(house: House) -> None:
    with taking_mail() as mail, taking_posts() as posts:
        house.rules(rules(mail.port, posts.port))
        done = fires(house, posts.port)
        assert (done.sent, done.waiting, done.problems) == (3, 0, ())
        [(to, message)] = mail.mails
        assert to == ["ops@shop.example", "boss@shop.example"]
        assert message["subject"] == "[PAGE] The oldest unread event waits for 320 s"
        content = message.get_content()
        assert "record: https://console.example/records/order%207" in content
        assert "what to do: docs/runbooks.md#events_wait" in content
        assert "(limit 120, found 320)" in content
        [chat] = [json.loads(body) for headers, body in posts.posts if "webhook-id" not in headers]
        assert set(chat) == {"text"}
        assert chat["text"].startswith("[PAGE] The oldest unread event waits")
        number, document = signed(house, posts)
        assert document["type"] == "alert.firing"
        assert document["data"]["alert"] == "events_wait"
        assert len(number) == 32


@pytest.mark.parametrize("status", [307, 400, 500])
def test_a_target_that_does_not_take_it_is_named_without_its_address_and_keeps_no_other_waiting(
    house: House, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with taking_mail() as mail, taking_posts() as posts:
        house.rules(rules(mail.port, posts.port))
        posts.status, mail.says = status, "451 not now, ask /T0/secret"
        with caplog.at_level(logging.DEBUG, "he_sync"):
            done = fires(house, posts.port)
        assert (done.sent, done.waiting) == (0, 3)
        assert [problem.split()[0] for problem in done.problems] == ["mail", "chat", "hook"]
        assert "secret" not in done.line + caplog.text
        mail.says = "250 taken"
        environ = {**house.environ, **{name: text.format(port=posts.port) for name, text in SECRETS.items()}}
        again = look(environ, house.later(seconds=30).now)
        assert (again.sent, again.waiting) == (1, 2)
        assert len(mail.mails) == 1


def test_a_target_that_is_gone_or_has_no_secret_is_named(house: House) -> None:
    with taking_mail() as mail, taking_posts() as posts:
        house.rules(rules(mail.port, posts.port))
    inbox.put(house.store, [arrival("a", "order 7")], house.now - timedelta(seconds=200))
    look(house.environ, house.now)
    done = look(house.environ, house.later(minutes=2).now)
    told = " | ".join(done.problems)
    assert "mail cannot be reached (ConnectionRefusedError)" in told
    assert "CHAT_URL is not set" in told
    assert done.waiting == 3


def test_what_others_wrote_is_text_in_every_message_and_never_a_line_or_a_mark_of_its_own(house: House) -> None:
    hostile = 'a{{7*7}} $value ${value} <!channel> & "b"\r\nBcc: x@y.example'
    letters = [DeadLetter("heartland", "customer", f"{n}", n, "email", hostile, "", "why", "2026") for n in range(21)]
    dead_letters.put(house.store, letters)
    with taking_mail() as mail, taking_posts() as posts:
        house.rules(rules(mail.port, posts.port) + "rules: [{alert: dead_letters, for: 0s}]\n")
        environ = {**house.environ, **{name: text.format(port=posts.port) for name, text in SECRETS.items()}}
        assert "dead_letters field=email" in look(environ, house.now).line
        [(to, message)] = mail.mails
        assert "x@y.example" not in to
        assert message["bcc"] is None
        assert '21 open dead letters by email, a{{7*7}} $value ${value} <!channel> & "b" Bcc' in message["subject"]
        chat = next(body for headers, body in posts.posts if "webhook-id" not in headers).decode()
        assert "&lt;!channel&gt; &amp;" in chat
        assert "<!channel>" not in chat


def test_a_figure_without_an_end_is_valid_json_and_words_for_people(house: House) -> None:
    with taking_mail() as mail, taking_posts() as posts:
        house.rules(rules(mail.port, posts.port) + "rules: [{alert: backup_old, for: 0s}]\n")
        environ = {**house.environ, **{name: text.format(port=posts.port) for name, text in SECRETS.items()}}
        assert "backup_old" in look(environ, house.now).fired
        _, document = signed(house, posts)
        assert document["data"]["value"] is None
        assert document["data"]["summary"] == "The newest back-up is infinitely many s old"
        assert b"Infinity" not in b"".join(body for _, body in posts.posts)
        assert len(mail.mails) == 1


def test_a_password_never_leaves_in_the_clear_for_another_machine(house: House) -> None:
    house.rules("""
targets:
  - {name: mail, kind: email, host: mail.shop.example, tls: none, user: me, password_from: P, from: a@b.c, to: [d@e.f]}
routes:
  - {to: [mail]}
""")
    inbox.put(house.store, [arrival("a", "order 7")], house.now - timedelta(seconds=200))
    look(house.environ, house.now)
    done = look(house.environ | {"P": "hidden"}, house.later(minutes=2).now)
    assert done.problems == ("mail: a password needs tls: starttls or tls",)


def test_the_end_of_an_alert_names_both_of_its_times() -> None:
    body = {"severity": "page", "summary": "x", "alert": "a", "owner": "b", "limit": 2.0, "value": 3.0, "record": "r"}
    body |= {"runbook": "k", "since": "2026-11-20T18:00:00+00:00", "at": "2026-11-20T19:00:00+00:00"}
    one = Notice("id", "e", "t", "resolved", body, 0, 0)
    assert "[PAGE] Over: x" in words(one)
    assert "since 2026-11-20T18:00:00+00:00, over 2026-11-20T19:00:00+00:00" in words(one)
    assert "over" not in words(replace(one, kind="firing")).replace("Over", "")
