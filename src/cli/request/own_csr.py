"""One certificate request of one's own: file it, look at it, approve it, take it back.

Rights needed: `create` and `get` on CSRs; `delete` to take one back; to approve, `update` on their
`approval`, and `approve` on the signer. Each call has a connection of its own, as there may be
minutes between them, and a token lasts fifteen.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from adapters.api_connection import ApiConnection
from adapters.csr_items import read_item
from adapters.csr_pages import CSRS, unavailable
from adapters.retry import Answer, Outcome
from core.errors import ClusterUnavailable, CsrApproverError
from core.model import Csr

Json = dict[str, Any]

#: The reason of the condition by which whoever files a request approves it, too. It is none of the
#: approver's, which counts and watches its own.
BY_REQUESTER: Final = "ApprovedByRequester"
_MESSAGE: Final = "Approved by whoever filed it, with csr-approver request --approve."

#: What is wrong with the request itself; 401 and 403 are about who asks, 429 and 5xx will pass.
_REFUSALS: Final = frozenset({400, 409, 413, 422})


class NotTaken(CsrApproverError):
    """The API server doesn't take the request; tells why. Nothing of it is in the cluster."""


@dataclass(frozen=True, slots=True)
class Filed:
    """The request as it stands in the cluster; `item` is what a write of it begins with."""

    csr: Csr
    item: Json


class OwnCsr:
    """The request of one name. Any call may raise ClusterUnavailable; NotOnboarded on 401, 403."""

    def __init__(self, name: str, connect: Callable[[], ApiConnection]) -> None:
        """`connect`: makes a new connection each time."""
        self._path = f"{CSRS}/{quote(name, safe='')}"
        self._connect = connect

    def look(self) -> Filed | None:
        """The request; None where there is none of that name."""
        outcome = self._call("GET")
        return None if _is(outcome, 404) else _filed(outcome, 200)

    def file(self, manifest: Mapping[str, Any]) -> Filed:
        """File it. Where an answer is lost and the request there, that is the one that was filed.

        Raises:
            NotTaken: the name is taken, or the API server refuses it.
        """
        outcome = self._call("POST", CSRS, manifest)
        if _is(outcome, 201):
            return _filed(outcome, 201)
        if _is(outcome, 409):
            there = self._readable()
            if there is not None and is_of(there, manifest):
                return there
        if isinstance(outcome, Answer) and outcome.status in _REFUSALS:
            raise NotTaken(outcome.words)
        raise unavailable(outcome)

    def approve(self, filed: Filed) -> Filed | None:
        """Approve what was seen; None where it has changed, or is gone: look anew."""
        status = filed.item.get("status") or {}
        condition = {
            "type": "Approved",
            "status": "True",
            "reason": BY_REQUESTER,
            "message": _MESSAGE,
        }
        conditions = [*(status.get("conditions") or ()), condition]
        body = {**filed.item, "status": {**status, "conditions": conditions}}
        outcome = self._call("PUT", f"{self._path}/approval", body)
        return None if _is(outcome, 404, 409) else _filed(outcome, 200)

    def take_back(self, filed: Filed) -> bool:
        """Delete what was seen; False where it has changed since, such as by being issued."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {
                "uid": filed.csr.uid,
                "resourceVersion": filed.csr.resource_version,
            },
        }
        outcome = self._call("DELETE", body=options)
        if _is(outcome, 200, 404):
            return True
        if _is(outcome, 409):
            return False
        raise unavailable(outcome)

    def _readable(self) -> Filed | None:
        """Return the request of that name; None if there is none, or if it can't be read.

        One that can't be read isn't ours: what this command files can be read.
        """
        try:
            return self.look()
        except ClusterUnavailable as error:
            if error.cause == "answer":
                return None
            raise

    def _call(self, method: str, path: str = "", body: Mapping[str, Any] | None = None) -> Outcome:
        with closing(self._connect()) as connection:
            return connection.call(method, path or self._path, body)


def is_of(filed: Filed, manifest: Mapping[str, Any]) -> bool:
    """Whether it is the one that was filed: nobody else has the key that signed it."""
    spec = filed.item.get("spec") or {}
    return bool(spec.get("request") == manifest["spec"]["request"])


def _is(outcome: Outcome, *statuses: int) -> bool:
    return isinstance(outcome, Answer) and outcome.status in statuses


def _filed(outcome: Outcome, status: int) -> Filed:
    if not isinstance(outcome, Answer) or outcome.status != status:
        raise unavailable(outcome)
    item = outcome.object()
    csr = read_item(item)
    if not isinstance(csr, Csr):
        raise ClusterUnavailable("answer", f"the request can't be read: {csr.problem}")
    return Filed(csr, item)
