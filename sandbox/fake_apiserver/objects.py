"""How a CertificateSigningRequest is created, and what an approval may change.

From: Kubernetes v1.36.2, pkg/registry/certificates/certificates/strategy.go (PrepareForCreate,
csrApprovalStrategy.PrepareForUpdate, populateConditionTimestamps).
"""

import base64
import secrets
import uuid
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from sandbox.fake_apiserver.bodies import Condition, Metadata, Spec, time_text
from sandbox.fake_apiserver.status import KIND, Json
from sandbox.tokens import User

API_VERSION = "certificates.k8s.io/v1"

#: The alphabet and the longest prefix of generated names.
#: From: k8s.io/apimachinery pkg/util/rand, k8s.io/apiserver pkg/storage/names.
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
LONGEST_PREFIX = 58


def generated_name(prefix: str) -> str:
    """Return a name as the server makes it from `generateName`; empty without a prefix."""
    if not prefix:
        return ""
    return prefix[:LONGEST_PREFIX] + "".join(secrets.choice(LETTERS) for _ in range(5))


def new_object(name: str, metadata: Metadata, spec: Spec, user: User, created: datetime) -> Json:
    """Return a new CSR. The requester is the token's user, whatever the body says."""
    kept = metadata.model_dump(include={"generateName", "labels", "annotations"})
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "metadata": {
            "name": name,
            **{key: value for key, value in kept.items() if value},
            "uid": str(uuid.uuid4()),
            "creationTimestamp": time_text(created),
        },
        "spec": _spec(spec, user),
        "status": {},
    }


def approved_object(
    old: Json, metadata: Metadata, conditions: Sequence[Condition], now: datetime
) -> Json:
    """Return the stored object with the body's conditions, labels and annotations only."""
    new = deepcopy(old)
    for field in ("generateName", "labels", "annotations"):
        new["metadata"].pop(field, None)
        if value := getattr(metadata, field):
            new["metadata"][field] = value
    status = new.setdefault("status", {})
    before = status.pop("conditions", [])
    if conditions:
        status["conditions"] = [
            _stamped(condition, before, time_text(now)) for condition in conditions
        ]
    return new


def user_fields(user: User) -> Json:
    """Return the requester's fields of `spec`."""
    fields: Json = {"username": user.username}
    if user.uid:
        fields["uid"] = user.uid
    authenticated = "system:authenticated"
    fields["groups"] = [g for g in user.groups if g != authenticated] + [authenticated]
    if user.extra:
        fields["extra"] = {key: list(values) for key, values in user.extra.items()}
    return fields


def _spec(spec: Spec, user: User) -> Json:
    fields: Json = {
        "request": base64.b64encode(spec.request).decode(),
        "signerName": spec.signerName,
    }
    if spec.expirationSeconds is not None:
        fields["expirationSeconds"] = spec.expirationSeconds
    return {**fields, "usages": list(spec.usages), **user_fields(user)}


def _stamped(condition: Condition, before: Sequence[Any], now: str) -> Json:
    """Return the condition with the missing times; a transition keeps its first time."""
    fields: Json = {"type": condition.type, "status": condition.status}
    fields |= {k: v for k in ("reason", "message") if (v := getattr(condition, k))}
    fields["lastUpdateTime"] = condition.lastUpdateTime or now
    same = [c for c in before if _kind(c) == (condition.type, condition.status)]
    earlier = same[0].get("lastTransitionTime") if same else None
    fields["lastTransitionTime"] = condition.lastTransitionTime or earlier or now
    return fields


def _kind(condition: Json) -> tuple[object, object]:
    return condition.get("type"), condition.get("status")
