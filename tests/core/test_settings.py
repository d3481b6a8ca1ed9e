"""Settings: the allowed values of each, and the error for any other."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import create_loader

from core.alarm_windows import lasting_seconds, seconds_between_reviews
from core.domains import AWS_SERVICE_DOMAINS
from core.errors import BadSettings
from core.settings import (
    DispatchSettings,
    JudgingSettings,
    Mode,
    Policy,
    RequireAccess,
    ReviewSettings,
    Selection,
)


def error_for(name: str, value: str) -> str:
    """Return the message of the error that this value of a reviewer's setting causes."""
    with pytest.raises(BadSettings) as caught:
        ReviewSettings.from_env({name: value})
    return str(caught.value)


#: A setting, its minimum and its maximum.
BOUNDS = [
    ("MAX_CSR_AGE_SECONDS", 60, 86_400),
    ("MAX_CERTIFICATE_SECONDS", 600, 31_536_000),
    ("APPROVE_AFTER_SECONDS", 0, 840),
    ("DENY_AFTER_SECONDS", 0, 840),
    ("ISSUE_GRACE_SECONDS", 30, 1_800),
    ("WRITE_CONNECTIONS", 1, 16),
    ("SCHEDULE_MINUTES", 1, 5),
]
BOOLEANS = [
    "ALLOW_NAME_IDENTITY",
    "ALLOW_OTHER_VPCS",
    "REQUIRE_CLUSTER_TAG",
    "VERIFY_NODE_ROLE",
    "ALLOW_PUBLIC_ADDRESSES",
    "ALLOW_SECONDARY_ENIS",
    "REAPPROVE_UNISSUED",
    "APP_SERVING",
    "ALLOW_SHORT_SERVICE_NAMES",
]


def test_every_setting_is_covered_here() -> None:
    """Every setting is in BOUNDS or BOOLEANS, or is one of those with tests of their own."""
    words = {"MODE", "REQUIRE_ACCESS", "CLUSTER_TAG"}
    lists = {"EXTRA_DNS_SUFFIXES", "REGIONS", "CLUSTER_NAMES", "SUBNET_IDS", "SECURITY_GROUP_IDS"}

    assert {name.upper() for name in ReviewSettings.model_fields} == {
        *(name for name, _, _ in BOUNDS),
        *BOOLEANS,
        *words,
        *lists,
    }


def test_the_defaults_are_the_strict_choices() -> None:
    """Only ALLOW_PUBLIC_ADDRESSES loosens a check by default."""
    assert {
        "max_csr_age_seconds": 900,
        "max_certificate_seconds": 31_536_000,
        "allow_name_identity": False,
        "allow_other_vpcs": False,
        "require_cluster_tag": True,
        "verify_node_role": True,
        "allow_public_addresses": True,
        "allow_secondary_enis": False,
        "extra_dns_suffixes": (),
        "allow_short_service_names": False,
        "regions": (),
        "cluster_names": ("*",),
        "cluster_tag": "",
        "mode": Mode.SHADOW,
        "approve_after_seconds": 90,
        "deny_after_seconds": 360,
        "issue_grace_seconds": 120,
        "write_connections": 8,
        "reapprove_unissued": False,
        "app_serving": False,
        "require_access": RequireAccess.SELECTED,
        "schedule_minutes": 1,
        "subnet_ids": (),
        "security_group_ids": (),
    } == ReviewSettings.from_env({}).model_dump()


@pytest.mark.parametrize(("name", "least", "most"), BOUNDS)
def test_a_number_may_be_its_minimum_and_its_maximum(name: str, least: int, most: int) -> None:
    """The commands that only judge accept each of them with any other setting."""
    for value in (least, most):
        got = JudgingSettings.from_env({name: str(value)})

        assert value == getattr(got, name.lower())


@pytest.mark.parametrize(("name", "least", "most"), BOUNDS)
def test_a_number_beyond_its_bounds_is_refused_with_the_bound(
    name: str, least: int, most: int
) -> None:
    """The message names the variable, what is allowed, and the value."""
    assert error_for(name, str(least - 1)) == (
        f"{name}: got '{least - 1}', expected at least {least}"
    )
    assert error_for(name, str(most + 1)) == (f"{name}: got '{most + 1}', expected at most {most}")


@pytest.mark.parametrize(
    "value",
    ["five", "0x5a", "1e2", "90.5", "90s", "nan", pytest.param("1" * 5_000, id="5000-digits")],
)
def test_a_value_that_is_no_whole_number_is_refused(value: str) -> None:
    """A value with a unit, a point or an exponent is refused."""
    assert error_for("APPROVE_AFTER_SECONDS", value) == (
        f"APPROVE_AFTER_SECONDS: got '{value}', expected a whole number"
    )


@pytest.mark.parametrize("name", BOOLEANS)
def test_a_boolean_is_true_or_false(name: str) -> None:
    """A boolean setting accepts the words true and false."""
    for word, value in (("true", True), ("false", False)):
        assert value is getattr(ReviewSettings.from_env({name: word}), name.lower())


@pytest.mark.parametrize("name", BOOLEANS)
@pytest.mark.parametrize("value", ["True", "TRUE", "yes", "on", "1", "0", "t", "none"])
def test_other_words_are_no_booleans(name: str, value: str) -> None:
    """Any other word is refused, because its meaning would be a guess."""
    assert error_for(name, value) == f"{name}: got '{value}', expected true or false"


@pytest.mark.parametrize("name", sorted(name.upper() for name in ReviewSettings.model_fields))
@pytest.mark.parametrize("empty", ["", " ", "\t"])
def test_an_empty_variable_means_the_default(name: str, empty: str) -> None:
    """Templates pass unset parameters as empty text."""
    assert ReviewSettings.from_env({}) == ReviewSettings.from_env({name: empty})


def test_spaces_around_a_text_are_ignored() -> None:
    """A tag with a space in front of it would select no cluster."""
    assert "team=a" == Selection.from_env({"CLUSTER_TAG": " team=a "}).cluster_tag


def test_other_variables_are_ignored() -> None:
    """The environment contains many other variables; ours are in upper case."""
    assert ReviewSettings.from_env({}) == ReviewSettings.from_env(
        {"PATH": "/bin", "mode": "enforce", "AWS_REGION": "eu-west-1"}
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ("a",)),
        ("a,b", ("a", "b")),
        (" a , b ,", ("a", "b")),
        ("prod-*,stage-?", ("prod-*", "stage-?")),
    ],
)
def test_lists_are_separated_by_commas(text: str, names: tuple[str, ...]) -> None:
    """Spaces around a part and empty parts are ignored."""
    got = Selection.from_env({"CLUSTER_NAMES": text, "REGIONS": text})

    assert (names, names) == (got.cluster_names, got.regions)


@pytest.mark.parametrize("text", [",", " , "])
def test_a_list_of_clusters_without_a_name_is_refused(text: str) -> None:
    """With an empty list of names no cluster would be reviewed, and no one would notice."""
    assert error_for("CLUSTER_NAMES", text) == (
        f"CLUSTER_NAMES: got '{text}', expected at least one name or glob, e.g. prod-*"
    )


@pytest.mark.parametrize("mode", list(Mode))
def test_a_mode_is_named_by_its_word(mode: Mode) -> None:
    """The words are shadow, approve-only and enforce."""
    assert mode is ReviewSettings.from_env({"MODE": mode.value}).mode


@pytest.mark.parametrize("value", ["Enforce", "ENFORCE", "approve_only", "off"])
def test_an_unknown_mode_is_refused_with_the_list_of_modes(value: str) -> None:
    """A mistyped mode must not select another mode."""
    assert error_for("MODE", value) == (
        f"MODE: got '{value}', expected 'shadow', 'approve-only' or 'enforce'"
    )


@pytest.mark.parametrize("require", list(RequireAccess))
def test_required_access_is_named_by_its_word(require: RequireAccess) -> None:
    """The words are selected, all and none."""
    assert require is ReviewSettings.from_env({"REQUIRE_ACCESS": require.value}).require_access


@pytest.mark.parametrize("value", ["All", "yes", "true"])
def test_an_unknown_word_for_required_access_is_refused(value: str) -> None:
    """A mistyped word must not turn an alarm off."""
    assert error_for("REQUIRE_ACCESS", value) == (
        f"REQUIRE_ACCESS: got '{value}', expected 'selected', 'all' or 'none'"
    )


@pytest.mark.parametrize(
    ("stack", "cluster", "lesser"),
    [
        (Mode.SHADOW, Mode.SHADOW, Mode.SHADOW),
        (Mode.SHADOW, Mode.APPROVE_ONLY, Mode.SHADOW),
        (Mode.SHADOW, Mode.ENFORCE, Mode.SHADOW),
        (Mode.APPROVE_ONLY, Mode.SHADOW, Mode.SHADOW),
        (Mode.APPROVE_ONLY, Mode.APPROVE_ONLY, Mode.APPROVE_ONLY),
        (Mode.APPROVE_ONLY, Mode.ENFORCE, Mode.APPROVE_ONLY),
        (Mode.ENFORCE, Mode.SHADOW, Mode.SHADOW),
        (Mode.ENFORCE, Mode.APPROVE_ONLY, Mode.APPROVE_ONLY),
        (Mode.ENFORCE, Mode.ENFORCE, Mode.ENFORCE),
    ],
)
def test_a_mode_is_lowered_and_never_raised(stack: Mode, cluster: Mode, lesser: Mode) -> None:
    """The mode of the two that writes less applies."""
    assert lesser is stack.lowered_to(cluster)


# --- settings with which an alarm could never fire -----------------------------------------------

OLDEST_PENDING = "the alarm oldest-pending could never fire"
ONE_MINUTE = "60 x (SCHEDULE_MINUTES 1 + 1)"
AND_LASTING = f"360 + {ONE_MINUTE}"
NOT_ISSUED = "the alarm approved-not-issued could never fire"
LONG_GRACE = "APPROVE_AFTER_SECONDS 90 + ISSUE_GRACE_SECONDS 1000"

#: Settings other than MAX_CSR_AGE_SECONDS, its least value with them, and the reason.
LEAST_AGES = [
    ({}, 720, f"600 + {ONE_MINUTE}), or {OLDEST_PENDING}"),
    ({"SCHEDULE_MINUTES": "5"}, 960, f"600 + 60 x (SCHEDULE_MINUTES 5 + 1)), or {OLDEST_PENDING}"),
    (
        {"APPROVE_AFTER_SECONDS": "840", "ISSUE_GRACE_SECONDS": "30"},
        1_350,
        f"APPROVE_AFTER_SECONDS 840 + ISSUE_GRACE_SECONDS 30 + {AND_LASTING}), or {NOT_ISSUED}",
    ),
    (
        {"DENY_AFTER_SECONDS": "840"},
        960,
        f"DENY_AFTER_SECONDS 840 + {ONE_MINUTE}), or a CSR could be too old before it is denied",
    ),
    (
        {"ISSUE_GRACE_SECONDS": "500"},
        1_070,
        f"APPROVE_AFTER_SECONDS 90 + ISSUE_GRACE_SECONDS 500 + {AND_LASTING}), or {NOT_ISSUED}",
    ),
    *(
        (
            {"ISSUE_GRACE_SECONDS": "1000", "SCHEDULE_MINUTES": minutes},
            least,
            f"{LONG_GRACE} + {lasting} + 60 x (SCHEDULE_MINUTES {minutes} + 1)), or {NOT_ISSUED}",
        )
        for minutes, lasting, least in (
            *(("1", 360, 1_570), ("2", 360, 1_630), ("3", 360, 1_690)),
            *(("4", 240, 1_630), ("5", 300, 1_750)),
        )
    ),
]


@pytest.mark.parametrize(("others", "least", "reason"), LEAST_AGES)
def test_a_csr_can_get_old_enough_for_every_decision_and_alarm(
    others: dict[str, str], least: int, reason: str
) -> None:
    """A review sees each CSR after its decision is due, even if that review is a minute late."""
    name = "MAX_CSR_AGE_SECONDS"
    with pytest.raises(BadSettings) as caught:
        ReviewSettings.from_env(others | {name: str(least - 1)})

    message = f"{name}: got {least - 1}, expected at least {least} ({reason}"
    assert str(caught.value).endswith(message)
    assert least == ReviewSettings.from_env(others | {name: str(least)}).max_csr_age_seconds


def test_a_late_approval_is_written_before_a_csr_is_too_old() -> None:
    """The error names each alarm and decision that would be lost."""
    assert error_for("APPROVE_AFTER_SECONDS", "840") == (
        f"MAX_CSR_AGE_SECONDS: got 900, expected at least 960 (APPROVE_AFTER_SECONDS 840 + "
        f"{ONE_MINUTE}), or a CSR could be too old before it is approved; MAX_CSR_AGE_SECONDS: got "
        "900, expected at least 1440 (APPROVE_AFTER_SECONDS 840 + ISSUE_GRACE_SECONDS 120 + "
        f"{AND_LASTING}), or {NOT_ISSUED}"
    )


def test_the_longest_grace_period_ends_before_kubernetes_deletes_the_csr() -> None:
    """It deletes an approved CSR without certificate after an hour.

    From: Kubernetes, pkg/controller/certificates/cleaner, `approvedExpiration`. The alarm
    approved-not-issued needs several reviews, which may be far apart.
    """
    longest = max(most for name, _, most in BOUNDS if name == "ISSUE_GRACE_SECONDS")

    assert longest + lasting_seconds(5) + seconds_between_reviews(5) < 3_600


@pytest.mark.parametrize(
    ("given", "lacking"),
    [("SUBNET_IDS", "SECURITY_GROUP_IDS"), ("SECURITY_GROUP_IDS", "SUBNET_IDS")],
)
def test_a_reviewer_in_a_vpc_has_subnets_and_security_groups(given: str, lacking: str) -> None:
    """With one of them alone, Lambda wouldn't attach the function to the VPC."""
    assert error_for(given, "id-1") == (
        f"{given} needs {lacking}: set both, or neither; otherwise Lambda doesn't attach the "
        "reviewer to the VPC"
    )
    assert ReviewSettings.from_env({given: "id-1", lacking: "id-2"})


def test_commands_that_only_judge_take_any_age() -> None:
    """They have no alarms, and saved CSRs may be of any age."""
    assert 60 == JudgingSettings.from_env({"MAX_CSR_AGE_SECONDS": "60"}).max_csr_age_seconds


# --- lists and names -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("corp.example", ("corp.example",)),
        (".Corp.Example.", ("corp.example",)),
        ("a.example, b-2.example", ("a.example", "b-2.example")),
        ("notamazonaws.com", ("notamazonaws.com",)),
        (f"{'a' * 63}.example", (f"{'a' * 63}.example",)),
    ],
)
def test_a_suffix_is_a_domain_of_the_operator(text: str, domains: tuple[str, ...]) -> None:
    """A suffix is read without regard to letter case and to a dot before or after it."""
    assert domains == Policy.from_env({"EXTRA_DNS_SUFFIXES": text}).extra_dns_suffixes


@pytest.mark.parametrize(
    "text",
    ["corp", "*.corp.example", "a..b", "-.b", "a b.c", "bücher.example", "a" * 64 + ".b", "a_b.c"],
)
def test_a_suffix_that_is_no_domain_of_two_labels_is_refused(text: str) -> None:
    """A top-level domain belongs to no operator."""
    assert error_for("EXTRA_DNS_SUFFIXES", text) == (
        f"EXTRA_DNS_SUFFIXES: got '{text}', expected a domain of at least two labels, e.g. "
        "corp.example"
    )


@pytest.mark.parametrize(
    "text",
    [
        *AWS_SERVICE_DOMAINS,
        "eu-west-1.elb.amazonaws.com",
        "EU-West-1.compute.AmazonAWS.com.",
        "ec2.internal",
        "eu-west-1.compute.internal",
        "compute.internal",
        "cluster.local",
        "svc.cluster.local",
        "kube-system.svc",
        "web.shop.svc.corp.example",
        "default.kubernetes",
        "node.localhost",
    ],
)
def test_a_suffix_of_aws_or_of_clusters_is_refused(text: str) -> None:
    """Anyone can have names under such a suffix, so a name's first label proves nothing."""
    assert error_for("EXTRA_DNS_SUFFIXES", f"corp.example,{text}") == (
        f"EXTRA_DNS_SUFFIXES: got '{text}', which belongs to AWS or to clusters; expected a domain "
        "of your own"
    )


@pytest.mark.parametrize(
    "text",
    [
        "d111111abcdef8.cloudfront.net",
        "a1234567890abcdef.awsglobalaccelerator.com",
        "abcdefghijkl.lambda-url.eu-west-1.on.aws",
        "id.gamelift.aws.dev",
        "prod.amazon.com",
    ],
)
def test_a_domain_of_aws_services_outside_the_partitions_data_is_refused(text: str) -> None:
    """AWS has names under such a domain for its services and for their customers."""
    assert "belongs to AWS or to clusters" in error_for("EXTRA_DNS_SUFFIXES", text)


def dns_suffixes(data: Any) -> Iterator[str]:
    """Yield the value of each `dnsSuffix`, `dualStackDnsSuffix` and similar, at any depth."""
    if isinstance(data, list):
        for element in data:
            yield from dns_suffixes(element)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key.casefold().endswith("dnssuffix"):
                yield value
            yield from dns_suffixes(value)


@pytest.mark.parametrize("data", ["partitions", "endpoints"])
def test_the_domains_of_every_aws_partition_are_reserved(data: str) -> None:
    """A partition that botocore adds fails this test until its domains are reserved."""
    suffixes = set(dns_suffixes(create_loader().load_data(data)))

    # Today the files have 14 and 10. Far fewer would mean that this test reads its data wrongly.
    assert 9 < len(suffixes)
    assert set() == suffixes - set(AWS_SERVICE_DOMAINS)


def test_one_error_lists_everything_that_is_wrong() -> None:
    """The error lists all invalid settings, so that an operator can fix them all at once."""
    with pytest.raises(BadSettings) as caught:
        ReviewSettings.from_env({"MODE": "on", "WRITE_CONNECTIONS": "0"})

    assert (
        "MODE: got 'on', expected 'shadow', 'approve-only' or 'enforce'; "
        "WRITE_CONNECTIONS: got '0', expected at least 1"
    ) == str(caught.value)


def test_code_may_pass_python_values() -> None:
    """Code may pass booleans as bool and lists as tuples, instead of text."""
    got = ReviewSettings.model_validate(
        {
            "allow_other_vpcs": True,
            "cluster_names": ("a",),
            "extra_dns_suffixes": ("corp.example",),
        }
    )

    assert (True, ("a",), ("corp.example",)) == (
        got.allow_other_vpcs,
        got.cluster_names,
        got.extra_dns_suffixes,
    )


def test_a_python_value_of_the_wrong_type_is_refused() -> None:
    """Values that code passes are checked like text."""
    with pytest.raises(ValueError, match="extra_dns_suffixes"):
        Policy.model_validate({"extra_dns_suffixes": 5})
    with pytest.raises(ValueError, match="belongs to AWS"):
        Policy.model_validate({"extra_dns_suffixes": ("amazonaws.com",)})
    with pytest.raises(ValueError, match="which belongs to AWS"):
        Policy.model_validate({"extra_dns_suffixes": ["amazonaws.com"]})


def test_names_of_any_vpc_need_the_clusters_tag() -> None:
    """Otherwise any instance of the account with a node's name would count as that node."""
    environ = {"ALLOW_NAME_IDENTITY": "true", "ALLOW_OTHER_VPCS": "true"}

    assert Policy.from_env(environ).allow_name_identity
    for missing in environ:
        Policy.from_env({**environ, missing: "false", "REQUIRE_CLUSTER_TAG": "false"})
    with pytest.raises(BadSettings, match="ALLOW_OTHER_VPCS needs REQUIRE_CLUSTER_TAG=true"):
        Policy.from_env({**environ, "REQUIRE_CLUSTER_TAG": "false"})


def test_settings_are_immutable() -> None:
    """A run can't change its settings."""
    with pytest.raises(ValueError, match="frozen"):
        ReviewSettings.from_env({}).__setattr__("mode", Mode.ENFORCE)


@pytest.mark.parametrize("environ", [{}, {"QUEUE_URL": " "}])
def test_the_dispatcher_needs_a_queue(environ: dict[str, str]) -> None:
    """`QUEUE_URL` has no default."""
    with pytest.raises(BadSettings, match="QUEUE_URL is missing, and has no default"):
        DispatchSettings.from_env(environ)


def test_a_name_that_is_no_setting_is_refused() -> None:
    """A command passes settings by name, and a misspelled one must not leave its default."""
    with pytest.raises(ValueError, match="require_cluster_tags"):
        Policy.model_validate({"require_cluster_tags": "false"})
