"""What `make build` reports about the package."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from package.assemble import assemble
from package.coldstart import first_answers, obstacle
from package.contents import UNUSED_DISTRIBUTIONS, kept
from package.report import report
from package.target import Target
from tests.package.conftest import ARCHITECTURE, PYTHON_VERSION, libraries
from tests.template.templates import ROOT

FOREIGN = Target("arm64" if ARCHITECTURE == "x86_64" else "x86_64", PYTHON_VERSION)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Make a build of two tiny functions, with its libraries and sources."""
    for folder in ("build/DispatcherFunction", "build/ReviewerFunction", "libraries/bin", "src"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("A = 1\n")
    return tmp_path


def lines(folder: Path, target: Target) -> list[str]:
    return list(report(folder / "build", folder / "libraries", folder / "src", target))


def test_the_report_shows_sizes_and_hashes(small: Path) -> None:
    """The report shows the package, the same without byte code, and a plain `sam build`."""
    reported = lines(small, FOREIGN)
    rows = [re.split(r"  +", line) for line in reported]

    assert ["", "zipped", "unzipped", "first answer"] == rows[0]
    assert ["this package", "without byte code", "plain sam build"] == [row[0] for row in rows[1:4]]
    assert {"0.0 MB"} == {size for row in rows[1:4] for size in row[1:3]}
    assert re.fullmatch(r"content, by Python 3\.[0-9.]+  sha256 [0-9a-f]{64}", reported[-2])
    archive = small / f"csr-approver-{FOREIGN.architecture}.zip"
    assert f"{archive}  sha256 {sha256(archive.read_bytes()).hexdigest()}" == reported[-1]


def test_the_report_invents_no_times(small: Path) -> None:
    """A package that can't run here isn't measured, and the report says why."""
    reported = lines(small, FOREIGN)

    assert ["not measured"] * 3 == [re.split(r"  +", line)[-1] for line in reported[1:4]]
    assert (
        f"first answer: not measured here, this machine isn't Linux on {FOREIGN.architecture}"
        in reported
    )


def test_another_python_version_is_an_obstacle() -> None:
    """A package is measured only by the Python version that it is for."""
    assert "this Python isn't 3.9" == obstacle(Target(ARCHITECTURE, "3.9"))


def test_functions_that_differ_are_refused(small: Path) -> None:
    """The functions differ only if the sources changed between the two builds."""
    (small / "build/ReviewerFunction/a.py").write_text("A = 2\n")

    with pytest.raises(ValueError, match="differ"):
        lines(small, FOREIGN)


def test_machine_code_of_another_machine_is_refused(small: Path) -> None:
    """The libraries of an earlier build may be for the other processor."""
    (small / "build/ReviewerFunction/a.so").write_bytes(b"\x7fELF" + bytes(16))

    with pytest.raises(ValueError, match=r"a\.so: for machine 0"):
        lines(small, FOREIGN)


def test_the_first_answer_is_measured(build: Path) -> None:
    """The real package answers without any network."""
    event = {"Records": [{"body": '{"cluster": "prod", "region": "eu-north-1"}'}]}

    assert "" == obstacle(Target(ARCHITECTURE, PYTHON_VERSION))
    assert 0 < first_answers({"it": build / "ReviewerFunction"}, event)["it"]


def test_a_package_that_fails_is_not_measured(tmp_path: Path) -> None:
    """A package that fails has no first answer to measure."""
    with pytest.raises(RuntimeError, match=r"Runtime\.ImportModuleError"):
        first_answers({"empty": tmp_path}, {})


# --- builds that fail -----------------------------------------------------------------------------


def test_a_list_that_is_out_of_date_is_refused(tmp_path: Path) -> None:
    """A library or part that is listed as unused must be installed, or the list is out of date."""
    with pytest.raises(ValueError, match=r"aiohttp, .*: listed as unused"):
        list(kept(tmp_path))

    for name in UNUSED_DISTRIBUTIONS:
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    with pytest.raises(ValueError, match=r"/.*: listed as unused"):
        list(kept(tmp_path))


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    """Leftovers of an earlier package would be shipped."""
    (tmp_path / "old.py").touch()

    with pytest.raises(ValueError, match="expected an empty folder"):
        assemble(libraries(), ROOT / "src", tmp_path, Target(ARCHITECTURE, PYTHON_VERSION))
