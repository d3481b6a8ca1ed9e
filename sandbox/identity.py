"""Fake AWS identities: access keys, and what STS answers for them."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final, Self

ACCOUNT: Final = "111122223333"


@dataclass(frozen=True)
class AwsIdentity:
    """An access key and the identity that STS answers for it. Usable as botocore credentials."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    """The session token; None for a key without one."""
    account: str
    arn: str
    user_id: str

    @classmethod
    def session(
        cls, role: str, session: str, *, account: str = ACCOUNT, partition: str = "aws"
    ) -> Self:
        """Return a session of a role; on EC2 the session's name is the instance id."""
        arn = f"arn:{partition}:iam::{account}:role/{role}"
        role_id = "AROA" + base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()[:17]
        return cls(
            access_key="ASIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
            secret_key=secrets.token_urlsafe(30),
            token=base64.b64encode(secrets.token_bytes(60)).decode(),
            account=account,
            arn=f"arn:{partition}:sts::{account}:assumed-role/{role}/{session}",
            user_id=f"{role_id}:{session}",
        )

    def get_frozen_credentials(self) -> Self:
        """Return itself: these keys never change."""
        return self
