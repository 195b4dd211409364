"""Customer fields in standard form with pandas' `.str`, the way it is usually written: our rules, another engine.

Imports nothing of this tree: it also runs in the environment of `peer_splink`.
"""

from __future__ import annotations

import pandas as pd

WORDS = r"[^\w]+|_"
GENERATION = r"\s(jr|junior|sr|senior|ii|2nd|iii|3rd|iv|4th)$"
LEGAL = (
    r"\s(?:incorporated|corporation|company|limited|l l c|l l p|pty ltd|llc|inc|corp|co|ltd|llp|lp|plc|pllc|pc|pa|gmbh"
    r"|ag|sa|bv|pty)$"
)
PLACES = {
    "avenue": "ave", "av": "ave", "street": "st", "str": "st", "road": "rd", "drive": "dr", "lane": "ln", "court": "ct",
    "circle": "cir", "place": "pl", "boulevard": "blvd", "terrace": "ter", "highway": "hwy", "parkway": "pkwy",
    "square": "sq", "trail": "trl", "plaza": "plz", "alley": "aly", "crossing": "xing", "cove": "cv", "point": "pt",
    "ridge": "rdg", "heights": "hts", "center": "ctr", "centre": "ctr", "creek": "crk", "mount": "mt",
    "mountain": "mtn", "fort": "ft", "saint": "st", "route": "rte", "north": "n", "south": "s", "east": "e",
    "west": "w", "northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "first": "1st",
    "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th", "seventh": "7th",
    "eighth": "8th", "ninth": "9th", "tenth": "10th",
}  # fmt: skip
UNIT = (
    r"^(.*?\S)[\s,]+(?:(?:apt|apartment|unit|suite|ste|fl|floor|rm|room|lot|spc|space|bldg|building|no)\b\.?\s*#?|#)"
    r"\s*([\w-]+)\s*$"
)
BOX = r"\b(?:p\s*\.?\s*o\s*\.?\s*box|post office box|pobox)\s*#?\s*(\w+)"
ADDRESS = r"^(?:mailto:)?\s*<?([^@\s<>]+)@([^@\s<>]+\.[^@\s<>.]+)>?$"
JUNK = r"^(?:0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$|^\d{3}5550[01]\d{2}$|^\d{3}0{7}$|^\d{3}\d0{6}$"


def standardised(records: pd.DataFrame) -> pd.DataFrame:
    """Columns id, first, middle, last, generation, firm, user, host, digits, number, road, unit, zip5, town, region."""
    parts = (_people(records), _company(records), _mail(records), _phone(records), _place(records))
    return pd.concat([records[["id"]], *parts], axis=1)


def _folded(text: pd.Series) -> pd.Series:
    lower = text.str.lower()
    if lower.str.contains(r"[^\x00-\x7f]").any():
        lower = lower.str.normalize("NFKD").str.replace(r"[\u0300-\u036f]", "", regex=True)
    return lower


def _words(text: pd.Series) -> pd.Series:
    return _folded(text).str.replace(r"['`\u2019]", "", regex=True).str.replace(WORDS, " ", regex=True).str.strip()


def _people(records: pd.DataFrame) -> pd.DataFrame:
    first = _words(records["first_name"]).str.replace(r"^(?:mr|mrs|ms|miss|dr|prof|rev|sir|madam)\s+", "", regex=True)
    last = _words(records["last_name"])
    generation = last.str.extract(GENERATION)[0].fillna(first.str.extract(GENERATION)[0]).fillna("")
    first, last = (name.str.replace(GENERATION, "", regex=True) for name in (first, last))
    end = r"^(.+)\s([^\W\d_])$"
    middle = first.str.extract(end)[1].fillna(last.str.extract(end)[1]).fillna("")
    first, last = (name.str.replace(end, r"\1", regex=True) for name in (first, last))
    return pd.DataFrame({"first": first, "middle": middle, "last": last, "generation": generation})


def _company(records: pd.DataFrame) -> pd.DataFrame:
    firm = _words(records["company"].str.replace("&", " and ", regex=False))
    firm = firm.str.replace(LEGAL, "", regex=True).str.replace(LEGAL, "", regex=True)
    return pd.DataFrame({"firm": firm.str.replace(r"^the\s", "", regex=True)})


def _mail(records: pd.DataFrame) -> pd.DataFrame:
    parts = _folded(records["email"]).str.strip().str.extract(ADDRESS).fillna("")
    user, host = parts[0].str.replace(r"\+.*$", "", regex=True), parts[1]
    dotless = host.isin(["gmail.com", "googlemail.com"])
    user = user.where(~dotless, user.str.replace(".", "", regex=False))
    junk = user.isin(["none", "na", "test", "noemail", "unknown", "x"]) & (host.str.extract(r"^([^.]*)")[0] == user)
    return pd.DataFrame({"user": user.mask(junk, ""), "host": host.mask(junk, "")})


def _phone(records: pd.DataFrame) -> pd.DataFrame:
    digits = records["phone"].str.replace(r"(?i)\s*(?:x|ext\.?|extension|#)\s*(\d{1,6})\s*$", "", regex=True)
    digits = digits.str.replace(r"[^0-9]", "", regex=True).str.replace(r"^(?:00|011)?1(\d{10})$", r"\1", regex=True)
    junk = digits.str.contains(JUNK) | (digits.str.len() < 7) | digits.isin(["1234567890", "0123456789", "9876543210"])
    return pd.DataFrame({"digits": digits.mask(junk, "")})


def _place(records: pd.DataFrame) -> pd.DataFrame:
    text = _folded(records["street"]).str.strip()
    parts, box = text.str.extract(UNIT), text.str.extract(BOX)[0]
    line = _words(parts[0].fillna(text))
    for old, new in PLACES.items():
        line = line.str.replace(rf"\b{old}\b", new, regex=True)
    number = line.str.extract(r"^(\d\w*)\s")[0].fillna("")
    road = line.str.replace(r"^\d\w*\s+", "", regex=True)
    return pd.DataFrame(
        {
            "number": box.fillna(number),
            "road": road.where(box.isna(), "po box"),
            "unit": parts[1].fillna("").where(box.isna(), ""),
            "zip5": records["zip"].str.extract(r"^\s*([0-9]{5})(?:[\s-]?[0-9]{4})?\s*$")[0].fillna(""),
            "town": _words(records["city"]),
            "region": _words(records["state"]),
        }
    )
