"""Whether the approver may list, update and approve requests in a cluster."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from adapters.api_connection import ApiConnection
from cli.access.manifests import GROUP
from cli.account import rights
from cli.account.rights import Right
from cli.doctor.chain import Finding, broken, ok, still_open, unknown
from core.errors import ClusterUnavailable, NotOnboarded
from core.model import APP_SERVING, KUBELET_SERVING
from core.settings import ReviewSettings

_CSRS: Final = "certificatesigningrequests"

_RIGHTS: Final = {
    "rbac-list": Right("list", _CSRS),
    "rbac-update": Right("update", f"{_CSRS}/approval"),
    "rbac-approve": Right("approve", "signers", KUBELET_SERVING),
}

# The rights for the second signer, which count if it is served.
_APP_SERVING_RIGHTS: Final = {
    "rbac-app-serving": Right("approve", "signers", APP_SERVING),
    "rbac-services": Right("get", "services", group=""),
}

# It may be granted in some namespaces only, by RoleBindings: see deploy/rbac-app-serving.yaml.
_NAMESPACED: Final = "rbac-services"


def needed(settings: ReviewSettings) -> Mapping[str, Right]:
    """Return the rights that the approver needs with these settings, by the names of links."""
    return _RIGHTS | (_APP_SERVING_RIGHTS if settings.app_serving else {})


class ClusterRights:
    """The approver's rights; if a person runs `doctor` as themselves, those of its group."""

    def __init__(
        self,
        connect: Callable[[], ApiConnection],
        needed: Mapping[str, Right],
        access: str,
        *,
        as_approver: bool,
    ) -> None:
        """`connect`: opens a connection to the cluster. `access`: the command that gives access.

        `as_approver`: whether the connection has the approver's own credentials.
        """
        self._connect = connect
        self._rights = needed
        self._access = access
        self._as_approver = as_approver

    def finding(self, link: str) -> Finding:
        """Return whether the approver, or its group, has the right; unknown if we may not ask."""
        allowed = self._allowed[link]
        who = "the approver" if self._as_approver else f"the group {GROUP}"
        if isinstance(allowed, NotOnboarded):
            return unknown(
                f"you may not create SubjectAccessReviews, so the rights of {who} are unknown",
                "use --assume-role",
            )
        if isinstance(allowed, ClusterUnavailable):
            raise allowed
        if allowed:
            return ok(f"{who} may {self._rights[link]}")
        option = " --app-serving" if link in _APP_SERVING_RIGHTS else ""
        fix = f"{self._access}{option} --apply"
        detail = f"{who} may not {self._rights[link]}"
        if link == _NAMESPACED:
            return still_open(f"{detail} in every namespace; elsewhere a person approves", fix)
        return broken(detail, fix)

    @cached_property
    def _allowed(self) -> Mapping[str, bool | ClusterUnavailable]:
        """Each right, or why it is unknown; on one connection, so that retries wait only once."""
        group = "" if self._as_approver else GROUP
        api = self._connect()
        try:
            return {link: _asked(api, right, group) for link, right in self._rights.items()}
        finally:
            api.close()


def _asked(api: ApiConnection, right: Right, group: str) -> bool | ClusterUnavailable:
    try:
        return rights.may(api, right, group)
    except ClusterUnavailable as error:
        return error
