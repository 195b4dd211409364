"""Expressions that somebody writes to hang, to fill memory, to read a file or to reach a network.

`python -m tests.mapping_language.hostile` runs each over records of the longest texts and prints what it did, as JSON.
Reads are seen by Python's audit hook and by the kernel's count of bytes that this process read, of whatever kind.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from he_sync.mapping.spec.applying import apply
from he_sync.mapping.spec.compiled import engine
from he_sync.model.errors import FixInput

RECORDS = 20
DEEP = 5_000
EXPRESSIONS = (
    # files, networks, the machine
    "read_csv('/etc/passwd')",
    "read_text('/etc/passwd')",
    "read_parquet('http://127.0.0.1:9/x.parquet')",
    "pg_read_file('/etc/passwd')",
    "load_extension('/lib/x.so')",
    "getenv('HOME')",
    "system('id')",
    "http_get('http://127.0.0.1:9/')",
    "(SELECT content FROM read_text('/etc/passwd'))",
    "EXISTS (SELECT 1 FROM '/etc/passwd')",
    "note IN (SELECT note FROM read_csv('/etc/passwd'))",
    "COPY note TO '/var/he_hostile'",
    "ATTACH '/var/he_hostile.db'",
    "INSTALL httpfs; LOAD httpfs",
    "1; DROP TABLE audit",
    "note; SELECT 1",
    # the interpreter below
    "__import__('os').system('id')",
    "note.__class__.__mro__",
    "eval('1')",
    "{{ note.__class__ }}",
    "${note}",
    "[x FOR x IN note]",
    "note -> note",
    "x -> x + 1",
    "current_user",
    "current_setting('data_directory')",
    "random()",
    "now()",
    # time: deep, long, repeated
    "(" * DEEP + "1" + ")" * DEEP,
    "NOT " * DEEP + "true",
    "- " * DEEP + "1",
    "1" + " + 1" * DEEP,
    "upper(" * DEEP + "note" + ")" * DEEP,
    "CASE WHEN true THEN " * 190 + "1" + " END" * 190,
    "(" * 190 + "1" + ")" * 190,
    "NOT " * 390 + "true",
    "- " * 390 + "1",
    "1" + " + 1" * 190,
    "upper(" * 100 + "note" + ")" * 100,
    "CASE WHEN true THEN " * 70 + "1" + " END" * 70,
    "note || (" * 90 + "note" + ")" * 90,
    "id IN (" + ", ".join(str(each) for each in range(198)) + ", 9" * 100 + ")",
    "(" * 18 + "total > 1" + " BETWEEN true AND true)" * 18,
    "CASE " * 18 + "id" + " WHEN 1 THEN 1 WHEN 2 THEN 2 END" * 18,
    "round((" * 9 + "total" + ") / id, 2)" * 9,
    "CAST(" * 18 + "short" + " AS text)" * 18,
    "nullif(" * 18 + "short" + ", 'x')" * 18,
    "/*" * DEEP,
    "'" + "a" * 100_000,
    "note = '" + "a" * 1_900 + "'",
    "id IN (" + ", ".join(str(each) for each in range(2_000)) + ")",
    "(((((note ~ '(a+)+$')))))",
    "regexp_matches(note, '(a+)+$')",
    "regexp_replace(note, '(a*)*b', '')",
    "note SIMILAR TO '(a|aa)*'",
    "note LIKE '" + "%a" * 200 + "'",
    "note LIKE '%a%a%a%a%b'",
    "generate_series(1, 1000000000)",
    "sum(total) OVER ()",
    "factorial(100000)",
    # memory
    "repeat(note, 1000000000)",
    "lpad(note, 999999999, 'x')",
    "rpad('x', 100, note)",
    "space(1000000000)",
    "replace(note, 'a', '" + "b" * 400 + "')",
    "replace(replace(replace(short, 'a', '" + "a" * 90 + "'), 'a', '" + "a" * 90 + "'), 'a', '" + "a" * 90 + "')",
    " || ".join(["note"] * 150),
    "concat(" + ", ".join(["note"] * 150) + ")",
    "concat(concat(note, note), concat(note, note), concat(note, note))",
    "replace(short, '', 'x')",
    "string_agg(note, note)",
    "array_fill(0, ARRAY[1000000000])",
    # numbers
    "total * total * total * total * total",
    "9" * 400,
    "1e999999999",
    "0x" + "F" * 500,
    "power(9, power(9, 9))",
    "9 ^ 9 ^ 9 ^ 9",
    "1 << 62",
    "total / 0",
    "round(total / (id - id), 2)",
    "round(total, 1000000000)",
    "99999999999999999999 * 99999999999999999999 * 99999999999999999999",
    "exp(1000000)",
    # what only looks like something else
    "t\u043etal",  # a Cyrillic letter within the name
    "total\u0000",
    "to\u202etal",
    "total\u200b + 1",
    "$1",
    ":total",
    "?",
    "E'\\x41'",
    "$$total$$",
    "note::regclass",
    "INTERVAL '1000000 years' * 1000000",
)
MAPPING = """
mapping: hostile
version: 1
source:
  record: till/sale
  fields: {id: integer, total: decimal(2), note: text(20000), short: text(50)}
target:
  record: erp/sale
  fields: {Out: text(20000), Number: decimal(4), Flag: boolean}
map:
  %s:
    sql: |-
      %s
"""


def records() -> list[dict[str, Any]]:
    """As long and as large as their fields may be."""
    one = {"id": 7, "total": Decimal("99999999999999999.99"), "note": "a" * 20_000, "short": "a" * 50}
    return [one] * RECORDS


def tried(expression: str, given: list[dict[str, Any]]) -> str:
    """Why it was refused; "" where it ran in one of three fields. A place in the message is what a person needs."""
    why = ""
    for target in ("Out", "Number", "Flag"):
        try:
            made = apply(engine(MAPPING % (target, expression), "hostile.yaml"), given)
        except FixInput as error:
            why = str(error)
            continue
        if any(record is not None for record in made.records):
            return ""
        why = made.failures[0].text
    return why


def main() -> None:
    """Run all, one after the other, in this process."""
    given, touched = records(), list[str]()
    tried("upper(left(note, 5)) || total", given)
    tried("totl + round(1.5, 1)", given)
    tried("round(total / (id - id), 2)", given)
    armed = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        watched = ("open", "socket.", "subprocess.", "os.system", "os.exec", "ctypes.", "import", "exec")
        if armed and event.startswith(watched):
            touched.append(f"{event} {str(arguments)[:80]}")

    sys.addaudithook(hook)
    before, start = _peak(), _read()
    overhead = _read() - start
    found = []
    for expression in EXPRESSIONS:
        touched.clear()
        read, started, armed = _read(), time.process_time(), True
        why = tried(expression, given)
        armed = False
        seconds, read = time.process_time() - started, _read() - read - overhead
        peak = _peak()
        found.append(
            {
                "expression": expression[:80],
                "why": why[:300],
                "seconds": seconds,
                "read": read,
                "touched": list(touched),
                "grown": peak - before,
            }
        )
        before = peak
    sys.stdout.write(json.dumps(found))


def _read() -> int:
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


def _peak() -> int:
    """Bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
