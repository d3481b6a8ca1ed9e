"""One signer's review in one cluster, with the real API server, EC2 and IAM."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from adapters.aws_account import Aws
from adapters.csr_api import KubernetesCsrApi
from adapters.ec2 import Ec2Fleet
from adapters.eks import DescribedCluster
from adapters.iam import InstanceProfiles
from adapters.reach import Reach
from adapters.retry import Retries
from core.memo import Memo
from core.ports import Clock, Ledger, Ports
from core.review import review
from core.settings import ReviewSettings
from core.signers import Signer


class SignerReviews:
    """Runs reviews; keeps roles for 15 minutes, and what was parsed (see `core.memo`)."""

    def __init__(
        self, settings: ReviewSettings, aws: Aws, reach: Reach, now: Callable[[], datetime]
    ) -> None:
        """`now`: the time, with time zone."""
        self._settings = settings
        self._aws = aws
        self._reach = reach
        self._profiles = InstanceProfiles(aws.client("iam"), now)
        self._memo = Memo()

    def review(
        self, signer: Signer, described: DescribedCluster, ledger: Ledger, clock: Clock
    ) -> None:
        """Review one signer's CSRs on its own connection, so that its list is freed afterwards.

        Raises:
            ClusterUnavailable: the cluster can't be reached, or its CSRs can't be listed.
        """
        region = described.cluster.region
        fast_fail = partial(self._aws.client, "ec2", region, fast_fail=True)
        fleet = Ec2Fleet(self._aws.client("ec2", region), self._profiles, clock, fast_fail)
        with self._api(described, clock) as api:
            ports = Ports(api, fleet, clock, ledger, api.services, self._memo)
            try:
                review(described.cluster, signer, self._settings, ports)
            finally:
                if api.has_connected:
                    self._reach.connected(described)

    def _api(self, described: DescribedCluster, clock: Clock) -> KubernetesCsrApi:
        doubtful = self._reach.is_doubtful(described)
        return KubernetesCsrApi(
            endpoint=described.endpoint,
            ca_pem=described.ca_pem,
            tokens=self._aws.tokens(described),
            clock=clock,
            connections=self._settings.write_connections,
            retries=Retries(clock, is_doubtful=True) if doubtful else None,
        )
