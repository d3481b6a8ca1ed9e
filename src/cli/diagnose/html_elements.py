"""Elements of an HTML page, whose text ElementTree escapes when it writes them."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element


def with_code(parts: Iterable[str]) -> Iterator[Element | str]:
    """Yield the parts of a text, every second one as a `code` element."""
    for index, part in enumerate(parts):
        yield tag("code", part) if index % 2 else part


def sortable(name: str, key: object, *children: Element | str, **attributes: str) -> Element:
    """Return a table cell with the key by which the script sorts its column."""
    cell = tag(name, *children, **attributes)
    cell.set("data-key", str(key))
    return cell


def tag(name: str, /, *children: Element | str, **attributes: str) -> Element:
    """Return an element. Text is escaped when the element is written.

    `attributes`: with an underscore at the end of those that Python reserves, such as `class_`.
    """
    made = Element(name, {key.removesuffix("_"): value for key, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):  # ElementTree keeps text that follows a child in that child's `tail`
            made[-1].tail = (made[-1].tail or "") + child
        else:
            made.text = (made.text or "") + child
    return made


def digest(text: str) -> str:
    """Return the hash by which a Content-Security-Policy allows this style or script.

    From: CSP Level 3, section 2.3.1.
    """
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("ascii")).digest()).decode()
