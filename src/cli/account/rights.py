"""Rights of the credentials in AWS and in a cluster, checked without changing anything.

From: Kubernetes, "Authorization", SelfSubjectAccessReview and SubjectAccessReview.
"""

from dataclasses import dataclass
from typing import Any, Final

from adapters.api_connection import ApiConnection
from adapters.aws_clients import AWS_FAULTS, error_code, reported
from adapters.csr_pages import unavailable
from adapters.retry import Answer
from core.errors import EvidenceUnavailable

_DENIED: Final = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"})
_REVIEWS: Final = "/apis/authorization.k8s.io/v1"

# Neither exists: a caller with the right gets an answer that says so, and others a refusal.
_NO_INSTANCE: Final = "i-00000000000000000"
NO_PROFILE: Final = "csr-approver-doctor"


@dataclass(frozen=True, slots=True)
class Right:
    """A right in a cluster. `resource` may have a subresource, and `name` restricts it."""

    verb: str
    resource: str
    name: str = ""
    group: str = "certificates.k8s.io"

    def __str__(self) -> str:
        return " ".join(filter(None, (self.verb, self.resource, self.name)))


def may_describe_instances(ec2: Any) -> bool:
    """Return whether EC2 allows DescribeInstances.

    Raises:
        EvidenceUnavailable: EC2 couldn't be asked.
    """
    try:
        ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [_NO_INSTANCE]}])
    except AWS_FAULTS as error:
        return _refused("EC2 DescribeInstances", error)
    return True


def may_get_profiles(iam: Any) -> bool:
    """Return whether IAM allows GetInstanceProfile.

    Raises:
        EvidenceUnavailable: IAM couldn't be asked.
    """
    try:
        iam.get_instance_profile(InstanceProfileName=NO_PROFILE)
    except AWS_FAULTS as error:
        if error_code(error) == "NoSuchEntity":
            return True
        return _refused("IAM GetInstanceProfile", error)
    return True


def role_may(
    iam: Any, role_arn: str, action: str, *, resource: str = "*", region: str = ""
) -> bool:
    """Return whether a role may do this, as IAM simulates its policies, boundary and SCPs.

    `region`: the Region that is called; empty for a global service.

    Raises:
        EvidenceUnavailable: IAM couldn't be asked; it refuses callers of another account.
    """
    entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string"}
    context = [{**entry, "ContextKeyValues": [region]}] if region else []
    try:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=role_arn,
            ActionNames=[action],
            ResourceArns=[resource],
            ContextEntries=context,
        )
        [result] = answer["EvaluationResults"]
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("IAM SimulatePrincipalPolicy", error)) from error
    return bool(result["EvalDecision"] == "allowed")


def may(connection: ApiConnection, right: Right, group: str = "") -> bool:
    """Return whether the token's user has a right; with `group`, whether the group's members have.

    Raises:
        ClusterUnavailable: the API server couldn't be asked.
        NotOnboarded: the API server forbids the question, which only happens with `group`.
    """
    kind = "SubjectAccessReview" if group else "SelfSubjectAccessReview"
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "name": right.name,
    }
    who = {"user": "csr-approver", "groups": [group, "system:authenticated"]} if group else {}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": kind,
        "spec": {**who, "resourceAttributes": attributes},
    }
    outcome = connection.call("POST", f"{_REVIEWS}/{kind.lower()}s", body)
    if not isinstance(outcome, Answer) or outcome.status != 201:
        raise unavailable(outcome)
    status = outcome.object().get("status")
    return isinstance(status, dict) and status.get("allowed") is True


def _refused(operation: str, error: Exception) -> bool:
    """Return False for a refusal; any other error is no answer."""
    if error_code(error) in _DENIED:
        return False
    raise EvidenceUnavailable(reported(operation, error)) from error
