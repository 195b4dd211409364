"""The named steps, a closed list. Each says what it takes: one list makes the check, the form and the schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from he_sync.mapping.expressions import functions, numbers, turning
from he_sync.mapping.expressions.bounds import LONGEST_CELL, LONGEST_PAD
from he_sync.mapping.expressions.functions import MOST_DAYS, MOST_DECIMALS, MOST_PARTS
from he_sync.mapping.spec import making
from he_sync.mapping.spec.making import Make
from he_sync.mapping.spec.parameters import Parameter

FORMS = ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%b %d, %Y")
OTHERWISE = ("refuse", "keep", "empty")


@dataclass(frozen=True)
class Step:
    """A step: words for people, what it takes, what it makes of a value."""

    name: str
    words: str
    parameters: tuple[Parameter, ...]
    make: Make


STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step("trim", "Takes spaces off both ends", (), making.on_text(lambda e: e.str.strip_chars())),
        Step(
            "squeeze",
            "Makes one space of several",
            (),
            making.on_text(lambda e: e.str.strip_chars().str.replace_all(r"\s+", " ")),
        ),
        Step("upper", "Capital letters", (), making.on_text(lambda e: e.str.to_uppercase())),
        Step("lower", "Small letters", (), making.on_text(lambda e: e.str.to_lowercase())),
        Step("title", "A capital letter at each word", (), making.on_text(lambda e: e.str.to_titlecase())),
        Step("digits", "Keeps digits alone", (), making.on_text(lambda e: e.str.replace_all(r"[^0-9]", ""))),
        Step("first_names", "All words of a name but the last", (), making.name(first=True)),
        Step("last_name", "The last word of a name", (), making.name(first=False)),
        Step(
            "cut",
            "Keeps the first characters",
            (Parameter("to", "whole", "characters", 1, LONGEST_CELL),),
            making.cut,
        ),
        Step(
            "part",
            "One part of a text",
            (
                Parameter("by", "text", "parted by", 1, LONGEST_PAD),
                Parameter("at", "whole", "number of the part, -1 for the last", -MOST_PARTS, MOST_PARTS),
            ),
            lambda v, g, _: functions.part(making.text(v), g["by"], g["at"] or 1),
        ),
        Step(
            "replace",
            "Puts one text in the place of another",
            (
                Parameter("old", "text", "what is replaced", 1, LONGEST_PAD),
                Parameter("new", "text", "by what", 0, default=""),
            ),
            lambda v, g, _: functions.replaced(making.text(v), g["old"], g["new"]),
        ),
        Step(
            "prefix",
            "Puts a text before it, where there is something",
            (Parameter("text", "text", "text", 1),),
            making.around(before=True),
        ),
        Step(
            "suffix",
            "Puts a text behind it, where there is something",
            (Parameter("text", "text", "text", 1),),
            making.around(before=False),
        ),
        Step(
            "pad",
            "Fills up to a length",
            (
                Parameter("to", "whole", "characters", 1, LONGEST_PAD),
                Parameter("with", "text", "with", 1, 1, default="0"),
                Parameter("side", "choice", "side", choices=("left", "right"), default="left"),
            ),
            lambda v, g, _: functions.padded(turning.to_text(v), g["to"], g["with"], left=g["side"] == "left"),
        ),
        Step("default", "A value where there is nothing", (Parameter("value", "any", "value"),), making.default),
        Step(
            "or_field", "Another field where there is nothing", (Parameter("field", "field", "field"),), making.or_field
        ),
        Step(
            "with_fields",
            "Other fields behind it",
            (
                Parameter("fields", "fields", "fields"),
                Parameter("by", "text", "parted by", 0, LONGEST_PAD, default=" "),
            ),
            making.with_fields,
        ),
        Step(
            "lookup",
            "What a table of the file says",
            (
                Parameter("table", "table", "table"),
                Parameter("otherwise", "choice", "where it says nothing", choices=OTHERWISE, default="refuse"),
            ),
            making.look_up,
        ),
        Step("required", "Refuses a record without it", (), making.required),
        Step("text", "Makes a text of it", (), lambda v, *_: turning.to_text(v)),
        Step(
            "number",
            "Reads a number",
            (Parameter("decimals", "whole", "decimals", 0, MOST_DECIMALS, default=2),),
            lambda v, g, _: turning.to_number(v, g["decimals"]),
        ),
        Step(
            "round",
            "Rounds half away from zero",
            (Parameter("to", "whole", "decimals", 0, MOST_DECIMALS),),
            lambda v, g, _: numbers.rounded(making.number(v), g["to"]),
        ),
        Step("times", "Multiplies exactly", (Parameter("by", "exact", "by"),), making.times),
        Step("plus", "Adds exactly", (Parameter("what", "exact", "what"),), making.plus),
        Step("negate", "Turns the sign", (), lambda v, *_: making.number(v).become(-v.expr)),
        Step("absolute", "Takes the sign off", (), lambda v, *_: making.number(v).become(v.expr.abs())),
        Step("yes_no", "Reads yes or no", (), lambda v, *_: turning.to_boolean(v)),
        Step(
            "date",
            "Reads a day",
            (Parameter("as", "choice", "form", choices=FORMS, default=FORMS[0]),),
            lambda v, g, _: turning.to_date(v, g["as"]),
        ),
        Step("instant", "Reads a time with its zone", (), lambda v, *_: turning.to_instant(v)),
        Step(
            "local_date", "The day of a time at a place", (Parameter("zone", "zone", "time zone"),), making.local_date
        ),
        Step(
            "add_days",
            "A day so many days later",
            (Parameter("days", "whole", "days", -MOST_DAYS, MOST_DAYS),),
            lambda v, g, _: functions.later(v, g["days"]),
        ),
        Step(
            "show_date", "Writes a day in a form", (Parameter("as", "choice", "form", choices=FORMS),), making.show_date
        ),
    )
}
TIMES: Mapping[str, int] = {
    "default": 3,
    "or_field": 3,
    "with_fields": 2,
    "lookup": 3,
    "required": 2,
    "text": 2,
    "number": 5,
    "yes_no": 4,
    "date": 4,
    "instant": 4,
}
"""How often what a step computes names its value, where it is more than once: steps behind one another multiply."""
