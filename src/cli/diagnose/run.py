"""One cluster of `csr-approver diagnose`: its diagnosis, or why there is none."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.ec2 import Ec2Fleet
from adapters.eks import ClusterNotFound, DescribedCluster
from adapters.iam import InstanceProfiles
from cli.account.cluster_api import csr_api
from cli.account.clusters import Found, described
from cli.account.copied import GivenOptions
from cli.account.problems import in_words, own_access
from cli.diagnose.diagnosis import Diagnosis, diagnosis
from core.errors import ClusterUnavailable
from core.settings import JudgingSettings

#: How long one cluster may take, in seconds.
SECONDS: Final = 120.0

# From: EKS User Guide, "Secure workloads with Kubernetes certificates".
_STRICT_SINCE: Final = (1, 24)
_VERSION: Final = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class ClusterDiagnosis:
    """A cluster with its diagnosis, or the problem. `version` is empty if unknown.

    `cause`: the problem's, as in the functions' logs; empty without a problem. `given`: for the
    commands that are shown. `only`: the node or request that the diagnosis is limited to. `exists`:
    False if EKS has no such cluster.
    """

    name: str
    region: str
    version: str
    diagnosis: Diagnosis | None
    problem: str = ""
    cause: str = ""
    given: GivenOptions = field(default_factory=GivenOptions)
    only: str = ""
    exists: bool = True

    @property
    def ready(self) -> bool | None:
        """Return False when something needs action; None when that is unknown."""
        return None if self.diagnosis is None else self.diagnosis.ready

    @property
    def is_strict(self) -> bool | None:
        """Return True when EKS issues nothing for unverified names; None for an unknown version."""
        read = _VERSION.fullmatch(self.version)
        return None if read is None else (int(read[1]), int(read[2])) >= _STRICT_SINCE


def diagnose_cluster(
    aws: Aws, found: Found, settings: JudgingSettings, given: GivenOptions
) -> ClusterDiagnosis:
    """Audit a cluster; its errors are returned as `problem`, not raised."""
    version = found.described.version if isinstance(found.described, DescribedCluster) else ""
    try:
        csrs = _audit(aws, described(found), settings)
    except ClusterUnavailable as error:
        problem = in_words(error, own_access(found.name, found.region, given))
        exists = not isinstance(error, ClusterNotFound)
        return ClusterDiagnosis(
            found.name, found.region, version, None, problem, error.cause, given, exists=exists
        )
    return ClusterDiagnosis(found.name, found.region, version, csrs, given=given)


def _audit(aws: Aws, cluster: DescribedCluster, settings: JudgingSettings) -> Diagnosis:
    clock = WallClock(SECONDS)
    profiles = InstanceProfiles(aws.client("iam"), lambda: datetime.now(UTC))
    fleet = Ec2Fleet(aws.client("ec2", cluster.cluster.region), profiles, clock)
    with csr_api(aws, cluster, clock, connections=1) as api:
        return diagnosis(cluster.cluster, settings, api, fleet, clock)
