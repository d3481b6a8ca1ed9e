"""List what the functions' packages contain, in CycloneDX: an SBOM without time or random number.

From: CycloneDX 1.6, JSON; package URLs of type `pypi`. The list holds what is in the package, not
what was asked for: it is read from the metadata that each distribution brings.
"""

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.version import VERSION

_LICENSES: Final = LicenseFactory()


def bill(package: Path) -> str:
    """Return the list as JSON, the same for the same content. `package`: its folder."""
    found = sorted(distributions(path=[str(package)]), key=_name)
    components = {_name(one): _component(one) for one in found}
    bom = Bom(components=components.values())
    bom.metadata.component = Component(
        name="csr-approver", version=VERSION, type=ComponentType.APPLICATION, bom_ref="csr-approver"
    )
    bom.register_dependency(bom.metadata.component, components.values())
    for one in found:
        bom.register_dependency(components[_name(one)], _needed(one, components))
    made = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    # Both are optional, and differ on each run.
    del made["serialNumber"], made["metadata"]["timestamp"]
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


def _name(distribution: Distribution) -> str:
    return canonicalize_name(distribution.metadata["Name"])


def _component(distribution: Distribution) -> Component:
    name, version = _name(distribution), distribution.version
    url = PackageURL("pypi", name=name, version=version)
    return Component(
        name=name,
        version=version,
        purl=url,
        bom_ref=str(url),
        licenses=[_LICENSES.make_from_string(text) for text in _license(distribution)],
    )


def _license(distribution: Distribution) -> Iterator[str]:
    """Yield the license, if the distribution states one. From: core metadata 2.4."""
    metadata = distribution.metadata
    for field in ("License-Expression", "License"):
        if field in metadata:
            yield metadata[field]
            return


def _needed(distribution: Distribution, components: dict[str, Component]) -> Iterable[Component]:
    """Return those components that the distribution needs without any extra."""
    for text in distribution.requires or ():
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            name = canonicalize_name(needed.name)
            if name in components:
                yield components[name]
