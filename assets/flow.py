"""A flow file as a Dagster component: the asset `flow/<name>` with what triggers it and where it asks a person."""

import importlib
import warnings
from pathlib import Path
from types import ModuleType
from typing import Self

import dagster as dg
import yaml
from pydantic import BaseModel, PydanticDeprecatedSince20

from assets.days import OWNERS
from assets.drain import LONGEST, drain
from he_sync.flows import last_good, registry, spec
from he_sync.flows.folder import flows_folder
from he_sync.model.errors import FixInput, HeSyncError
from he_sync.settings import store_address
from he_sync.store.database import open_store
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

GROUP = "0_flows"
SOURCES = [
    dg.AssetSpec([source, "events"], group_name=GROUP, kinds={"webhook"}, description=about)
    for source, about in {
        "heartland": "Webhooks of Heartland Retail, and its polled changes",
        "shop": "Signed webhooks of the shop (Standard Webhooks)",
        "processor": "Signed status notifications of the card processor",
        "epicor": "BPM posts and CDC pushes of Epicor, and its polled changes",
    }.items()
]
"""Where events come from; the receiver and the polls put them into the inbox."""


class Flow(dg.Component):
    """A flow: its events are read, checked, matched, mapped, decided and pushed by the job `drain`."""

    def __init__(self, flow: spec.Flow) -> None:
        self.flow = flow

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes are the engine's flow. No Dagster templating: a flow file holds no expression."""
        return spec.Flow

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:  # noqa: ARG003 - see below
        """Read by the engine's own loader, which also refuses a key given twice and a step that nobody registered."""
        return cls(registry.load(context.path / "defs.yaml"))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002 - Dagster's signature
        """The asset. By hand it is materialised by draining once what waits, all flows: events belong to several."""
        return dg.Definitions(assets=[_asset(self.flow)])


def load_flows(package: str = "") -> dg.Definitions:
    """Every flow file of this installation (HE_FLOWS) or below a package, and where events come from.

    Of a bad one the last good version of this installation, its page naming what is wrong. Raises with file and line
    where there is none.
    """
    module = importlib.import_module(package) if package else _module()
    sources = dg.Definitions(assets=SOURCES)
    folder = Path(next(iter(module.__path__)))
    if usable := _in_place_of_bad_ones(folder):
        return dg.Definitions.merge(sources, dg.Definitions(assets=[_asset(flow, why) for flow, why in usable]))
    tree = dg.ComponentTree.from_module(defs_module=module, project_root=Path(module.__path__[0]).parents[1])
    with warnings.catch_warnings():
        # Dagster 1.13 reads the YAML of a component with a function that pydantic has deprecated.
        warnings.simplefilter("ignore", PydanticDeprecatedSince20)
        return dg.Definitions.merge(sources, tree.build_defs())


def _module() -> ModuleType:
    """The folder of the flows as the package that Dagster asks for: an installation's own is none that is installed."""
    module = ModuleType("assets.flows")
    module.__file__, module.__path__ = None, [str(flows_folder().resolve())]
    return module


def _in_place_of_bad_ones(folder: Path) -> list[tuple[spec.Flow, str]]:
    """Flows to load by hand, each with what is wrong with its file; none where Dagster may read the files itself.

    The store is opened only where a file is bad, so that loading the code needs no database otherwise.
    """
    try:
        registry.load_all(folder)
    except FixInput:
        address = store_address()
        if isinstance(address, Path) and not address.exists():
            return []
        try:
            with open_store(address) as store:
                found = last_good.usable(store, folder)
        except HeSyncError:
            return []
        why = {one.flow: one.text for one in found.broken}
        return [(flow, why.get(flow.name, "")) for flow in found.flows]
    return []


def _asset(flow: spec.Flow, wrong: str = "") -> dg.AssetsDefinition:
    @dg.asset(
        key=["flow", flow.name],
        deps=sorted({dg.AssetKey([topic.partition("/")[0], "events"]) for topic in flow.trigger.topics}),
        group_name=GROUP,
        kinds={"yaml"},
        owners=OWNERS,
        description=f"**Its file is wrong.** {wrong}\n\n{flow.description}" if wrong else flow.description,
        metadata=_facts(flow),
        code_version=str(flow.version),
    )
    def drained_once(
        context: dg.AssetExecutionContext, memory: MemoryResource, connections: ConnectionsResource
    ) -> None:
        drain(context, memory, connections, linger=0, longest=LONGEST)

    return drained_once


def _facts(flow: spec.Flow) -> dict[str, dg.MetadataValue]:
    """What the asset page shows of a flow: its parts as they stand in the file."""
    parts = flow.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    shown = {"trigger": "trigger", "checks": "validate", "match": "match", "mapping": "map", "routes": "route"}
    found = {name: parts[part] for name, part in shown.items() if part in parts}
    return {name: dg.MetadataValue.md(_block(part)) for name, part in found.items()}


def _block(part: object) -> str:
    return f"```yaml\n{yaml.safe_dump(part, sort_keys=False)}```"
