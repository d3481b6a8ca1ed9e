"""The Services of one cluster, read one by one (`core.ports.Services`).

Right needed: `get` on services in the served namespaces. `list` isn't needed: the approver reads
only Services that a request names, and an answer has the size of one object.
"""

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote

from adapters.api_connection import ApiConnection
from adapters.retry import Answer, NoAnswer
from adapters.service_items import service_of
from core.budget import SERVICE_CALL_SECONDS
from core.errors import EvidenceUnavailable, OutOfTime
from core.model import DNS_LABEL, Service, ServicesHidden

_GRANT: Final = "deploy/rbac-app-serving.yaml grants it"

_Shown = Service | ServicesHidden | EvidenceUnavailable


class KubernetesServices:
    """The Services that one run needs, each read once.

    A failure is the answer for that Service only.
    """

    def __init__(self, connection: ApiConnection) -> None:
        """`connection`: the run's, to the cluster."""
        self._connection = connection
        self._shown: dict[tuple[str, str], _Shown | None] = {}

    def named(self, namespace: str, names: Collection[str]) -> Mapping[str, _Shown]:
        """Return what the API server shows for each name; a missing Service is absent."""
        for name in names:
            if (namespace, name) not in self._shown:
                self._shown[namespace, name] = self._get(namespace, name)
        shown = {name: self._shown[namespace, name] for name in names}
        return {name: found for name, found in shown.items() if found is not None}

    def _get(self, namespace: str, name: str) -> _Shown | None:
        # The requester chose both, so only DNS labels go into the path, and they are quoted.
        if not (DNS_LABEL.fullmatch(namespace) and DNS_LABEL.fullmatch(name)):
            return _unavailable("a name that no Service can have")
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/services/{quote(name, safe='')}"
        # No retry of a 403: the CSRs were listed before, so the API server isn't starting, and a
        # namespace that isn't served must not delay the others.
        outcome = self._connection.call(
            "GET", path, stop_at=SERVICE_CALL_SECONDS, retry_forbidden=False
        )
        match outcome:
            case Answer(status=200):
                return _read(outcome, namespace, name)
            case Answer(status=404) if _says_not_found(outcome, name):
                return None
            case Answer(status=403):
                return ServicesHidden(f"{outcome.words}; {_GRANT}")
            case NoAnswer(cause="time"):
                return OutOfTime(f"Service: {outcome.detail}")
            case NoAnswer():
                return _unavailable(outcome.detail)
        return _unavailable(outcome.words)


def _read(answer: Answer, namespace: str, name: str) -> Service | EvidenceUnavailable:
    try:
        service = service_of(answer.object())
    except ValueError as error:
        return _unavailable(str(error))
    if (service.namespace, service.name) != (namespace, name):
        return _unavailable("the answer is about another Service")
    return service


def _says_not_found(answer: Answer, name: str) -> bool:
    """Return whether the 404 is the API server's for this Service, and not a proxy's."""
    read = answer.object()
    details = read.get("details")
    known = details if isinstance(details, dict) else {}
    return read.get("reason") == "NotFound" and (known.get("kind"), known.get("name")) == (
        "services",
        name,
    )


def _unavailable(why: str) -> EvidenceUnavailable:
    return EvidenceUnavailable(f"Service: {why}")
