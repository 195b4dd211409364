"""BAI2, the cash management format of banks in the USA: records of comma-separated fields, each record ends in a slash.

Amounts count minor units. Three levels of control totals and record counts say whether the file is whole; all are
checked. A type code from 100 to 399 or 920 to 959 is a credit, from 400 to 699 or 960 to 999 a debit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from he_sync.connect.statements.line import Place, StatementLine, text_of
from he_sync.model.errors import FixInput

HEAD, GROUP, ACCOUNT, DETAIL, MORE = "01", "02", "03", "16", "88"
ACCOUNT_END, GROUP_END, FILE_END = "49", "98", "99"
CREDITS = (range(100, 400), range(920, 960))
DEBITS = (range(400, 700), range(960, 1000))
NOT_MONEY = "890"
AMOUNTS_AFTER = {"S": 3, "V": 2}
"""How many fields of availability follow a funds type; D says itself."""


@dataclass
class _Record:
    """One logical record: its code, its fields, and how many physical lines it took."""

    code: str
    fields: list[str]
    place: Place
    lines: int = 1
    open_text: bool = False


@dataclass
class _Level:
    """What a trailer must say: the sum of amounts or totals, the parts, the physical lines."""

    total: int = 0
    parts: int = 0
    lines: int = 0

    def close(self, record: _Record, parts_told: bool) -> None:
        told = [_whole(record, number) for number in range(3 if parts_told else 2)]
        found = [self.total, *([self.parts] if parts_told else []), self.lines]
        names = ["control total", *(["number of parts"] if parts_told else []), "number of records"]
        for name, ours, theirs in zip(names, found, told, strict=True):
            if ours != theirs:
                raise record.place.refuse(f"{name} is {theirs} and the file has {ours}; the file is cut off or changed")

    def add(self, lower: _Level) -> None:
        self.total += lower.total
        self.parts += 1
        self.lines += lower.lines


@dataclass
class _Where:
    """The levels that are open at a record, and what they say for the records below."""

    file: _Level = field(default_factory=_Level)
    group: _Level | None = None
    account: _Level | None = None
    day: date | None = None
    currency: str = ""
    number: str = ""
    account_currency: str = ""
    done: bool = False


def read(path: Path) -> list[StatementLine]:
    """All lines of a file. Raises FixInput with file, line and rule."""
    where, found, last = _Where(), [], None
    for record in _records(path):
        if where.done:
            raise record.place.refuse("stands after the file's trailer")
        if line := _take(record, where):
            found.append(line)
        last = record
    if not where.done:
        raise FixInput(f"{path.name}: line {last.place.row if last else 0}: no trailer 99; the file is cut off")
    return found


def _records(path: Path) -> Iterator[_Record]:
    record: _Record | None = None
    for row, line in enumerate(text_of(path).splitlines(), 1):
        if not line.strip():
            continue
        place, code, rest = Place(path, "line", row), line[:2], line[3:].rstrip()
        if not re.fullmatch(r"\d\d", code) or line[2:3] != ",":
            raise place.refuse("no record of two digits and a comma")
        ended = rest.endswith("/")
        fields = (rest[:-1] if ended else rest).split(",")
        if code == MORE:
            _continue(record, fields, place, open_text=not ended)
            continue
        if record:
            yield record
        record = _Record(code, fields, place, open_text=not ended)
    if record:
        yield record


def _continue(record: _Record | None, fields: list[str], place: Place, *, open_text: bool) -> None:
    if not record:
        raise place.refuse("a continuation without a record")
    if record.open_text:
        record.fields[-1] += " " + fields[0]
        fields = fields[1:]
    record.fields += fields
    record.lines += 1
    record.open_text = open_text


def _take(record: _Record, where: _Where) -> StatementLine | None:
    """Step into, out of, or read within the levels."""
    if record.code == DETAIL and where.account:
        where.account.lines += record.lines
        return _detail(record, where)
    if record.open_text:
        raise record.place.refuse("does not end in a slash; the file is cut off")
    steps = {HEAD: _head, GROUP: _group, ACCOUNT: _account, ACCOUNT_END: _account_end, GROUP_END: _group_end}
    step = steps.get(record.code, _file_end if record.code == FILE_END else None)
    if not step or record.code == DETAIL:
        raise record.place.refuse(f"record {record.code} does not belong here")
    step(record, where)
    return None


def _head(record: _Record, where: _Where) -> None:
    if where.file.lines:
        raise record.place.refuse("a second file header")
    where.file.lines += record.lines


def _group(record: _Record, where: _Where) -> None:
    if where.group or not where.file.lines:
        raise record.place.refuse("a group outside of the file or within another group")
    where.group = _Level(lines=record.lines)
    where.day = record.place.day(_field(record, 3), "%y%m%d")
    where.currency = (_field(record, 5) if len(record.fields) > 5 else "") or "USD"  # noqa: PLR2004 - the sixth field


def _account(record: _Record, where: _Where) -> None:
    if where.account or not where.group:
        raise record.place.refuse("an account outside of a group or within another account")
    where.account = _Level(lines=record.lines)
    where.number, where.account_currency = _field(record, 0), record.fields[1] if len(record.fields) > 1 else ""
    rest = record.fields[2:]
    while len(rest) > 1 or (rest and rest[0]):
        amount = rest[1] if len(rest) > 1 else ""
        where.account.total += _amount(record, amount) if amount else 0
        rest = _after_funds(record, rest[3:])


def _after_funds(record: _Record, rest: list[str]) -> list[str]:
    """The fields behind a funds type and its availability."""
    kind = rest[0] if rest else ""
    if kind == "D":
        if len(rest) < 2 or not rest[1].isdigit():  # noqa: PLR2004 - the type and its count
            raise record.place.refuse("funds type D without a count")
        return rest[2 + 2 * int(rest[1]) :]
    return rest[1 + AMOUNTS_AFTER.get(kind, 0) :]


def _account_end(record: _Record, where: _Where) -> None:
    if not where.account or not where.group:
        raise record.place.refuse("an account's trailer without an account")
    where.account.lines += record.lines
    where.account.close(record, parts_told=False)
    where.group.add(where.account)
    where.account = None


def _group_end(record: _Record, where: _Where) -> None:
    if not where.group or where.account:
        raise record.place.refuse("a group's trailer without a group, or with an account still open")
    where.group.lines += record.lines
    where.group.close(record, parts_told=True)
    where.file.add(where.group)
    where.group = None


def _file_end(record: _Record, where: _Where) -> None:
    if where.group:
        raise record.place.refuse("the file's trailer with a group still open")
    where.file.lines += record.lines
    where.file.close(record, parts_told=True)
    where.done = True


def _detail(record: _Record, where: _Where) -> StatementLine | None:
    code, amount = _field(record, 0), record.fields[1] if len(record.fields) > 1 else ""
    minor = _amount(record, amount) if amount else 0
    if where.account:
        where.account.total += minor
    if code == NOT_MONEY or not minor:
        return None
    day = where.day
    if record.fields[2:3] == ["V"]:
        day = record.place.day(_field(record, 3), "%y%m%d")
    bank, customer, *text = [*_after_funds(record, record.fields[2:]), "", ""]
    memo = ",".join(text).strip(", ") or customer
    if not day:
        raise record.place.refuse("no date; the group's header must have one")
    currency = where.account_currency or where.currency
    return StatementLine(where.number, currency, day, _sign(record, code) * minor, memo, bank, record.place.row)


def _sign(record: _Record, code: str) -> int:
    number = int(code) if code.isdigit() else 0
    if any(number in span for span in CREDITS):
        return 1
    if any(number in span for span in DEBITS):
        return -1
    raise record.place.refuse(f"type code {code!r} is neither a credit nor a debit")


def _field(record: _Record, number: int) -> str:
    if len(record.fields) <= number or not record.fields[number]:
        raise record.place.refuse(f"field {number + 2} is missing")
    return record.fields[number]


def _whole(record: _Record, number: int) -> int:
    return _amount(record, _field(record, number))


def _amount(record: _Record, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise record.place.refuse(f"{text!r} is not a whole number of minor units")
    return int(text)
