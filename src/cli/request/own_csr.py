"""One certificate request of the caller: file it, read it, approve it, delete it.

Rights needed: `create` and `get` on CSRs; `delete` to delete it; to approve it, `update` on
`approval`, and `approve` on the signer. Each call has a connection of its own: there may be minutes
between them, and a token lasts fifteen.
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

#: The reason of the condition if the requester also approves the request. It differs from the
#: approver's, which counts and watches its own approvals.
BY_REQUESTER: Final = "ApprovedByRequester"
_MESSAGE: Final = "Approved by its requester, with csr-approver request --approve."

#: Errors of the request itself; 401 and 403 are about the caller, and 429 and 5xx are temporary.
_REFUSALS: Final = frozenset({400, 409, 413, 422})


class RequestRejected(CsrApproverError):
    """The API server rejects the request, and says why. The cluster doesn't have it."""


@dataclass(frozen=True, slots=True)
class Filed:
    """The request in the cluster. `item`: the object, from which a write starts."""

    csr: Csr
    item: Json


class OwnCsr:
    """The request of one name. Calls may raise ClusterUnavailable, or NotOnboarded (401, 403)."""

    def __init__(self, name: str, connect: Callable[[], ApiConnection]) -> None:
        """`connect`: opens a new connection."""
        self._path = f"{CSRS}/{quote(name, safe='')}"
        self._connect = connect

    def look(self) -> Filed | None:
        """Return the request; None if there is none of that name."""
        outcome = self._call("GET")
        return None if _is(outcome, 404) else _filed(outcome, 200)

    def file(self, manifest: Mapping[str, Any]) -> Filed:
        """File the request. If the answer was lost and the request is there, return that one.

        Raises:
            RequestRejected: the name is taken, or the API server refuses it.
        """
        outcome = self._call("POST", CSRS, manifest)
        if _is(outcome, 201):
            return _filed(outcome, 201)
        if _is(outcome, 409):
            there = self._readable()
            if there is not None and is_of(there, manifest):
                return there
        if isinstance(outcome, Answer) and outcome.status in _REFUSALS:
            raise RequestRejected(outcome.words)
        raise unavailable(outcome)

    def approve(self, filed: Filed) -> Filed | None:
        """Approve this version; return None if it has changed or is gone: read it again."""
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

    def delete(self, filed: Filed) -> bool:
        """Delete this version; return False if it has changed since, e.g. was issued."""
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
    """Return whether it is the one that was filed: no one else has the key that signed it."""
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
        raise ClusterUnavailable("answer", csr.problem)
    return Filed(csr, item)
