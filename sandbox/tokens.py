"""The user of an EKS bearer token: what aws-iam-authenticator and STS check, without either.

A token is a presigned STS GetCallerIdentity URL. The authenticator checks its form and age. It
calls STS, which checks signature, key and cluster name. `TokenJudge` does both: it signs the URL
itself, with the secret that it has, and compares the signatures.

From: kubernetes-sigs/aws-iam-authenticator v0.7.18, pkg/token/token.go (Verify),
pkg/server/server.go (authenticateEndpoint, renderTemplate), pkg/arn/arn.go (Canonicalize).
"""

import base64
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from sandbox.fake_apiserver.tokenform import (
    CLUSTER_HEADER,
    PREFIX,
    STS_DOMAINS,
    TokenRefused,
    partition_of,
    read,
)
from sandbox.identity import AwsIdentity

__all__ = ["Clock", "TokenJudge", "TokenRefused", "User", "mint", "partition_of", "utc_now"]

#: STS accepts a signature for 15 minutes, whatever X-Amz-Expires says.
LIFETIME = timedelta(minutes=15)

#: How far in the future STS accepts a signature's time.
CLOCK_SKEW = timedelta(minutes=5)

STAMP = "%Y%m%dT%H%M%SZ"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time; everything here also takes another clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class User:
    """The Kubernetes user of a token."""

    username: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Caller:
    """An identity as the authenticator sees it."""

    identity: AwsIdentity
    canonical_arn: str
    principal_id: str
    session: str


def mint(identity: AwsIdentity, cluster: str, region: str, now: datetime) -> str:
    """Return this identity's token for this cluster; made offline, as EKS clients do."""
    stamp = now.astimezone(UTC).strftime(STAMP)
    query = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{identity.access_key}/{stamp[:8]}/{region}/sts/aws4_request",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": f"host;{CLUSTER_HEADER}",
    }
    if identity.token:
        query["X-Amz-Security-Token"] = identity.token
    host = f"sts.{region}.{STS_DOMAINS[partition_of(region)][0]}"
    signature = _signature(identity, region, host, query, {CLUSTER_HEADER: cluster})
    url = f"https://{host}/?{urlencode(query)}&X-Amz-Signature={signature}"
    return PREFIX + base64.urlsafe_b64encode(url.encode()).rstrip(b"=").decode()


class TokenJudge:
    """The identities and mappings of one cluster's authenticator."""

    def __init__(self, cluster: str, region: str, clock: Clock = utc_now) -> None:
        self.cluster = cluster
        self.region = region
        self._clock = clock
        self._identities: dict[str, AwsIdentity] = {}
        self._mappings: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._instances: dict[str, str] = {}

    def add_identity(self, identity: AwsIdentity) -> None:
        """Add an access key to STS."""
        self._identities[identity.access_key] = identity

    def map_role(self, arn: str, username: str, groups: Iterable[str] = ()) -> None:
        """Map an IAM role (or user) to a Kubernetes user; both texts may contain templates."""
        self._mappings[arn.casefold()] = (username, tuple(groups))

    def name_instance(self, instance_id: str, private_dns_name: str) -> None:
        """Set what EC2 answers for `{{EC2PrivateDNSName}}`."""
        self._instances[instance_id] = private_dns_name

    def judge(self, token: str) -> User:
        """Return the user of a token. Raises `TokenRefused`."""
        host, query = read(token, partition_of(self.region))
        return self.user_of(self._caller(host, query))

    def user_of(self, identity: AwsIdentity) -> User:
        """Return the user to which an identity is mapped. Raises `TokenRefused` if it isn't."""
        caller = _caller(identity)
        mapping = self._mappings.get(caller.canonical_arn.casefold())
        if mapping is None:
            raise TokenRefused(f"{caller.canonical_arn} is not mapped")
        username, groups = mapping
        return User(
            username=self._render(username, caller),
            uid=f"aws-iam-authenticator:{identity.account}:{caller.principal_id}",
            groups=tuple(self._render(group, caller) for group in groups),
            extra={
                "arn": (identity.arn,),
                "canonicalArn": (caller.canonical_arn,),
                "sessionName": (caller.session,),
                "accessKeyId": (identity.access_key,),
                "principalId": (caller.principal_id,),
                "sigs.k8s.io/aws-iam-authenticator/principalId": (caller.principal_id,),
            },
        )

    def _caller(self, host: str, query: Mapping[str, str]) -> AwsIdentity:
        """Do STS's part: find the key and repeat the signature for this cluster's name."""
        scope = query.get("X-Amz-Credential", "").split("/")
        if len(scope) != 5 or scope[3:] != ["sts", "aws4_request"]:
            raise TokenRefused("credential is not KEY/DATE/REGION/sts/aws4_request")
        region = scope[2]
        if host != "sts.amazonaws.com" and host.split(".")[1] != region:
            raise TokenRefused(f"signed for Region {region}, sent to {host}")
        self._check_age(query["X-Amz-Date"], scope[1])
        identity = self._identities.get(scope[0])
        if identity is None or (identity.token or "") != query.get("X-Amz-Security-Token", ""):
            raise TokenRefused("access key or session token is not valid")
        headers = self._signed_headers(query["X-Amz-SignedHeaders"].split(";"))
        expected = _signature(identity, region, host, query, headers)
        given = query.get("X-Amz-Signature", "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise TokenRefused("signature does not match")
        return identity

    def _check_age(self, stamp: str, day: str) -> None:
        if not re.fullmatch(r"\d{8}T\d{6}Z", stamp, re.ASCII) or not stamp.startswith(day):
            raise TokenRefused("X-Amz-Date is not a time of the credential's day")
        try:
            signed = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
        except ValueError as error:
            raise TokenRefused(str(error)) from None
        if not -CLOCK_SKEW <= self._clock() - signed <= LIFETIME:
            raise TokenRefused(f"signed at {stamp}, expired or not yet valid")

    def _signed_headers(self, names: list[str]) -> dict[str, str]:
        """Return the signed headers, with the values in the authenticator's own request."""
        sent = {CLUSTER_HEADER: self.cluster, "accept": "application/json"}
        if "host" not in names or not set(names) <= {"host", *sent}:
            raise TokenRefused("signed headers are not those that are sent")
        return {name: sent[name] for name in names if name != "host"}

    def _render(self, template: str, caller: _Caller) -> str:
        if "{{EC2PrivateDNSName}}" in template:
            name = self._instances.get(caller.session)
            if not re.fullmatch(r"i-(\w{8}|\w{17})", caller.session, re.ASCII) or name is None:
                raise TokenRefused(f"session {caller.session!r} is no instance that EC2 knows")
            template = template.replace("{{EC2PrivateDNSName}}", name)
        template = template.replace("{{AccountID}}", caller.identity.account)
        template = template.replace("{{SessionName}}", caller.session.replace("@", "-"))
        template = template.replace("{{SessionNameRaw}}", caller.session)
        return template.replace("{{AccessKeyID}}", caller.identity.access_key)


def _caller(identity: AwsIdentity) -> _Caller:
    """Return the identity as the authenticator sees it.

    From: aws-iam-authenticator, Canonicalize and getIdentityFromSTSResponse.
    """
    _, partition, service, _, account, resource = identity.arn.split(":", 5)
    kind, *rest = resource.split("/")
    if (service, kind) != ("sts", "assumed-role"):
        return _Caller(identity, identity.arn, identity.user_id, "")
    role = "/".join(rest[:-1])
    principal, colon, session = identity.user_id.partition(":")
    if not colon or ":" in session:
        raise TokenRefused(f"malformed user id {identity.user_id!r}")
    return _Caller(identity, f"arn:{partition}:iam::{account}:role/{role}", principal, session)


def _signature(
    identity: AwsIdentity,
    region: str,
    host: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> str:
    """Return Signature Version 4 of a presigned GET, over `host` and these headers."""
    params = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    request = AWSRequest("GET", f"https://{host}/", headers=dict(headers), params=params)
    request.context["timestamp"] = query["X-Amz-Date"]
    signer = SigV4QueryAuth(identity, "sts", region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(text, request))
