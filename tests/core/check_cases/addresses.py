"""Node requests: the check of the IP addresses."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from core.model import Peers
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    PUBLIC_ADDRESS,
    a_case,
    a_policy,
    an_instance,
    an_interface,
)
from tests.core.check_cases.cases import OTHER_NODE, with_names
from tests.core.check_cases.example import DENY, LEAVE, CheckExample
from tests.core.check_cases.unconfirmed import unconfirmed

SECOND_INTERFACE = an_interface(device_index=1, address="10.0.2.10", public=(), secondary=())
TWO_INTERFACES = an_instance(interfaces=(an_interface(), SECOND_INTERFACE))
TWO_PUBLIC = an_instance(
    interfaces=(an_interface(), an_interface(device_index=1, public=("198.51.100.20",)))
)
IPV6_INSTANCE = an_instance(interfaces=(an_interface(ipv6=("2001:db8::a",)),))

OWN = [ADDRESS, PUBLIC_ADDRESS]
IN_REGION = "eu-west-1.compute.amazonaws.com"
NONE_PUBLIC = an_instance(interfaces=(an_interface(public=()),), public_dns_name="")
PUBLIC_VPC = an_instance(interfaces=(an_interface(address="11.0.1.10"),))

#: EC2 shows the address on no instance.
FREE: Mapping[str, Any] = {"holders": {IPv4Address("203.0.113.9"): frozenset()}}
#: What makes it no honest node's: other names asked for, and changes of the case.


def quoted(*values: str) -> str:
    return ", ".join(f"'{value}'" for value in values)


STAYED: tuple[tuple[str, tuple[str, ...], Mapping[str, Any], list[str], list[str]], ...] = (
    ("with a second one", ("203.0.113.8",), {}, ["203.0.113.8"], OWN),
    ("with another node's address", ("10.0.1.20",), {}, ["10.0.1.20"], OWN),
    ("with another node's name", (OTHER_NODE,), {}, [], OWN),
    ("with another's public name", (f"ec2-203-0-113-8.{IN_REGION}",), {}, [], OWN),
    ("with its name in another Region", ("ec2-203-0-113-9.compute-1.amazonaws.com",), {}, [], OWN),
    (
        "with its name in a later Region",
        ("ec2-203-0-113-9.us-west-2.compute.amazonaws.com",),
        {},
        [],
        OWN,
    ),
    ("with an IPv6 address", ("2001:db8::99",), {}, ["2001:db8::99"], OWN),
    ("with a pod's address", ("10.0.1.77",), {}, [], OWN),
    ("on another instance now", (), {"holders": {IPv4Address("203.0.113.9"): {"i-0"}}}, [], OWN),
    ("which EC2 wasn't asked about", (), {"holders": {}}, [], OWN),
    ("for the second time", (), {"peers": Peers(asked_for_public=True)}, [], OWN),
    ("of an instance without one now", (), {"instance": NONE_PUBLIC}, [], OWN[:1]),
    ("in a VPC with public ranges", (), {"instance": PUBLIC_VPC}, [], ["11.0.1.10", OWN[1]]),
)

EXAMPLES: tuple[CheckExample, ...] = (
    # --- ip-addresses
    CheckExample("ip-addresses", "the primary private address", a_case()),
    CheckExample(
        "ip-addresses", "the primary interface's public address", with_names(PUBLIC_ADDRESS)
    ),
    CheckExample("ip-addresses", "DNS names only", with_names(NODE)),
    CheckExample(
        "ip-addresses",
        "an EFA interface",
        a_case(instance=an_instance(interfaces=(an_interface(kind="efa"),))),
    ),
    CheckExample(
        "ip-addresses",
        "an IPv6 address in another spelling",
        with_names("2001:db8:0:0:0:0:0:a", instance=IPV6_INSTANCE),
    ),
    CheckExample(
        "ip-addresses",
        "the primary of a second interface, where allowed",
        with_names(
            "10.0.2.10", instance=TWO_INTERFACES, policy=a_policy(allow_secondary_enis=True)
        ),
    ),
    CheckExample(
        "ip-addresses",
        "the primary interface's, which EC2 lists after another",
        with_names(ADDRESS, instance=an_instance(interfaces=TWO_INTERFACES.interfaces[::-1])),
    ),
    CheckExample(
        "ip-addresses",
        "another node's address",
        with_names("10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got '10.0.1.20', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "another node's address, of an instance with IPv4 and IPv6",
        with_names("10.0.1.20", instance=IPV6_INSTANCE),
        DENY,
        "address is not the instance's",
        "got '10.0.1.20', expected one of '10.0.1.10', '198.51.100.10', '2001:db8::a'",
    ),
    CheckExample(
        "ip-addresses",
        "another node's address and a pod's",
        with_names("10.0.1.77", "10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got '10.0.1.20', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "the IPv4-compatible form of another node's address",
        with_names("::10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got '::a00:114', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "another node's address twice, which is listed once",
        with_names("10.0.1.20", "10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got '10.0.1.20', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "IPv4 and IPv6 addresses next to the delegated prefixes",
        with_names(
            "10.0.3.15",
            "10.0.3.16",
            "2001:db8::1:0:0",
            "2001:db8::ffff:ffff",
            instance=an_instance(
                interfaces=(an_interface(prefixes=("10.0.3.0/28", "2001:db8::/96")),)
            ),
        ),
        DENY,
        "address is not the instance's",
        "got '10.0.3.16', '2001:db8::1:0:0', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "a secondary private address",
        with_names("10.0.1.77"),
        LEAVE,
        "address not accepted",
        f"got '10.0.1.77', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "the public address, where not allowed",
        with_names(PUBLIC_ADDRESS, policy=a_policy(allow_public_addresses=False)),
        LEAVE,
        "address not accepted",
        f"got '{PUBLIC_ADDRESS}', on {INSTANCE_ID} but ALLOW_PUBLIC_ADDRESSES=false refuses "
        "public names; expected one of '10.0.1.10'",
    ),
    CheckExample(
        "ip-addresses",
        "the public address, where not allowed, and a pod's",
        with_names(PUBLIC_ADDRESS, "10.0.1.77", policy=a_policy(allow_public_addresses=False)),
        LEAVE,
        "address not accepted",
        f"got '{PUBLIC_ADDRESS}', '10.0.1.77', on {INSTANCE_ID} but a pod's or another "
        "interface's; expected one of '10.0.1.10'",
    ),
    CheckExample(
        "ip-addresses",
        "the public address of a second interface",
        with_names("198.51.100.20", instance=TWO_PUBLIC),
        LEAVE,
        "address not accepted",
        f"got '198.51.100.20', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "an address of a delegated prefix",
        with_names(
            "10.0.3.5", instance=an_instance(interfaces=(an_interface(prefixes=("10.0.3.0/28",)),))
        ),
        LEAVE,
        "address not accepted",
        f"got '10.0.3.5', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "an IPv6 address within a delegated prefix",
        with_names(
            "2001:db8::a",
            instance=an_instance(
                interfaces=(an_interface(ipv6=("2001:db8::a",), prefixes=("2001:db8::/80",)),)
            ),
        ),
        LEAVE,
        "address not accepted",
        f"got '2001:db8::a', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "the primary of a second interface",
        with_names("10.0.2.10", instance=TWO_INTERFACES),
        LEAVE,
        "address not accepted",
        f"got '10.0.2.10', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "the first interface of another network card",
        with_names(
            "10.0.2.10",
            instance=an_instance(
                interfaces=(an_interface(), replace(SECOND_INTERFACE, device_index=0, card_index=1))
            ),
        ),
        LEAVE,
        "address not accepted",
        f"got '10.0.2.10', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "an interface whose place EC2 doesn't show",
        with_names(
            "10.0.2.10",
            instance=an_instance(
                interfaces=(an_interface(), replace(SECOND_INTERFACE, device_index=None))
            ),
        ),
        LEAVE,
        "address not accepted",
        f"got '10.0.2.10', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    *(
        CheckExample(
            "ip-addresses",
            sentence,
            with_names(
                "10.0.2.10",
                instance=an_instance(interfaces=(an_interface(), interface)),
                policy=a_policy(allow_secondary_enis=True),
            ),
            LEAVE,
            "address not accepted",
            f"got '10.0.2.10', on {INSTANCE_ID} but a pod's or another interface's; "
            "expected one of '10.0.1.10', '198.51.100.10'",
        )
        for sentence, interface in (
            ("a trunk interface", replace(SECOND_INTERFACE, kind="trunk")),
            ("a branch interface", replace(SECOND_INTERFACE, kind="branch")),
            ("an interface that isn't attached yet", replace(SECOND_INTERFACE, attached=False)),
            ("an interface in another VPC", replace(SECOND_INTERFACE, vpc_id="vpc-other")),
            ("an interface in a VPC that sorts first", replace(SECOND_INTERFACE, vpc_id="vpc-0")),
        )
    ),
    CheckExample(
        "ip-addresses",
        "a second interface, where EC2 shows no VPC of it and of the instance",
        with_names(
            "10.0.2.10",
            instance=an_instance(
                vpc_id="", interfaces=(an_interface(), replace(SECOND_INTERFACE, vpc_id=""))
            ),
            policy=a_policy(allow_secondary_enis=True, allow_other_vpcs=True),
        ),
        LEAVE,
        "address not accepted",
        f"got '10.0.2.10', on {INSTANCE_ID} but a pod's or another interface's; "
        "expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "EC2 gives no addresses yet",
        a_case(instance=an_instance(interfaces=())),
        LEAVE,
        "instance has no address yet",
        f"EC2 gives no addresses for {INSTANCE_ID}",
    ),
    CheckExample(
        "ip-addresses",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    CheckExample(
        "ip-addresses",
        "a public address that has left the instance",
        with_names(ADDRESS, "203.0.113.9", **FREE),
        DENY,
        "public address has moved",
        "got '203.0.113.9', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "a public address that has left the instance, after its own in any order",
        with_names(PUBLIC_ADDRESS, ADDRESS, "203.0.113.9", **FREE),
        DENY,
        "public address has moved",
        "got '203.0.113.9', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "an address next to a delegated one",
        with_names(
            "10.0.3.4", instance=an_instance(interfaces=(an_interface(prefixes=("10.0.3.5/32",)),))
        ),
        DENY,
        "address is not the instance's",
        "got '10.0.3.4', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    CheckExample(
        "ip-addresses",
        "a public address that has left the instance, and is on it again",
        with_names(
            ADDRESS, "203.0.113.9", holders={IPv4Address("203.0.113.9"): frozenset({INSTANCE_ID})}
        ),
        DENY,
        "public address has moved",
        "got '203.0.113.9', expected one of '10.0.1.10', '198.51.100.10'",
    ),
    *(
        CheckExample(
            "ip-addresses",
            f"a public address that looks moved, {sentence}",
            with_names("203.0.113.9", *more, **{**FREE, **changes}),
            DENY,
            "address is not the instance's",
            f"got {quoted('203.0.113.9', *foreign)}, expected one of {quoted(*own)}",
        )
        for sentence, more, changes, foreign, own in STAYED
    ),
    *unconfirmed("ip-addresses"),
)
