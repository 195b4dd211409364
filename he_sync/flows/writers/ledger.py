"""Journals: one posted group an effect, under a group id that its key gives."""

from __future__ import annotations

from base64 import b32encode

from he_sync.connect.epicor_sequences import JournalLine, find_posted, post_journal
from he_sync.flows.writers.bench import Bench, Body, Writer
from he_sync.model.money import to_major


def group_id(key: str) -> str:
    """The journal group of an effect: nine characters are all that Epicor's GroupID holds.

    Forty bits of the key meet by chance once in about a million journals; a found group counts as ours only when its
    lines carry our text too.
    """
    return "H" + b32encode(bytes.fromhex(key)).decode()[:8]


def _find(bench: Bench, key: str, body: Body) -> str | None:
    texts = {line["text"] for line in body["lines"]}
    posted = find_posted(bench.systems.epicor, group_id(key))
    return next((str(row["JournalNum"]) for row in posted if row["Description"] in texts), None)


def _write(bench: Bench, key: str, body: Body) -> str:
    books, currency = bench.retailer.epicor, bench.retailer.currency
    lines = [
        JournalLine(line["account"], to_major(int(line["amount_minor"]), currency), line["text"])
        for line in body["lines"]
    ]
    header = {
        "BookID": books.book,
        "JournalCode": books.journal_code,
        "JEDate": f"{body['date']}T00:00:00",
        "Description": body["text"],
    }
    return str(post_journal(bench.systems.epicor, group_id(key), header, lines).journal_num)


WRITERS = {"post_journal": Writer(_find, _write), "post_store_day": Writer(_find, _write)}
"""Two kinds of one write: the plan of a night gives way to what differs now, an approved journal does not."""
