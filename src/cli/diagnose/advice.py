"""Say what to do about a cause of one request, or of several at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cli.account.copied import KUBECTL, word
from cli.account.problems import with_fix
from cli.diagnose.cause import Cause, Explanation
from cli.diagnose.diagnosis import DiagnosedCsr
from cli.diagnose.remedy import Remedy
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.sentences import ADVICE, FEWER_NAMES_SINCE_1_24
from cli.lines import without_quotes
from core.model import CANONICAL_ARN, Role
from core.printable import printable

#: AWS's page, which asks for this check of all clusters before the upgrade to Kubernetes 1.24.
PAGE: Final = "https://docs.aws.amazon.com/eks/latest/userguide/cert-signing.html"
#: How much is printed of one name, in characters. Requesters choose names, so they are bounded.
LONGEST_NAME: Final = 100

# In characters, like LONGEST_NAME.
_LONGEST_DETAIL: Final = 300
_MAX_NAMES: Final = 5
_MAX_DETAILS: Final = 2
# Requests or instances in one command: a person must still be able to read it.
_MAX_WORDS: Final = 20

#: One request, and what explains it.
Member = tuple[Explanation, DiagnosedCsr]


def about_version(diagnosed: ClusterDiagnosis) -> str:
    """Return, in one line, what the cluster's version means for its requests."""
    if diagnosed.is_strict is None:
        return "version unknown; from 1.24 on EKS issues nothing for a name that it can't verify"
    version = f"Kubernetes {diagnosed.version}"
    if not diagnosed.is_strict:
        return (
            f"{version}: EKS leaves out names that it can't verify; from 1.24 on it issues nothing "
            "for a request with one"
        )
    strict = f"{version}: since 1.24 EKS issues nothing for a request with a name it can't verify"
    if diagnosed.ready is not False:
        return strict
    return f"{strict}; nodes that need action have no certificate now, or one that will expire"


def advise(cause: Cause, members: Sequence[Member], diagnosed: ClusterDiagnosis) -> Remedy:
    """Return what to do about a cause of all these requests.

    Text that a requester chose is escaped and bounded, and quoted in commands.
    """
    advice = ADVICE[cause]
    is_strict = cause is Cause.FEWER_NAMES and diagnosed.is_strict
    text = FEWER_NAMES_SINCE_1_24 if is_strict else advice.text
    if any("{csrs}" in one or "{instances}" in one for one in advice.commands):
        more = len(members) - _MAX_WORDS
        text += f" The command names the first {_MAX_WORDS} of {len(members)}." if more > 0 else ""
    fields = _fields(members, diagnosed)
    return Remedy(
        advice.title,
        tuple(part.format(**fields) for part in text.split("`")),
        tuple(one.format(**fields) for one in advice.commands),
    )


def remedy(explanation: Explanation, csr: DiagnosedCsr, diagnosed: ClusterDiagnosis) -> str:
    """Return what to do about one cause of one request, with the commands between backticks."""
    advice = advise(explanation.cause, [(explanation, csr)], diagnosed)
    return " ".join((advice.text, *(f"`{one}`" for one in advice.commands)))


def node_of(one: DiagnosedCsr) -> str:
    """Return the node's name, or the username of a requester that isn't a node."""
    return printable(one.csr.node or one.csr.username, LONGEST_NAME)


def _fields(members: Sequence[Member], diagnosed: ClusterDiagnosis) -> Mapping[str, str]:
    causes, csrs = [one for one, _ in members], [one for _, one in members]
    cluster, region = printable(diagnosed.name), printable(diagnosed.region)
    names = list(dict.fromkeys(name for one in causes for name in one.values))
    settings = list(dict.fromkeys(setting for one in causes for setting in one.settings))
    details = [one.detail for one in causes]
    roles = _roles(csrs)
    diagnosis = diagnosed.diagnosis
    return {
        "cluster": cluster,
        "region": region,
        "vpc": (diagnosis.cluster.vpc_id if diagnosis else None) or "VPC",
        **_review(diagnosed, cluster, region),
        "aws": f"--region {region}{diagnosed.given.aws}",
        "kubectl": KUBECTL,
        "csrs": _words(one.csr.name for one in csrs),
        "instances": _words(one.instance_id for one in csrs) or "INSTANCE",
        "instance": _one_of([one.instance_id or "" for one in csrs], "instance"),
        "node": _one_of([node_of(one) for one in csrs], "node"),
        "requester": _listed([one.csr.username for one in csrs]),
        "role": _listed(roles) if roles else "the node's role",
        "role_word": word(roles[0]) if roles else "ROLE_ARN",
        "account": _account(roles),
        "names": _listed(names),
        "them": "it" if len(names) == 1 else "them",
        "settings": " and ".join(settings),
        "set": " ".join(f"--set {one}" for one in settings),
        "detail": _details(details) or "see the request",
        "fix": _details([with_fix(one.removeprefix("evidence unavailable: ")) for one in details]),
    }


def _review(diagnosed: ClusterDiagnosis, cluster: str, region: str) -> Mapping[str, str]:
    """Return the start and the end of the command that reviews what the diagnosis is limited to."""
    # Only at the end can a name begin with a hyphen.
    is_last = diagnosed.only.startswith("-")
    name = word(diagnosed.only) if diagnosed.only else ""
    which = f" {name}" if name and not is_last else ""
    options = f"--region {region}{diagnosed.given.judging}"
    return {
        "review": f"csr-approver review {cluster}{which} {options}",
        "last": f" -- {name}" if is_last else "",
    }


def role_of(one: DiagnosedCsr) -> str:
    """Return the ARN of the requester's role; empty if the request doesn't show it."""
    return next(iter(_roles([one])), "")


def _roles(csrs: Iterable[DiagnosedCsr]) -> list[str]:
    """Return the ARNs of the requesters' roles, as far as the requests show them."""
    found = (Role.of_arn(arn) for one in csrs for arn in one.csr.extra.get(CANONICAL_ARN, ()))
    return list(dict.fromkeys(str(role) for role in found if role is not None))


def _account(roles: Sequence[str]) -> str:
    role = next(map(Role.of_arn, roles), None)
    return "the node's own account" if role is None else f"the node's account {role.account}"


def _one_of(values: Sequence[str], noun: str) -> str:
    """Return the one value, or words for several or for none."""
    known = list(dict.fromkeys(filter(None, values)))
    if len(known) > 1:
        return f"these {noun}s"
    return known[0] if known else f"the {noun}"


def _words(values: Iterable[str | None]) -> str:
    """Return the values as words of a shell command, none of which is an option."""
    known = list(dict.fromkeys(filter(None, values)))[:_MAX_WORDS]
    # A requester may call a request `--all`, and `kubectl delete csr --all` deletes every one.
    end = ["--"] if any(one.startswith("-") for one in known) else []
    return " ".join([*end, *map(word, known)])


def _details(details: Sequence[str]) -> str:
    known = [printable(one, _LONGEST_DETAIL) for one in dict.fromkeys(details) if one]
    more = f"; and {len(known) - _MAX_DETAILS} more" if len(known) > _MAX_DETAILS else ""
    return "; ".join(map(without_quotes, known[:_MAX_DETAILS])) + more


def _listed(values: Iterable[str]) -> str:
    known = list(dict.fromkeys(values))
    more = f" and {len(known) - _MAX_NAMES} more" if len(known) > _MAX_NAMES else ""
    return ", ".join(printable(one, LONGEST_NAME) for one in known[:_MAX_NAMES]) + more
