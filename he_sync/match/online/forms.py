"""The standard forms of one record in plain Python, a hundred microseconds for 12 milliseconds by columns.

The rules are those of `match/standardise.py`, whose patterns and tables are used here; a property test over every kind
of record holds the two together. A record that Python reads otherwise than polars goes through the batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import polars as pl
from rapidfuzz.distance import OSA

from he_sync.match import emails, identity, names, phones, streets, table
from he_sync.match.companies import _FORM, BRACKETS, THE
from he_sync.match.emails import _owned
from he_sync.match.names import _END as _SUFFIX
from he_sync.match.online.text import STRIP, folded, pattern, plain, replaced, words
from he_sync.match.reading import GIVEN
from he_sync.match.standardise import STANDARD, Habits, standardised
from he_sync.match.table import _MARKS as _MARKS_OF

Form = dict[str, str]
Record = Mapping[str, str]
_LEGAL, _THE, _END = pattern(_FORM), pattern(THE), pattern(r"\s(\S+)$")
_BRACKETS, _CROSSING = pattern(BRACKETS), pattern(streets.CROSSING)
_CITY, _COUNTRY = pattern(streets.CITY), pattern(streets.COUNTRY)
_TITLE, _GENERATION = pattern(names.TITLES), pattern(_SUFFIX)
_MIDDLE = pattern(r"^(.+)\s(\S)$")
_MAIL = pattern(emails.ADDRESS)
_MARKS, _DIGITS = pattern(phones.MARKS), pattern(r"^[x#]*([0-9]*)")
_ABROAD = pattern(r"^(?:00|011)?1(\d{10})$")
_REPEATED = pattern(r"^(?:0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$")
_MADE_UP = pattern(r"^\d{3}5550[01]\d{2}$|^\d{3}0{7}$|^\d{3}(\d)0{6}$")
_UNIT, _BOX, _MILITARY = pattern(streets.UNIT), pattern(streets.BOX), pattern(streets.MILITARY)
_NUMBER, _CODE = pattern(r"^(\d\w*)\s+"), pattern(r"[^a-z0-9]")
_YEAR_FIRST, _YEAR_LAST = pattern(identity.YEAR_FIRST), pattern(identity.YEAR_LAST)
_UNWRITTEN = pattern(r"[\W_]")
_WORDS = streets.KINDS | streets.DIRECTIONS | streets.ORDINALS
_TOWNS = streets.DIRECTIONS | streets.TOWNS
_LETTERS = _MARKS_OF.tolist()
READ = (*GIVEN, *identity.EXTRA)
FOREIGN = range(3, 11)


@dataclass(frozen=True)
class Known:
    """What a whole file teaches about reading one record: habits, roots of names, usual states, contacts of nobody."""

    habits: Habits
    short: Mapping[str, str]
    usual: table.Usual
    mails: frozenset[str]
    phones: frozenset[str]

    @cached_property
    def contacts(self) -> list[pl.Expr]:
        """User, host and digits where somebody has them; long tables are read once, not once a question."""
        mail = pl.concat_str("user", "host", separator="@").is_in(sorted(self.mails))
        nobody = {"user": mail, "host": mail, "digits": pl.col("digits").is_in(sorted(self.phones))}
        return [pl.when(which).then(pl.lit("")).otherwise(name).alias(name) for name, which in nobody.items()]

    @cached_property
    def full_names(self) -> tuple[pl.Expr, pl.Expr]:
        """As `table.full_names` gives them."""
        return table.full_names(self.short)

    @cached_property
    def state(self) -> pl.Expr:
        """As `table.state_by` gives it."""
        return table.state_by(self.usual)


def form(record: Record, known: Known) -> Form:
    """One record's columns as `match/table.py` has them, from STANDARD to state."""
    given = {name: record.get(name) or "" for name in READ}
    if not all(map(plain, given.values())):
        return forms(pl.DataFrame({name: [value] for name, value in given.items()}), known).row(0, named=True)
    found = _people(given, known.habits) | _mailbox(given["email"]) | _digits(given["phone"]) | _address(given)
    found |= {"birth": _birth(given["birth_date"].strip(STRIP)), "identifier": _identifier(given["identifier"])}
    return _placed(_clean({name: found[name] for name in STANDARD}, known), known)


def forms(records: pl.DataFrame, known: Known) -> pl.DataFrame:
    """The same of many records, column by column."""
    frame = standardised(records, known.habits).with_columns(known.contacts)
    return table.rooted(frame, known.full_names).with_columns(known.state)


def _clean(found: Form, known: Known) -> Form:
    if f"{found['user']}@{found['host']}" in known.mails:
        found |= {"user": "", "host": ""}
    return found | {"digits": ""} if found["digits"] in known.phones else found


def _people(given: Form, habits: Habits) -> Form:
    firm, as_firm = _tidy(given["company"]), _tidy(given["last_name"])
    family = given["last_name"]
    if firm == "" and given["first_name"].strip(STRIP) == "" and _is_firm(family, as_firm, habits):
        firm, family = as_firm, ""
    first, last = _TITLE.sub("", words(folded(given["first_name"])), count=1), words(folded(family))
    said = _GENERATION.search(last) or _GENERATION.search(first)
    first, last = _GENERATION.sub("", first, count=1), _GENERATION.sub("", last, count=1)
    first, last = (last, first) if _exchanged(first, last, habits.names) else (first, last)
    first, middle = _initial(first)
    last, other = _initial(last)
    generation = names.GENERATIONS[said[1]] if said else ""
    return {"first": first, "middle": middle or other, "last": last, "generation": generation, "firm": firm}


def _is_firm(family: str, as_firm: str, habits: Habits) -> bool:
    if _LEGAL.search(words(folded(family))):
        return True
    end = _END.search(as_firm)
    return end is not None and end[1] in habits.endings


def _tidy(value: str) -> str:
    text = words(_BRACKETS.sub(r"\1", folded(value), count=1).replace("&", " and "))
    return _THE.sub("", _LEGAL.sub("", _LEGAL.sub("", text, count=1), count=1), count=1)


def _exchanged(first: str, last: str, counts: names.Counts) -> bool:
    if len(first) <= 1 or len(last) <= 1:
        return False
    log = {
        (value, field): math.log(counts[field].get(value, 0) + 0.5) for value in (first, last) for field in names.FIELDS
    }
    straight, crosswise = (log[first, "first"], log[last, "last"]), (log[first, "last"], log[last, "first"])
    return crosswise[0] + crosswise[1] - straight[0] - straight[1] > names.SWAP


def _initial(name: str) -> tuple[str, str]:
    end = _MIDDLE.match(name)
    return (end[1], end[2]) if end and end[2].isalpha() else (name, "")


def _mailbox(value: str) -> Form:
    parts = _MAIL.match(folded(value).strip(STRIP))
    user, host = (parts[1], _meant(parts[2])) if parts else ("", "")
    user = user.partition("+")[0]
    of_host = user == host.partition(".")[0]
    made_up = user in emails.JUNK_USERS and (of_host or host in emails.PROVIDERS)
    if host in emails.JUNK_HOSTS or made_up:
        return {"user": "", "host": ""}
    return {"user": user.replace(".", "") if host in emails.DOTLESS else user, "host": host}


@lru_cache(maxsize=10_000)
def _meant(host: str) -> str:
    """The host that a misspelt one stands for."""
    near = [name for name in emails.PROVIDERS if OSA.distance(host, name, score_cutoff=1) == 1]
    alone = len(near) == 1 and host not in emails.REAL and host not in emails.PROVIDERS
    return near[0] if alone and not _owned(host, near[0]) else host


def _digits(value: str) -> Form:
    bare = _MARKS.sub("", value.lower())
    found = _DIGITS.match(bare)
    digits = _ABROAD.sub(r"\1", found[1] if found else "", count=1)
    junk = len(digits) < phones.SHORTEST or digits in phones.SEQUENCES
    return {"digits": "" if junk or _REPEATED.search(digits) or _MADE_UP.search(digits) else digits}


def _address(given: Form) -> Form:
    text = _CROSSING.sub(r"\1", folded(given["street"]).strip(STRIP), count=1)
    number, road, unit = _line(text)
    if "box" in text:
        box, military = _BOX.search(text), _MILITARY.search(text)
        if military:
            number, road, unit = military[3], f"{military[1]} {military[2]}", ""
        elif box:
            number, road, unit = box[1], "po box", ""
    zip5 = _postcode(given["zip"], given["state"].strip(STRIP).lower())
    town = _CITY.sub(r"\1", replaced(words(folded(given["city"])), _TOWNS), count=1)
    region = words(folded(given["state"]))
    return {
        "number": number, "road": road, "unit": unit, "zip5": zip5, "town": town, "region": region
    }  # fmt: skip


def _postcode(value: str, state: str) -> str:
    plain_code = _CODE.sub("", _COUNTRY.sub(r"\1", value.lower().strip(STRIP), count=1))
    if plain_code.isdigit() and len(plain_code) in (streets.ZIP, streets.ZIP + streets.SHORT_ZIP):
        return plain_code[: streets.ZIP]
    if plain_code.isdigit() and len(plain_code) == streets.SHORT_ZIP and state in streets.ZERO_STATES:
        return plain_code.zfill(streets.ZIP)
    numbered = any(one.isdigit() for one in plain_code)
    return plain_code if numbered and len(plain_code) in FOREIGN else ""


def _birth(value: str) -> str:
    if parts := _YEAR_FIRST.match(value):
        date = parts[1] + parts[2].zfill(2) + parts[3].zfill(2)
    elif parts := _YEAR_LAST.match(value):
        month, day = (parts[2], parts[1]) if int(parts[1]) > identity.HALF_A_YEAR else (parts[1], parts[2])
        date = parts[3] + month.zfill(2) + day.zfill(2)
    else:
        date = value if len(value) == len("YYYYMMDD") and value.isdecimal() else ""
    return "" if date in identity.NOBODY else date


def _identifier(value: str) -> str:
    told = _UNWRITTEN.sub("", value.lower())
    return told if told.strip(told[:1]) else ""


def _line(text: str) -> tuple[str, str, str]:
    """House number, street and unit of a line that names no box."""
    split = _UNIT.search(text)
    line = replaced(words(split[1] if split else text), _WORDS)
    number = _NUMBER.match(line)
    return number[1] if number else "", line[number.end() :] if number else line, split[2] if split else ""


def _placed(found: Form, known: Known) -> Form:
    """With the columns that blocking reads: roots, whole name, place, area, consonants, state."""
    first, last, zip5 = found["first"], found["last"], found["zip5"]
    root, area = known.short.get(first, first), found["digits"][:3]
    state = found["region"] or known.usual["zip"].get(zip5[:3]) or known.usual["area"].get(area, "")
    return found | {
        "root": root,
        "surname_root": known.short.get(last, last),
        "name": f"{root} {last}" if root and last else "",
        "place": f"{found['town']} {found['region']}" if found["town"] else "",
        "area": area,
        "skeleton": last[:1] + str(_consonants(last[1:])),
        "state": state,
    }


def _consonants(letters: str) -> int:
    found = 0
    for byte in letters.encode():
        found |= _LETTERS[byte]
    return found
