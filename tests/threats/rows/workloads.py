"""Attacks of ServiceAccounts on the second signer."""

from typing import Final

from tests.threats.row import EXAMPLES, Change, Row, unchecked

_REVIEW: Final = "tests/core/test_review_services.py"

_OF: Final = "app-serving/"

ROWS: Final = (
    Row(
        "ask for a Service as a node, or as a user that only has a ServiceAccount's name",
        EXAMPLES,
        (unchecked("service.py", "requester_is_service_account"),),
        "leave/requester-is-service-account/",
    ),
    Row(
        "ask for a Service of another namespace",
        EXAMPLES,
        (unchecked("service.py", "service_names"),),
        "leave/service-names/of-another-namespace",
    ),
    Row(
        "ask, as a ServiceAccount, for `localhost` or a loopback address",
        EXAMPLES,
        (unchecked("reserved.py", "reserved_for_services"),),
        f"{_OF}leave/reserved-names/",
    ),
    Row(
        "ask for a name that is no Service's",
        EXAMPLES,
        (unchecked("service.py", "service_names"),),
        "leave/service-names/not-a-Service's",
    ),
    Row(
        "ask for another Service's cluster IP",
        EXAMPLES,
        (unchecked("service.py", "service_addresses"),),
        "leave/service-addresses/",
    ),
    Row(
        "ask for a Service that isn't there, or leads elsewhere (ExternalName)",
        EXAMPLES,
        (unchecked("service.py", "service_known"),),
        "leave/service-known/",
    ),
    Row(
        "ask, as a ServiceAccount, for `kubernetes.default` or the API server's address",
        EXAMPLES,
        (unchecked("reserved.py", "reserved_for_services"),),
        f"{_OF}deny/reserved-names/",
    ),
    Row(
        "ask, as a ServiceAccount, for a wildcard",
        EXAMPLES,
        (unchecked("request.py", "plain_names"),),
        f"{_OF}deny/san-kinds/",
    ),
    Row(
        "ask, as a ServiceAccount, for a client certificate",
        EXAMPLES,
        (unchecked("service.py", "service_usages"),),
        "deny/service-usages/",
    ),
    Row(
        "ask, as a ServiceAccount, to be a CA, or for client authentication in the request",
        EXAMPLES,
        (unchecked("service.py", "service_extensions"),),
        "deny/service-extensions/",
    ),
    Row(
        "put another name into the subject, which some clients read",
        EXAMPLES,
        (unchecked("service.py", "service_subject"),),
        "leave/service-subject/",
    ),
    Row(
        "reach another object by slashes in a Service's name",
        "tests/adapters/test_services.py::test_only_dns_labels_reach_a_url",
        (
            Change(
                "src/adapters/services.py",
                "if not (DNS_LABEL.fullmatch(namespace) and DNS_LABEL.fullmatch(name)):",
                "if False:",
            ),
        ),
    ),
    Row(
        "file thousands of requests as ServiceAccounts of one namespace",
        EXAMPLES,
        (unchecked("service.py", "among_newest"),),
        "leave/among-newest/",
    ),
    Row(
        "block a ServiceAccount by filing a copy of its request from another namespace",
        f"{_REVIEW}::test_a_copy_of_a_request_blocks_no_other",
        (Change("src/core/peers.py", "if parsed.key_is_proven:", "if True:"),),
    ),
)
