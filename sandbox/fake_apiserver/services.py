"""Services of a fake cluster, read by name. Only `put` creates them, not the API.

From: Kubernetes v1.36.2, pkg/apis/core/types.go (Service), and what kube-apiserver was measured to
answer.
"""

import uuid
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import Final

from sandbox.fake_apiserver.access import Access
from sandbox.fake_apiserver.bodies import time_text
from sandbox.fake_apiserver.status import ApiError, Json, quoted
from sandbox.tokens import User

RESOURCE: Final = "services"


class ServiceStore:
    """Services by namespace and name."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Json] = {}

    def put(
        self,
        namespace: str,
        name: str,
        created: datetime,
        *,
        kind: str = "ClusterIP",
        ips: Sequence[str] = (),
    ) -> None:
        """Create or replace a Service. Without addresses it is headless, or an ExternalName."""
        spec: Json = {"type": kind, "sessionAffinity": "None"}
        if kind == "ExternalName":
            spec["externalName"] = "example.com"
        else:
            addresses = list(ips) or ["None"]
            spec |= {"clusterIP": addresses[0], "clusterIPs": addresses}
        self._items[namespace, name] = {
            "kind": "Service",
            "apiVersion": "v1",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": str(uuid.uuid4()),
                "resourceVersion": "1",
                "creationTimestamp": time_text(created),
            },
            "spec": spec,
            "status": {"loadBalancer": {}},
        }

    def remove(self, namespace: str, name: str) -> None:
        """Delete a Service."""
        del self._items[namespace, name]

    def get(self, user: User, access: Access, namespace: str, name: str) -> Json:
        """Return a Service. Raises `ApiError` 403 or 404."""
        if not access.allows(user, "get", RESOURCE, name, group=""):
            raise _forbidden(user, namespace, name)
        if (namespace, name) not in self._items:
            details = {"name": name, "kind": RESOURCE}
            raise ApiError(404, "NotFound", f"{RESOURCE} {quoted(name)} not found", details)
        return deepcopy(self._items[namespace, name])


def _forbidden(user: User, namespace: str, name: str) -> ApiError:
    message = (
        f"{RESOURCE} {quoted(name)} is forbidden: User {quoted(user.username)} cannot get resource"
        f' {quoted(RESOURCE)} in API group "" in the namespace {quoted(namespace)}'
    )
    return ApiError(403, "Forbidden", message, {"name": name, "kind": RESOURCE})
