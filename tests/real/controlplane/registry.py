"""The AWS side of a control plane's tokens: each access key's identity, and each role's user."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.identity import AwsIdentity


class Registry:
    """The JSON file that the identity process reads again for each token."""

    def __init__(self, path: Path) -> None:
        """Write a file without any identity."""
        self.path = path
        self._lock = threading.Lock()
        self._content: dict[str, dict[str, Any]] = {
            "identities": {},
            "mappings": {},
            "instances": {},
        }
        self._write()

    def add_identity(self, identity: AwsIdentity) -> None:
        """Add an access key."""
        self._put(
            "identities",
            identity.access_key,
            {
                "secret_key": identity.secret_key,
                "session_token": identity.token or "",
                "account": identity.account,
                "arn": identity.arn,
                "user_id": identity.user_id,
            },
        )

    def map_role(self, role_arn: str, username: str, groups: Sequence[str]) -> None:
        """Map a role to a username template and groups, as an access entry does."""
        self._put("mappings", role_arn, {"username": username, "groups": list(groups)})

    def name_instance(self, instance_id: str, private_dns_name: str) -> None:
        """Set the value of `{{EC2PrivateDNSName}}` for an instance."""
        self._put("instances", instance_id, private_dns_name)

    def _put(self, kind: str, key: str, value: object) -> None:
        with self._lock:
            self._content[kind][key] = value
            self._write()

    def _write(self) -> None:
        """Replace the file atomically: a reader sees the old or the new content."""
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(json.dumps(self._content, indent=2))
        unfinished.replace(self.path)
