"""Every link of every page leads to a file, and to a heading of it. Other sites aren't asked."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK: Final = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)|<img src=\"([^\":]+)\"")
_CODE_BLOCK: Final = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
#: Not after "From:", where it is another project's.
_POINTER: Final = re.compile(
    r"^(?!.*From:).*?((?:docs/(?:decisions/)?)?[A-Za-z-]+\.md)(?:#([\w-]+))?", re.MULTILINE
)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings. From: GitHub Docs, Basic writing, Section links."""
    headings = re.findall(r"^#+ (.+)$", _CODE_BLOCK.sub("", page.read_text()), re.MULTILINE)
    plain = (re.sub(r"[^\w -]", "", heading) for heading in headings)
    return {heading.strip().lower().replace(" ", "-") for heading in plain}


def is_there(target: Path, anchor: str) -> bool:
    """Return whether the file is there and has the anchor."""
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link, picture in _LINK.findall(_CODE_BLOCK.sub("", page.read_text())):
        path, _, anchor = (link or picture).partition("#")
        target = page.parent / path if path else page
        if not is_there(target, anchor):
            broken.append(link or picture)

    assert [] == broken


def test_every_page_that_code_and_templates_name_is_there() -> None:
    """They name pages by their path in the project, some of them with a heading."""
    files = [
        file
        for pattern in ("src/**/*.py", "package/*.py", "sandbox/**/*.py", "*.yaml", "deploy/*.yaml")
        for file in ROOT.glob(pattern)
    ]
    named = {
        (file.name, path, anchor)
        for file in files
        for path, anchor in _POINTER.findall(file.read_text())
    }

    assert len(named) > 5
    assert [] == [one for one in sorted(named) if not is_there(ROOT / one[1], one[2])]


def test_links_are_found() -> None:
    """If none were found, nothing would be checked."""
    found = [link for page in PAGES for link in _LINK.findall(page.read_text())]

    assert len(found) > 100
