"""docs/demo.svg, the README's picture, is the screen that the demo prints."""

import html
import re
import xml.etree.ElementTree as ET
from typing import Final

import pytest

from cli.demo.run import Play, play
from tests.docs.picture import PICTURE, drawn

SVG: Final = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def played() -> Play:
    return play()


def test_the_picture_is_what_the_demo_prints(played: Play) -> None:
    """If this fails, look at what has changed, then run `make picture`."""
    assert PICTURE.read_text() == drawn(played)


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    """A browser shows an image without what it would have to fetch."""
    links = set(re.findall(r"https?://[^\"' <]+", html.unescape(PICTURE.read_text())))

    assert {"http://www.w3.org/2000/svg"} == {link for link in links if "10.20." not in link}


def test_every_line_of_the_picture_is_within_its_frame() -> None:
    """80 columns and all lines: nothing is cut at an edge."""
    root = ET.fromstring(PICTURE.read_text())  # noqa: S314  our own file
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    texts = list(root.iter(f"{SVG}text"))

    assert len(texts) > 40
    assert all(float(text.attrib.get("y", 0)) < height for text in texts)
    assert all(
        float(text.attrib.get("x", 0)) + float(text.attrib.get("textLength", 0)) < width
        for text in texts
    )
