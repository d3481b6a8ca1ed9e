"""Conditions of an approval of saved objects, implemented again without our checks.

It uses the raw objects and cryptography's own parser, and has necessary conditions only: an
approval with objections shows a bug, here or in the checks; one without shows nothing.
"""

import base64
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.property.saved import Item

_SERVING = {"digital signature", "server auth"}
_USAGES = (_SERVING, _SERVING | {"key encipherment"})
_SKEW = timedelta(seconds=30)


def objections(
    item: Item, documents: Mapping[str, Any], settings: Mapping[str, str], now: datetime
) -> list[str]:
    """Return why this CSR can't be approved; a document that wasn't given objects to nothing."""
    spec = item["spec"]
    facts = dict(_of_the_request(item, settings, now))
    instances = [
        instance for instance in _instances(documents) if _claimed(instance, spec, settings)
    ]
    if len(instances) != 1:
        return [*_false(facts), f"{len(instances)} instances"]
    facts |= dict(_of_the_instance(item, instances[0], documents, settings))
    return _false(facts)


def _false(facts: Mapping[str, bool]) -> list[str]:
    return [name for name, holds in facts.items() if not holds]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _of_the_request(
    item: Item, settings: Mapping[str, str], now: datetime
) -> Iterator[tuple[str, bool]]:
    spec = item["spec"]
    created = moment(item["metadata"]["creationTimestamp"])
    oldest = int(settings.get("MAX_CSR_AGE_SECONDS", "900"))
    longest = int(settings.get("MAX_CERTIFICATE_SECONDS", "31536000"))
    yield "its signer", spec["signerName"] == "kubernetes.io/kubelet-serving"
    yield "its age", -_SKEW <= now - created <= timedelta(seconds=oldest)
    yield "its groups", {"system:nodes", "system:authenticated"} <= set(spec["groups"])
    yield "its usages", set(spec["usages"]) in _USAGES
    yield "its usages once", len(set(spec["usages"])) == len(spec["usages"])
    yield "its lifetime", (spec.get("expirationSeconds") or 0) <= longest
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        request = x509.load_pem_x509_csr(base64.b64decode(spec["request"]))
        names = [
            attribute.value
            for attribute in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        ]
    yield "its signature", request.is_signature_valid
    yield "its subject", names == [spec["username"]]
    yield "its username", spec["username"].startswith("system:node:")


def _instances(documents: Mapping[str, Any]) -> list[Item]:
    reservations = documents["--instances"]["Reservations"]
    return [instance for reservation in reservations for instance in reservation["Instances"]]


def _claimed(instance: Item, spec: Item, settings: Mapping[str, str]) -> bool:
    """Return whether the CSR claims the instance, by session, or by name if IAM keys are absent."""
    extra = spec.get("extra") or {}
    if "sessionName" in extra:
        return list(extra["sessionName"]) == [instance["InstanceId"]]
    by_name = settings.get("ALLOW_NAME_IDENTITY") == "true" and not set(extra) & {
        *("arn", "canonicalArn", "accessKeyId", "principalId"),
    }
    return by_name and spec["username"] == f"system:node:{instance.get('PrivateDnsName')}"


def _of_the_instance(
    item: Item, instance: Item, documents: Mapping[str, Any], settings: Mapping[str, str]
) -> Iterator[tuple[str, bool]]:
    spec = item["spec"]
    created = moment(item["metadata"]["creationTimestamp"])
    yield "it runs", instance["State"]["Name"] == "running"
    yield "it was there", moment(instance["LaunchTime"]) <= created + _SKEW
    if "--cluster" in documents:
        cluster = documents["--cluster"]["cluster"]
        yield (
            "its VPC",
            (
                settings.get("ALLOW_OTHER_VPCS") == "true"
                or instance["VpcId"] == cluster["resourcesVpcConfig"]["vpcId"]
            ),
        )
        tags = {tag["Key"]: tag.get("Value") for tag in instance.get("Tags") or ()}
        yield (
            "its tag",
            (
                settings.get("REQUIRE_CLUSTER_TAG") == "false"
                or f"kubernetes.io/cluster/{cluster['name']}" in tags
                or cluster["name"] in {tags[key] for key in tags if key.endswith("cluster-name")}
            ),
        )
    by_session = "sessionName" in (spec.get("extra") or {})
    if "--instance-profiles" in documents and by_session:
        yield (
            "its role",
            (
                settings.get("VERIFY_NODE_ROLE") == "false"
                or _roles(instance, documents)
                == [_role(arn) for arn in spec["extra"]["canonicalArn"]]
            ),
        )
    request = x509.load_pem_x509_csr(base64.b64decode(spec["request"]))
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns, ips = (names.get_values_for_type(kind) for kind in (x509.DNSName, x509.IPAddress))
    yield "names at all", len(names) > 0
    yield "no other names", len(names) == len(dns) + len(ips)
    yield "its DNS names", {_lower(str(name)) for name in dns} <= _dns(instance)
    yield "its addresses", set(map(str, ips)) <= set(_addresses(instance, settings))


def _roles(instance: Item, documents: Mapping[str, Any]) -> list[tuple[str, str]]:
    arn = instance["IamInstanceProfile"]["Arn"]
    profiles = documents["--instance-profiles"]["InstanceProfiles"]
    [*_, profile] = [candidate for candidate in profiles if candidate["Arn"] == arn]
    return [_role(role["Arn"]) for role in profile["Roles"]]


def _role(arn: str) -> tuple[str, str]:
    """Return what comes before the path, and the name."""
    return arn.partition("/")[0], arn.rpartition("/")[2].casefold()


def _lower(name: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in name).rstrip(".")


def _dns(instance: Item) -> set[str]:
    private = instance["PrivateDnsName"]
    names = (
        *(private, instance["InstanceId"], instance.get("PublicDnsName") or private),
        f"{instance['InstanceId']}.{private.partition('.')[2]}",
    )
    own = {_lower(name) for name in names}
    # The only suffix that the tests here set.
    return own | {f"{name.partition('.')[0]}.corp.example" for name in own}


def _addresses(instance: Item, settings: Mapping[str, str]) -> Iterator[str]:
    for interface in instance["NetworkInterfaces"]:
        attachment = interface.get("Attachment") or {}
        if (interface.get("Status"), attachment.get("Status")) != ("in-use", "attached"):
            continue
        first = attachment.get("DeviceIndex") == 0 and not attachment.get("NetworkCardIndex")
        if not (first or settings.get("ALLOW_SECONDARY_ENIS") == "true"):
            continue
        if interface.get("InterfaceType") not in ("interface", "efa"):
            continue
        for private in interface.get("PrivateIpAddresses") or ():
            if private.get("Primary") is True:
                yield private["PrivateIpAddress"]
                for holder in (private, interface):
                    association = holder.get("Association") or {}
                    yield from filter(None, map(association.get, ("PublicIp", "CarrierIp")))
        for address in interface.get("Ipv6Addresses") or ():
            yield str(ip_address(address["Ipv6Address"]))
