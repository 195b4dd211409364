"""A flow as data: what triggers it, what it reads, checks, matches, maps, where it asks a person, what it writes.

The same YAML file is a Dagster component (`type` and `attributes`); this is the form of its attributes. Which names a
flow may use for its steps is not said here: see registry.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from he_sync.mapping.rules import MapRules
from he_sync.model.errors import FixInput

COMPONENT = "assets.flow.Flow"
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Topic = Annotated[str, Field(pattern=r"^(heartland|shop|processor|epicor)/[A-Za-z][A-Za-z0-9_.]*$")]


class Part(BaseModel):
    """A frozen part of a flow that refuses unknown keys, so that a misspelt option is an error and not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError('write amounts and percentages in quotes ("5000.00"); YAML reads them as inexact otherwise')  # noqa: TRY004 - pydantic names the place of a ValueError only
    return value


Exact = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0)]
Because = Annotated[str, Field(max_length=200, description="What the person who decides reads; made up when empty")]


class Trigger(Part):
    """Which events make a flow look at an entity."""

    topics: tuple[Topic, ...] = Field(min_length=1, description='"<source>/<topic>" as the inbox keeps it')


class Match(Part):
    """Who the customer of a sale is in the ERP."""

    customers: tuple[Literal["link", "email_and_name"], ...] = ("link", "email_and_name")
    walk_in: Literal["profile"] = "profile"


class Map(MapRules):
    """What a record becomes, and how a sale is mapped where the flow decides it (mapping/rules.py)."""

    to: Name = Field(description="A registered mapping, e.g. sales_order")


class Amount(Part):
    """Worth more than `over`."""

    when: Literal["amount"]
    over: Exact
    to: Literal["approval"]
    because: Because = ""


class NewCustomer(Part):
    """Of a customer whom the ERP does not know yet, worth more than `over_amount`."""

    when: Literal["new_customer"]
    over_amount: Exact = Decimal(0)
    to: Literal["approval"]
    because: Because = ""


class Margin(Part):
    """Less left than `under_percent` of the goods' price after their cost, where a cost is known."""

    when: Literal["margin"]
    under_percent: Exact
    to: Literal["approval"]
    because: Because = ""


class BlockedPart(Part):
    """A part on the order is inactive or on hold in the ERP."""

    when: Literal["blocked_part"]
    to: Literal["approval"]
    because: Because = ""


class AfterPosting(Part):
    """Something of it is shipped or invoiced in the ERP: what is posted is never overwritten unseen."""

    when: Literal["changed_after_posting"]
    to: Literal["approval"]
    because: Because = ""


Route = Annotated[Amount | NewCustomer | Margin | BlockedPart | AfterPosting, Field(discriminator="when")]


class Push(Part):
    """How it is written. `function` needs the Epicor Function HeSync/CreateOrderOnce at the customer's Epicor."""

    target: Literal["epicor", "heartland"]
    way: Literal["composite", "function"] = "composite"
    duplicates: Literal["look_up"] = "look_up"


class Record(Part):
    """Records of any kind, carried to Heartland by a mapping file: where they are read, and where they go."""

    service: str = Field(pattern=r"^(Erp|Ice)\.BO\.[A-Za-z0-9]+Svc$", description="Epicor's, e.g. Erp.BO.VendorSvc")
    set: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="Its set of heads, e.g. Vendors")
    key: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="The column that tells its rows apart")
    key_is: Literal["number", "text"] = "number"
    mapping: Name = Field(description="A mapping of this installation; its target fields are what is written")
    into: str = Field(pattern=r"^[a-z_]+(/[a-z_]+)*$", description="Heartland's collection, e.g. purchasing/vendors")
    known_by: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="The target field that names a record there")


class Flow(Part):
    """One flow, complete."""

    name: Name
    version: int = Field(ge=1, description="Raise it with every change; stories and dead letters name it")
    description: str = Field(default="", max_length=2000)
    trigger: Trigger
    not_before: date | None = Field(default=None, description="Records of earlier business dates are left alone")
    read: Name
    checks: tuple[Name, ...] = Field(default=(), alias="validate")
    match: Match | None = None
    map: Map | None = None
    decide: Name | Literal[""] = Field(default="", description="Empty: as the mapping is called")
    route: tuple[Route, ...] = ()
    push: Push | None = None
    record: Record | None = None
    report_back: tuple[Name, ...] = ()

    @property
    def decider(self) -> str:
        """The name of the step that says what is to be done."""
        return self.decide or (self.map.to if self.map else "")


class FlowFile(Part):
    """A flow file."""

    type: Literal["assets.flow.Flow"]
    attributes: Flow


def schema() -> dict[str, Any]:
    """The JSON schema of a flow file, for editors and the canvas."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **FlowFile.model_json_schema(by_alias=True)}


def complaints(path: Path) -> list[str]:
    """What is wrong with a flow file: a line a problem with file, line, place and rule; none when it is right."""
    try:
        parse(path)
    except FixInput as error:
        return str(error).split("\n")
    return []


def parse(path: Path) -> Flow:
    """Read a flow file. Raises FixInput with a line for each problem."""
    return parsed(read(path), path)


def read(path: Path) -> str:
    """The text of a flow file. Raises FixInput where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FixInput(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise FixInput(f"{path}: is not UTF-8 text") from None


def parsed(text: str, path: Path) -> Flow:
    """The flow in a text; `path` is named in what is wrong with it. Raises FixInput with a line for each problem."""
    try:
        document = yaml.load(text, _Strict)  # noqa: S506 - a SafeLoader that refuses a key given twice
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FixInput(f"{path}:{line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise FixInput(f"{path}: not YAML ({error})".replace("\n", " ")) from None
    except ValueError as error:  # 2026-13-01: YAML takes it for a date, and its reader trips over it
        raise FixInput(f"{path}: is no date ({error})") from None
    try:
        return FlowFile.model_validate(document).attributes
    except ValidationError as error:
        node = yaml.compose(text, yaml.SafeLoader)
        raise FixInput("\n".join(_line(path, node, one["loc"], one["msg"]) for one in error.errors())) from None


def _line(path: Path, node: yaml.Node | None, place: Sequence[int | str], rule: str) -> str:
    """The tags of a union are no place in the file, and pydantic names them: `route.0.amount.over`."""
    line, named = 1, []
    for step in place:
        inner = _inner(node, step)
        if inner is None and isinstance(node, yaml.MappingNode) and step in _tags(node):
            continue
        named.append(str(step))
        line = inner.start_mark.line + 1 if inner else line
        node = inner or node
    return f"{path}:{line}: {'.'.join(named) or 'file'}: {rule.removeprefix('Value error, ')}"


def _inner(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        inner: yaml.Node = node.value[step]
        return inner
    return None


def _tags(node: yaml.MappingNode) -> set[str]:
    return {value.value for key, value in node.value if key.value == "when"}


class _Strict(yaml.SafeLoader):
    """YAML takes the last of two equal keys; a flow with two `route` parts would lose one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is one word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
