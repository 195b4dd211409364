"""Flow files on a shelf and a desk of their own (mapping/shelf): compared part by part, checked before they go live."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from he_sync.flows import registry
from he_sync.flows.design.checking import checked
from he_sync.flows.design.editing import is_off, parts_of, switched, version_of, with_part
from he_sync.flows.design.words import asked, said
from he_sync.flows.spec import Flow
from he_sync.mapping.shelf.desk import Craft
from he_sync.mapping.shelf.versions import Sort
from he_sync.mapping.spec.comparing import Difference
from he_sync.mapping.spec.model import WrongMapping
from he_sync.model.errors import FixInput

FLOWS = Sort("flow", "Flow", "defs.yaml", version_of, "defs.off.yaml", is_off)
"""A flow that is switched off lies beside its place: nothing that reads flow files sees it."""
RUNS = "runs"


def differences(old: str, new: str) -> list[Difference]:
    """What differs between two texts, part by part; a list's order is a part of it, the file's wording is none."""
    before, after = _words(old), _words(new)
    keys = [*before, *(key for key in after if key not in before)]
    return [
        Difference(key, before.get(key, ""), after.get(key, ""))
        for key in keys
        if before.get(key, "") != after.get(key, "")
    ]


def _words(text: str) -> dict[str, str]:
    if not text.strip():
        return {}
    found = {RUNS: "no" if is_off(text) else "yes"}
    for key, value in parts_of(text).items():
        if key == "route":
            found |= _routes(value)
        elif isinstance(value, dict):
            found |= {f"{key}.{inner}": said(one) for inner, one in value.items()}
        elif key != "version":
            found[key] = said(value)
    return found


def _routes(value: Any) -> dict[str, str]:
    routes = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    found: dict[str, str] = {}
    for one in routes:
        key = f"route.{one.get('when')}"
        same = sum(name == key or name.startswith(f"{key} ") for name in found)
        found[f"{key} {same + 1}" if same else key] = asked(one)
    return {**found, "order of routes": ", ".join(str(one.get("when")) for one in routes)}


def rebased(base: str, mine: str, theirs: str) -> tuple[str, list[Difference]]:
    """My changes of parts put onto their text, and those that both of us changed otherwise: theirs stay."""
    ours, other, was = parts_of(mine), parts_of(theirs), parts_of(base)
    made, clashes = theirs, []
    for key in [key for key in {**was, **ours} if key != "version" and ours.get(key) != was.get(key)]:
        if other.get(key) == was.get(key):
            made = with_part(made, key, ours.get(key))
        elif other.get(key) != ours.get(key):
            clashes.append(Difference(key, said(other.get(key)), said(ours.get(key))))
    return (switched(made, on=not is_off(mine)) if is_off(mine) != is_off(base) else made), clashes


def sound(name: str, text: str) -> None:
    """Raises WrongMapping with a line for each mistake of a text, FixInput for one of another flow."""
    found = checked(text, name)
    if found.wrong:
        raise WrongMapping(name, list(found.wrong))
    if found.flow and found.flow.name != name:
        raise FixInput(f"the file is of the flow {found.flow.name}, its folder is {name}; they must agree")


def craft(folder: Path) -> Craft:
    """What the desk of a folder's flows does with their texts."""

    def sound_here(name: str, text: str) -> None:
        sound(name, text)
        if is_off(text) and not [one for one in folder.glob("*/defs.yaml") if one.parent.name != name]:
            raise FixInput(f"{name} is the last flow that runs; without any nothing begins")

    return Craft(differences, rebased, lambda text, number: with_part(text, "version", number), sound_here)


def others(folder: Path, name: str) -> list[Flow]:
    """The other flows that run, as far as their files are right."""
    found = [checked(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*/defs.yaml"))]
    return [one.flow for one in found if one.flow and one.flow.name != name]


def beside(flow: Flow, rest: Sequence[Flow]) -> list[str]:
    """What a person should know of a flow beside the others; none of it forbids to save."""
    odd = [f"{line}: until they do, both go on as they are" for line in registry.at_odds([flow, *rest])]
    shared = {
        topic: [one.name for one in rest if topic in one.trigger.topics and one.decider == flow.decider]
        for topic in flow.trigger.topics
    }
    twice = [
        f"{topic} triggers {', '.join(names)} too, which makes the same of it"
        for topic, names in shared.items()
        if names
    ]
    return [*odd, *twice]


def begun(template: str, name: str, description: str) -> str:
    """A new flow's text from another's: its name, version 1; comments and all else as they are."""
    made = with_part(with_part(template, "name", name), "version", 1)
    return switched(with_part(made, "description", description) if description else made, on=True)
