"""One AWS account and one set of credentials: clients of its APIs, tokens for its clusters."""

from collections.abc import Callable
from threading import Lock
from typing import Any

import boto3
from botocore.exceptions import NoCredentialsError

from adapters.aws_clients import client_config
from adapters.eks import DescribedCluster
from adapters.eks_token import ClusterToken, cluster_token


class Aws:
    """The account's APIs: one client per service and Region, made when it is first needed.

    Several threads may use it at once.
    """

    def __init__(
        self, home: str, session: Any = None, *, use_environment_proxy: bool = False
    ) -> None:
        """`home`: the default Region of clients. `session`: a `boto3.Session`.

        Without a session the environment's credentials are used.
        """
        self.home = home
        self.use_environment_proxy = use_environment_proxy
        self._session = session or boto3.Session(region_name=home)
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._making = Lock()  # a session must not make two clients at once

    def client(self, service: str, region: str = "", *, fast_fail: bool = False) -> Any:
        """Return a client of the service in this Region, `home` by default.

        `fast_fail`: a client for the end of a run, see `adapters.aws_clients.client_config`.
        """
        key = service, region or self.home, fast_fail
        with self._making:
            if key not in self._clients:
                config = client_config(
                    use_environment_proxy=self.use_environment_proxy, fast_fail=fast_fail
                )
                self._clients[key] = self._session.client(
                    service, region_name=key[1], config=config
                )
            return self._clients[key]

    def credentials(self) -> Any:
        """Return the credentials, which renew themselves.

        Raises:
            NoCredentialsError: there are none; callers handle it as a failure of AWS.
        """
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials

    def tokens(self, described: DescribedCluster) -> Callable[[], ClusterToken]:
        """Return a function that makes a new token for this cluster at each call."""
        return lambda: cluster_token(
            self.credentials(), cluster=described.token_for, region=described.cluster.region
        )
