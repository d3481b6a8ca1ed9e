"""The request for EKS's signer for workloads: its names, usages and manifest.

From: EKS User Guide, "Secure workloads with Kubernetes certificates".
"""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from cli.legacy.signers import UNISSUED_PREFIX, V1
from core.checks.reserved import is_loopback, is_never_allowed, is_never_allowed_address
from core.dns import folded, is_dns_name, looks_like_an_address
from core.errors import BadSettings
from core.model import APP_SERVING, IpAddress
from core.printable import quoted

# From: Kubernetes, "Object Names and IDs", DNS subdomain names and DNS label names.
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LONGEST_NAME: Final = 253
_PARTS: Final = "each part starts and ends with a letter or digit, and has at most 63 characters"
# From: RFC 5280, appendix A.1 (ub-common-name).
_LONGEST_COMMON_NAME: Final = 64

_MAX_SHOWN: Final = 120

_LOOPBACK_WARNING: Final = (
    "{} is every machine's own: with this key any program can pose as a server on the machine of a "
    "client that trusts the CA. csr-approver never approves it; a person must"
)


@dataclass(frozen=True, slots=True)
class CertificateSpec:
    """The serving certificate to ask for. `name`: of the CSR object."""

    name: str
    namespace: str
    dns: tuple[str, ...]
    addresses: tuple[IpAddress, ...] = ()

    @property
    def common_name(self) -> str:
        """The first DNS name; empty if it is too long for a CN. Clients read subjectAltName."""
        return self.dns[0] if len(self.dns[0]) <= _LONGEST_COMMON_NAME else ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The names that the caller asks for explicitly, because only a person may approve them.

    `loopback`: each machine's own, such as localhost. `wildcards`: `*.web.shop.svc`.
    """

    loopback: bool = False
    wildcards: bool = False


_PLAIN: Final = Allowed()


def certificate_spec(
    name: str,
    namespace: str,
    dns: Sequence[str],
    ips: Sequence[str],
    allowed: Allowed = _PLAIN,
) -> CertificateSpec:
    """Return the certificate's specification; without DNS names, for the Service of this name.

    Raises:
        BadSettings: a value is invalid, or is not allowed for anyone.
    """
    _check_name(name)
    if not _LABEL.fullmatch(namespace):
        raise BadSettings(
            f"--namespace: got {_shown(namespace)}, expected a namespace's name, e.g. default: at "
            "most 63 lower-case letters, digits and hyphens"
        )
    if not dns and "." in name:
        raise BadSettings(
            f"NAME: got {_shown(name)}, which has a dot, so no Service can have this name; give "
            "the certificate's names with --dns"
        )
    names = tuple(_dns(one, allowed) for one in dns)
    names = tuple(dict.fromkeys(names)) or (_dns(f"{name}.{namespace}.svc", _PLAIN, "NAME"),)
    addresses = dict.fromkeys(_address(one, allowed) for one in ips)
    return CertificateSpec(name, namespace, names, tuple(addresses))


def warnings(spec: CertificateSpec) -> Iterator[str]:
    """Yield the names that our approver would leave to a person, and why."""
    for name in spec.dns:
        if "*" in name:
            yield (
                f"{name} is a wildcard: its key serves every name below. csr-approver never "
                "approves it; a person must, after checking that all these names are yours"
            )
        elif is_loopback(name):
            yield _LOOPBACK_WARNING.format(name)
        elif not _is_of_a_service(name, spec.namespace):
            yield (
                f"{name} is not the name of a Service in the namespace {spec.namespace} "
                f"(SERVICE.{spec.namespace}.svc): csr-approver won't approve it; a person must, "
                "after checking that you own the name"
            )
    for address in spec.addresses:
        if address.is_loopback:
            yield _LOOPBACK_WARNING.format(address)


def usages(*, rsa: bool) -> tuple[str, ...]:
    """Return the usages of the EKS page. From: RFC 5480, section 3: only RSA has encipherment."""
    return ("digital signature", *(("key encipherment",) if rsa else ()), "server auth")


def manifest(spec: CertificateSpec, request: bytes, *, rsa: bool) -> dict[str, Any]:
    """Return the object to file. `request`: the PKCS#10 request in PEM."""
    return {
        "apiVersion": V1,
        "kind": "CertificateSigningRequest",
        "metadata": {"name": spec.name},
        "spec": {
            "request": base64.b64encode(request).decode(),
            "signerName": APP_SERVING,
            "usages": list(usages(rsa=rsa)),
        },
    }


def _check_name(name: str) -> None:
    """Check NAME. Kubernetes accepts more for a CSR, but such names are hard to type."""
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, name.split("."))):
        raise BadSettings(
            f"NAME: got {_shown(name)}, expected at most {_LONGEST_NAME} characters: lower-case "
            f"letters, digits, hyphens and dots; {_PARTS}"
        )
    if name.startswith(UNISSUED_PREFIX):
        raise BadSettings(
            f"NAME: got {_shown(name)}: EKS issues nothing for a name that begins with "
            f"{UNISSUED_PREFIX} (aws/containers-roadmap issue 2079): choose another"
        )


def _dns(given: str, allowed: Allowed, option: str = "--dns") -> str:
    name = folded(given)
    plain = name.removeprefix("*.") if allowed.wildcards else name
    if "*" in plain:
        problem = (
            ": a wildcard's key would serve every name below: give each name, or *.NAME with "
            "--allow-wildcards"
        )
    elif looks_like_an_address(plain):
        problem = ", which is an IP address: give it with --ip"
    elif not is_dns_name(plain):
        problem = (
            f", expected a DNS name: at most {_LONGEST_NAME} characters, letters, digits, hyphens "
            f"and dots; {_PARTS}"
        )
    elif is_loopback(plain):
        if allowed.loopback and plain == name:
            return name
        problem = (
            ", which is every machine's own name: give a Service's name, e.g. web.shop.svc, or add "
            "--allow-loopback"
        )
    elif is_never_allowed(plain) or (plain != name and is_never_allowed(f"kubernetes.{plain}")):
        # `*.default.svc` is the API server's name too.
        problem = (
            ", which belongs to the API server or to AWS; give a Service's name, e.g. web.shop.svc"
        )
    else:
        return name
    raise BadSettings(f"{option}: got {_shown(given)}{problem}")


def _address(given: str, allowed: Allowed) -> IpAddress:
    try:
        address = ip_address(given)
    except ValueError:
        raise BadSettings(f"--ip: got {_shown(given)}, expected an IP address") from None
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.scope_id):
        raise BadSettings(f"--ip: got {_shown(given)}, expected a plain IPv4 or IPv6 address")
    if address.is_loopback and not allowed.loopback:
        raise BadSettings(
            f"--ip: got {_shown(given)}, which is every machine's own address: give the Service's "
            "cluster IP, or add --allow-loopback"
        )
    if is_never_allowed_address(address) and not address.is_loopback:
        raise BadSettings(
            f"--ip: got {_shown(given)}, which is a link-local, multicast or unspecified address; "
            "give the Service's cluster IP"
        )
    return address


def _is_of_a_service(name: str, namespace: str) -> bool:
    """Return whether the name is a Service's in this namespace.

    From: Kubernetes, "DNS for Services and Pods". EKS clusters use cluster.local.
    """
    service, _, rest = name.partition(".")
    endings = {f"{namespace}.svc", f"{namespace}.svc.cluster.local"}
    return bool(_LABEL.fullmatch(service)) and rest in endings


def _shown(value: str) -> str:
    return quoted(value, _MAX_SHOWN)
