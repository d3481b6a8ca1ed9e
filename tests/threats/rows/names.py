"""Attacks by the names and addresses that a node requests."""

from typing import Final

from tests.threats.row import EXAMPLES, VECTORS, Change, Row, unchecked

_NAMES: Final = "src/core/checks/names.py"
_MOVED: Final = "src/core/checks/moved.py"
_OWN: Final = "src/core/checks/own_names.py"
_RESERVED: Final = "src/core/checks/reserved.py"

ROWS: Final = (
    Row(
        "ask for another node's DNS name",
        VECTORS,
        (unchecked("names.py", "dns_names"),),
        "san/other-dns",
    ),
    Row(
        "ask for a name under a suffix of `EXTRA_DNS_SUFFIXES` that isn't the node's",
        "tests/attack/test_names.py::test_under_an_extra_suffix_only_the_nodes_first_labels_are_allowed",
        (
            Change(
                _NAMES,
                "if folded(name) not in own]",
                "if folded(name) not in own"
                " and not folded(name).endswith(case.policy.extra_dns_suffixes)]",
            ),
        ),
    ),
    Row(
        "ask for a name that Unicode folds to the node's",
        "tests/attack/test_names.py::test_a_name_that_unicode_folds_to_the_nodes_is_denied",
        (
            Change(
                "src/core/checks/request.py",
                "return None if is_dns_name(san.value) else",
                "return None if True else",
            ),
            Change("src/core/dns.py", "name.translate(_LOWER)", "name.casefold()"),
        ),
    ),
    Row(
        "ask for another node's IP address",
        VECTORS,
        (unchecked("names.py", "ip_addresses"),),
        "san/other-ip",
    ),
    Row(
        "ask for another machine's public address, and have the denial counted as a moved address",
        "tests/property/test_moved_addresses_are_never_approved.py"
        "::test_it_is_never_approved_and_only_an_honest_nodes_is_counted_apart",
        (
            Change(_MOVED, "and not case.peers.asked_for_public", ""),
            Change(_MOVED, "if address in free", "if True"),
            Change(
                _MOVED,
                "if len(named) != 1:\n        return None\n    [address] = named",
                "if not named:\n        return None\n    address = max(named, key=str)",
            ),
        ),
    ),
    Row(
        "find out by a denial whether another cluster's instance has a public address",
        "tests/core/test_moved_address.py"
        "::test_the_condition_doesnt_show_whether_another_instance_has_the_address",
        (Change("src/core/acting.py", "one.condition_reason or one.reason", "one.reason"),),
    ),
    Row(
        "ask for a pod's address: a secondary one, or one of a delegated prefix",
        EXAMPLES,
        (
            Change(_OWN, "if private.primary:", "if True:"),
            Change(_OWN, "if not any(ip in prefix for prefix in interface.prefixes)", "if True"),
        ),
        "leave/ip-addresses/",
    ),
    Row(
        "ask for the address of a secondary, trunk or branch interface",
        EXAMPLES,
        (
            Change(_OWN, "not case.policy.allow_secondary_enis or", ""),
            Change(_OWN, "or interface.kind not in _NODE_INTERFACES", ""),
            Change(_OWN, "and interface.card_index == 0", ""),
        ),
        "leave/ip-addresses/",
    ),
    Row(
        "ask for `kubernetes.default`, another Service, `localhost`, or a domain of AWS",
        EXAMPLES,
        (
            Change(_RESERVED, "name in _NEVER", "False"),
            Change(_RESERVED, '"svc" in name.split(".")[1:]', "False"),
            Change(
                _RESERVED,
                "name in AWS_SERVICE_DOMAINS or name.endswith(_DOTTED_AWS_SERVICE_DOMAINS)",
                "False",
            ),
        ),
        "deny/reserved-names/the-name-",
    ),
    Row(
        "ask for loopback, instance metadata, or a Service's address, even where EC2 shows it",
        "tests/attack/test_addresses.py::test_a_reserved_address_is_denied_even_if_ec2_shows_it",
        (
            Change(_RESERVED, "ip.is_loopback or", ""),
            Change(_RESERVED, "ip.is_link_local or", ""),
            Change(_RESERVED, "any(ip in network for network in _service_ranges(case))", "False"),
        ),
    ),
    Row(
        "ask for an IPv4-mapped IPv6 address, which Go's signer issues as the IPv4 one",
        VECTORS,
        (
            Change(
                "src/core/checks/request.py", "return None if mapped is None", "return None if True"
            ),
        ),
        "san/mapped-",
    ),
    Row(
        "ask for a name of another kind: an e-mail address, a URI, a network",
        VECTORS,
        (Change("src/core/checks/request.py", 'return f"{san.kind} {san.value}"', "return None"),),
        "san/",
    ),
)
