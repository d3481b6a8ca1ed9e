"""The objects of a fake cluster, in etcd's order, with versions and consistent lists."""

import base64
import json
from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from threading import RLock

from sandbox.fake_apiserver.status import Json, bad_request, expired, not_found

#: How many lists are kept for their continue tokens; the tokens of older ones are answered 410.
REMEMBERED_LISTS = 64


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list. `token`: for the next part, empty at the end. `left`: objects after it."""

    items: tuple[Json, ...]
    version: int
    token: str = ""
    left: int = 0


class Store:
    """Objects by name. They are never changed in place: an object that was read stays the same."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._objects: dict[str, Json] = {}
        self._version = 1
        self._lists: OrderedDict[int, tuple[Json, ...]] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return name in self._objects

    def get(self, name: str) -> Json:
        """Return an object. Raises `ApiError` 404."""
        try:
            return self._objects[name]
        except KeyError:
            raise not_found(name) from None

    def all(self) -> tuple[Json, ...]:
        """Return every object, in the order of the names' bytes."""
        with self.lock:
            names = sorted(self._objects, key=lambda name: name.encode("utf-8", "surrogatepass"))
            return tuple(self._objects[name] for name in names)

    def write(self, name: str, item: Json) -> Json:
        """Store an object with a new resourceVersion, unless nothing else changes."""
        with self.lock:
            old = self._objects.get(name)
            if old is not None and _content(old) == _content(item):
                return old
            self._version += 1
            stored = deepcopy(item)
            stored["metadata"]["resourceVersion"] = str(self._version)
            self._objects[name] = stored
            return stored

    def remove(self, name: str) -> Json:
        """Delete an object and return it. Raises `ApiError` 404."""
        with self.lock:
            item = self.get(name)
            self._version += 1
            del self._objects[name]
            return item

    def page(self, wanted: Callable[[Json], bool], limit: int, token: str) -> Page:
        """Return the next `limit` wanted objects (0: all), of the list as of its first page.

        A full page has a token if any object follows, wanted or not: the next page may be empty.

        Raises `ApiError` 400 for an invalid token, 410 for the token of a forgotten list.
        """
        with self.lock:
            version, start = _decoded(token) if token else (self._version, 0)
            items = self._lists.get(version) if token else self.all()
            if items is None:
                raise expired()
            here = (n for n in range(start, len(items)) if wanted(items[n]))
            taken = list(islice(here, limit or None))
            found = tuple(items[n] for n in taken)
            left = len(items) - taken[-1] - 1 if limit and len(taken) == limit else 0
            if not left:
                return Page(found, version)
            self._remember(version, items)
            return Page(found, version, _encoded(version, taken[-1] + 1), left)

    def forget_lists(self) -> None:
        """Expire every continue token (410), as a compaction does."""
        with self.lock:
            self._lists.clear()

    def _remember(self, version: int, items: tuple[Json, ...]) -> None:
        self._lists[version] = items
        while len(self._lists) > REMEMBERED_LISTS:
            self._lists.popitem(last=False)


def _content(item: Json) -> Json:
    meta = {k: v for k, v in item["metadata"].items() if k != "resourceVersion"}
    return {**item, "metadata": meta}


def _encoded(version: int, start: int) -> str:
    text = json.dumps({"v": "fake", "rv": version, "start": start})
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decoded(token: str) -> tuple[int, int]:
    try:
        padded = token.encode() + b"=" * (-len(token) % 4)
        read = json.loads(base64.urlsafe_b64decode(padded))
        return int(read["rv"]), int(read["start"])
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"continue key is not valid: {error}") from None
