"""Rights: RBAC for CSRs, the Node authorizer's part, and the message of a 403.

From: Kubernetes v1.36.2, k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go,
plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go (NodeRules) and
pkg/registry/certificates (IsAuthorizedForSignerName).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.fake_apiserver.status import GROUP, PLURAL, ApiError, forbidden, quoted
from sandbox.tokens import User

APPROVAL = f"{PLURAL}/approval"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a ClusterRole. `resource` may be a subresource; without `names`, any name."""

    verbs: tuple[str, ...]
    resource: str
    names: tuple[str, ...] = ()
    group: str = GROUP

    def allows(self, verb: str, resource: str, group: str, name: str) -> bool:
        """Return whether this rule allows the request."""
        return (
            (verb in self.verbs or "*" in self.verbs)
            and (resource, group) == (self.resource, self.group)
            and (not self.names or name in self.names)
        )


def approver_rules(*signers: str) -> tuple[Rule, ...]:
    """Return the three rules that an approver of these signers needs; `get` is not needed."""
    return (
        Rule(("list",), PLURAL),
        Rule(("update",), APPROVAL),
        Rule(("approve",), "signers", signers),
    )


#: What an approver of workloads' requests needs in addition, to read its evidence.
SEES_SERVICES = Rule(("get",), "services", group="")

_NODE_RULES = (Rule(("create", "get", "list", "watch"), PLURAL),)


def is_node(user: User) -> bool:
    """Return whether the user is a node. From: pkg/auth/nodeidentifier/default.go."""
    return user.username.startswith("system:node:") and "system:nodes" in user.groups


class Access:
    """The grants of one cluster, by group, as EKS access entries have them, or by user."""

    def __init__(self) -> None:
        self._rules: dict[str, list[Rule]] = {}

    def grant(self, subject: str, rules: Iterable[Rule]) -> None:
        """Give a group (or a user name) these rules."""
        self._rules.setdefault(subject, []).extend(rules)

    def revoke(self, subject: str) -> None:
        """Remove everything that was granted to a subject."""
        self._rules.pop(subject, None)

    def allows(
        self, user: User, verb: str, resource: str, name: str = "", group: str = GROUP
    ) -> bool:
        """Return whether the authorizers allow this user's request."""
        if "system:masters" in user.groups:
            return True
        rules = list(_NODE_RULES if is_node(user) else ())
        for subject in (user.username, *user.groups):
            rules += self._rules.get(subject, ())
        return any(rule.allows(verb, resource, group, name) for rule in rules)

    def may_approve(self, user: User, signer: str) -> bool:
        """Return whether this user may approve for a signer, by its name or by `domain/*`."""
        wildcard = f"{signer.split('/', 1)[0]}/*"
        return any(self.allows(user, "approve", "signers", name) for name in (signer, wildcard))

    def check(self, user: User, verb: str, resource: str = PLURAL, name: str = "") -> None:
        """Raise `ApiError` 403 unless the request is allowed."""
        if not self.allows(user, verb, resource, name):
            raise _forbidden(user, verb, resource, name)


def _forbidden(user: User, verb: str, resource: str, name: str) -> ApiError:
    asked = f"User {quoted(user.username)} cannot {verb} resource {quoted(resource)}"
    cause = f"{asked} in API group {quoted(GROUP)} at the cluster scope"
    for mark, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        cause = cause.replace(mark, safe)
    return forbidden(name, cause)
