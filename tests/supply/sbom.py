"""The bill of materials in CycloneDX 1.6: every locked package with its hashes, licence and what it asks for.

The same lock and the same packages give the same bytes: no time, and a serial number made of the content.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from he_sync.model.errors import BrokenPromise
from tests.supply.lock import Package


def bill(some: Sequence[Package], version: str) -> str:
    """The document. Raises BrokenPromise where it does not satisfy the published schema."""
    ours = Component(name="he-sync", version=version, type=ComponentType.APPLICATION, bom_ref="he-sync")
    bom = Bom()
    bom.metadata.component = ours
    parts: dict[str, list[Component]] = {}
    asked = {name for one in some for name in one.needs}
    for one in some:
        parts.setdefault(one.name, []).append(_component(one))  # one version a Python version, for some
    bom.components.update(part for versions in parts.values() for part in versions)
    bom.register_dependency(ours, [part for name in parts.keys() - asked for part in parts[name]])
    for one in some:
        needs = [part for name in one.needs for part in parts.get(name, ())]
        for part in parts[one.name]:
            bom.register_dependency(part, needs)
    return _checked(_same_bytes(JsonV1Dot6(bom).output_as_string()))


def _component(one: Package) -> Component:
    return Component(
        name=one.name,
        version=one.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{one.name}=={one.version}",
        purl=PackageURL("pypi", None, one.name, one.version),
        licenses=[DisjunctiveLicense(name=one.licence)] if one.licence else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in one.hashes],
    )


def _same_bytes(text: str) -> str:
    said = json.loads(text)
    said["metadata"].pop("timestamp", None)
    said.pop("serialNumber", None)
    body = json.dumps(said, sort_keys=True)
    return json.dumps({**said, "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, body).urn}, indent=1, sort_keys=True)


def _checked(text: str) -> str:
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise BrokenPromise(f"the bill of materials is not CycloneDX 1.6: {str(wrong).splitlines()[0]}")
    return text
