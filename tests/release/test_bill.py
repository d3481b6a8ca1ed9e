"""The list of what the packages contain: what is there, and the same text on each run."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.model.bom import Bom

from release.bill import bill


def install(folder: Path, name: str, version: str, *lines: str) -> None:
    """Write what pip leaves of a distribution in a package."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    text = (f"Name: {name}", f"Version: {version}", *lines)
    (info / "METADATA").write_text("Metadata-Version: 2.4\n" + "\n".join(text) + "\n")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    install(
        tmp_path,
        "App_One",
        "1.2",
        "License-Expression: MIT",
        "Requires-Dist: lib>=2",
        "Requires-Dist: left-out",
        'Requires-Dist: other; extra == "all"',
        'Requires-Dist: other; python_version < "3"',
    )
    install(tmp_path, "lib", "2.0", "License: BSD")
    install(tmp_path, "other", "3.0")
    return tmp_path


def made(package: Path) -> Any:
    return json.loads(bill(package))


def test_each_distribution_is_a_component_with_its_license(package: Path) -> None:
    """Scanners find it by its package URL."""
    components = made(package)["components"]

    assert [
        ("pkg:pypi/app-one@1.2", "app-one", "1.2", [{"license": {"id": "MIT"}}]),
        ("pkg:pypi/lib@2.0", "lib", "2.0", [{"license": {"name": "BSD"}}]),
        ("pkg:pypi/other@3.0", "other", "3.0", None),
    ] == [(one["purl"], one["name"], one["version"], one.get("licenses")) for one in components]


def test_a_component_depends_on_what_it_needs_here(package: Path) -> None:
    """Neither extras, nor other Pythons' needs, nor what the package leaves out count."""
    needs = {one["ref"]: one.get("dependsOn", []) for one in made(package)["dependencies"]}

    assert ["pkg:pypi/lib@2.0"] == needs["pkg:pypi/app-one@1.2"]
    assert [] == needs["pkg:pypi/lib@2.0"]
    assert 3 == len(needs["csr-approver"])


def test_the_list_has_no_time_and_no_random_number(package: Path) -> None:
    """Two builds have the same one."""
    assert "serialNumber" not in made(package)
    assert "timestamp" not in made(package)["metadata"]
    assert bill(package) == bill(package)


def test_the_library_reads_the_list(package: Path) -> None:
    """It is CycloneDX 1.6."""
    read = Bom.from_json(made(package))  # type: ignore[attr-defined]  # added at run time

    assert "1.6" == made(package)["specVersion"]
    assert {"app-one", "lib", "other"} == {component.name for component in read.components}
