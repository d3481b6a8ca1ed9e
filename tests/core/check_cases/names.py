"""Node requests: the checks of the DNS names."""

from collections.abc import Mapping
from ipaddress import IPv4Address

from tests.builders import (
    INSTANCE_ID,
    NODE,
    PUBLIC_NAME,
    a_case,
    a_cluster,
    a_csr,
    a_policy,
    an_instance,
)
from tests.core.check_cases.cases import OTHER_NODE, RESOURCE_NAME, with_names
from tests.core.check_cases.example import DENY, LEAVE, CheckExample
from tests.core.check_cases.unconfirmed import unconfirmed

MOVED_NAME = "ec2-203-0-113-9.eu-west-1.compute.amazonaws.com"
#: EC2 shows the address on no instance.
FREE: Mapping[IPv4Address, frozenset[str]] = {IPv4Address("203.0.113.9"): frozenset()}
NO_PUBLIC = a_policy(allow_public_addresses=False)

EXAMPLES: tuple[CheckExample, ...] = (
    # --- reserved-names
    CheckExample("reserved-names", "the node's own names", a_case()),
    CheckExample("reserved-names", "the public name of an instance", with_names(PUBLIC_NAME)),
    CheckExample(
        "reserved-names",
        "the public name in us-east-1",
        with_names("ec2-198-51-100-10.compute-1.amazonaws.com"),
    ),
    CheckExample(
        "reserved-names",
        "the public name in the European Sovereign Cloud",
        with_names("ec2-198-51-100-10.eusc-de-east-1.compute.amazonaws.eu"),
    ),
    CheckExample("reserved-names", "svc as the first label", with_names("svc.example.com")),
    CheckExample(
        "reserved-names",
        "a Service's address, where the range is unknown",
        with_names("10.100.0.1", cluster=a_cluster(service_ranges=())),
    ),
    *(
        CheckExample(
            "reserved-names",
            f"the name {name}",
            with_names(name),
            DENY,
            "reserved name",
            f"got '{name}', expected none of the cluster's or AWS's",
        )
        for name in (
            "kubernetes",
            "KUBERNETES.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local.",
            "api.kubernetes.default",
            "localhost",
            "node.localhost",
            "*.eu-west-1.compute.internal",
            "*",
            "shop.svc",
            "db.shop.svc",
            "db.shop.svc.example.com",
            "node.cluster.local",
            "cluster.local",
            "sts.eu-west-1.amazonaws.com",
            "bucket.s3.cn-north-1.amazonaws.com.cn",
            "amazonaws.com",
            "ec2-1.evil.s3.amazonaws.com",
            "ec2-.eu-west-1.compute.amazonaws.com",
            "eks.eu-west-1.api.aws",
        )
    ),
    *(
        CheckExample(
            "reserved-names",
            f"the address {ip}",
            with_names(ip),
            DENY,
            "reserved name",
            f"got '{ip}', expected none of the cluster's or AWS's",
        )
        for ip in (
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "10.100.0.1",
        )
    ),
    CheckExample(
        "reserved-names",
        "an address of the IPv6 Service range",
        with_names(
            "fd00:10::1", cluster=a_cluster(service_ranges=("10.100.0.0/16", "fd00:10::/108"))
        ),
        DENY,
        "reserved name",
        "got 'fd00:10::1', expected none of the cluster's or AWS's",
    ),
    # --- dns-names
    CheckExample("dns-names", "PrivateDnsName", a_case()),
    CheckExample("dns-names", "in upper case with a trailing dot", with_names(f"{NODE.upper()}.")),
    CheckExample("dns-names", "the resource name", with_names(RESOURCE_NAME)),
    CheckExample("dns-names", "the public name", with_names(PUBLIC_NAME)),
    CheckExample("dns-names", "addresses only", with_names("10.0.1.10")),
    CheckExample(
        "dns-names",
        "the instance id, which is the node's name",
        with_names(INSTANCE_ID, csr=a_csr(node=INSTANCE_ID)),
    ),
    CheckExample(
        "dns-names",
        "the first label under a configured suffix",
        with_names("ip-10-0-1-10.corp.example", policy=a_policy(extra_dns_suffixes="corp.example")),
    ),
    CheckExample(
        "dns-names",
        "an empty name",
        with_names("", instance=an_instance(public_dns_name="")),
        DENY,
        "DNS name is not the instance's",
        f"got '', expected one of '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "another node's name",
        with_names(NODE, OTHER_NODE),
        DENY,
        "DNS name is not the instance's",
        f"got '{OTHER_NODE}', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "the node's name as a prefix",
        with_names(f"{NODE}.evil.example"),
        DENY,
        "DNS name is not the instance's",
        f"got '{NODE}.evil.example', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "the name of a node whose name isn't the instance's",
        with_names(OTHER_NODE, csr=a_csr(node=OTHER_NODE)),
        DENY,
        "DNS name is not the instance's",
        f"got '{OTHER_NODE}', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "the public name, where not allowed",
        with_names(PUBLIC_NAME.upper(), policy=NO_PUBLIC),
        LEAVE,
        "DNS name not accepted",
        f"got '{PUBLIC_NAME.upper()}', on {INSTANCE_ID} but ALLOW_PUBLIC_ADDRESSES=false refuses "
        f"public names; expected one of '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "the public name, where not allowed and EC2 gives it in upper case",
        with_names(
            PUBLIC_NAME, policy=NO_PUBLIC, instance=an_instance(public_dns_name=PUBLIC_NAME.upper())
        ),
        LEAVE,
        "DNS name not accepted",
        f"got '{PUBLIC_NAME}', on {INSTANCE_ID} but ALLOW_PUBLIC_ADDRESSES=false refuses "
        f"public names; expected one of '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "the instance id, which isn't the node's name",
        with_names(INSTANCE_ID),
        LEAVE,
        "DNS name not accepted",
        f"got '{INSTANCE_ID}', on {INSTANCE_ID} but the node has another name; "
        f"expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "the instance id, of an instance whose name has no domain",
        with_names(
            INSTANCE_ID,
            csr=a_csr(node="ip-10-0-1-10"),
            instance=an_instance(private_dns_name="ip-10-0-1-10"),
        ),
        LEAVE,
        "DNS name not accepted",
        f"got '{INSTANCE_ID}', on {INSTANCE_ID} but the node has another name; "
        f"expected one of '{PUBLIC_NAME}', 'ip-10-0-1-10'",
    ),
    CheckExample(
        "dns-names",
        "the public name, where not allowed, and another node's name",
        with_names(PUBLIC_NAME, OTHER_NODE, policy=NO_PUBLIC),
        DENY,
        "DNS name is not the instance's",
        f"got '{OTHER_NODE}', expected one of '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "another instance's public name, where public names aren't allowed",
        with_names("ec2-198-51-100-11.eu-west-1.compute.amazonaws.com", policy=NO_PUBLIC),
        DENY,
        "DNS name is not the instance's",
        "got 'ec2-198-51-100-11.eu-west-1.compute.amazonaws.com', "
        f"expected one of '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "the first label under another suffix",
        with_names("ip-10-0-1-10.corp.example"),
        DENY,
        "DNS name is not the instance's",
        f"got 'ip-10-0-1-10.corp.example', "
        f"expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "EC2 gives no names yet",
        with_names(OTHER_NODE, instance=an_instance(private_dns_name="", public_dns_name="")),
        LEAVE,
        "instance has no name yet",
        f"EC2 gives no names for {INSTANCE_ID}",
    ),
    CheckExample(
        "dns-names",
        "an empty name, before EC2 gives any",
        with_names("", instance=an_instance(private_dns_name="", public_dns_name="")),
        LEAVE,
        "instance has no name yet",
        f"EC2 gives no names for {INSTANCE_ID}",
    ),
    CheckExample(
        "dns-names",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    CheckExample(
        "dns-names",
        "the name of a public address that has left the instance",
        with_names(MOVED_NAME, "203.0.113.9", holders=FREE),
        DENY,
        "public address has moved",
        f"got '{MOVED_NAME}', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "that name beside the node's own in upper case",
        with_names(NODE.upper(), MOVED_NAME, holders=FREE),
        DENY,
        "public address has moved",
        f"got '{MOVED_NAME}', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "that name alone",
        with_names(MOVED_NAME.upper(), holders=FREE),
        DENY,
        "public address has moved",
        f"got '{MOVED_NAME.upper()}', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "dns-names",
        "that name, where EC2 gives the present one in upper case",
        with_names(
            MOVED_NAME, holders=FREE, instance=an_instance(public_dns_name=PUBLIC_NAME.upper())
        ),
        DENY,
        "public address has moved",
        f"got '{MOVED_NAME}', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    *(
        CheckExample(
            "dns-names",
            f"a name that spells no address: {name}",
            with_names(name, holders=FREE),
            DENY,
            "DNS name is not the instance's",
            f"got '{name}', expected one of '{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}'",
        )
        for name in (
            "ec2-203-0-113-999.eu-west-1.compute.amazonaws.com",
            "web.eu-west-1.compute.amazonaws.com",
        )
    ),
    CheckExample(
        "dns-names",
        "a name that spells an address without a domain, where EC2 gives no public name",
        with_names("ec2-203-0-113-9", holders=FREE, instance=an_instance(public_dns_name="")),
        DENY,
        "DNS name is not the instance's",
        f"got 'ec2-203-0-113-9', expected one of '{RESOURCE_NAME}', '{NODE}'",
    ),
    *unconfirmed("dns-names"),
)
