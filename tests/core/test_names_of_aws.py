"""Which names of clusters and Regions, and which ARNs of roles, are valid."""

import pytest

from core.model import CLUSTER_NAME, REGION_NAME, Role


@pytest.mark.parametrize("name", ["a", "0", "Prod_1-eu", "a" * 100])
def test_a_clusters_name_has_at_most_a_hundred_letters_digits_hyphens_and_underscores(
    name: str,
) -> None:
    """From: EKS API reference, CreateCluster, `name`."""
    assert CLUSTER_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "-a", "_a", "a" * 101, "a/b", "a.b", "a\n", "ä", "a "])
def test_any_other_text_is_no_name_of_a_cluster(name: str) -> None:
    """A name becomes part of a URL, of metrics and of log lines."""
    assert not CLUSTER_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "eu-west-1",
        "ap-southeast-10",
        "cn-northwest-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eusc-de-east-1",
    ],
)
def test_the_regions_of_all_partitions_have_valid_names(name: str) -> None:
    """From: botocore's partitions."""
    assert REGION_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "u-west-1",
        "euwes-west-1",
        "eu-1",
        "eu--1",
        "eu-west-",
        "eu-west-100",
        "EU-west-1",
        "eu-west-1\n",
        "eu-west-1.example",
    ],
)
def test_any_other_text_is_no_name_of_a_region(name: str) -> None:
    """A Region's name becomes a part of host names."""
    assert not REGION_NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws:iam::111122223333:role/eks-node", Role("aws", "111122223333", "eks-node")),
        ("arn:aws:iam::111122223333:role/n", Role("aws", "111122223333", "n")),
        (
            "arn:aws-us-gov:iam::111122223333:role/a/b/N_1+=,.@-",
            Role("aws-us-gov", "111122223333", "N_1+=,.@-"),
        ),
        (f"arn:aws:iam::111122223333:role/{'n' * 64}", Role("aws", "111122223333", "n" * 64)),
    ],
)
def test_a_roles_arn_has_a_partition_an_account_and_a_name(arn: str, role: Role) -> None:
    """A path is no part of the name. From: IAM User Guide, "IAM identifiers"."""
    assert role == Role.of_arn(arn)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "eks-node",
        "arn::iam::111122223333:role/n",
        "arn:aws:sts::111122223333:role/n",
        "arn:aws:iam:eu-west-1:111122223333:role/n",
        "arn:aws:iam::11112222333:role/n",
        "arn:aws:iam::1111222233334:role/n",
        "arn:aws:iam::111122223333:user/n",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role//n",
        "arn:aws:iam::111122223333:role/a b/n",
        f"arn:aws:iam::111122223333:role/{'n' * 65}",
        "arn:aws:iam::111122223333:role/nödé",
        "arn:aws:iam::111122223333:role/n\n",
    ],
)
def test_any_other_text_is_no_roles_arn(arn: str) -> None:
    """A role that can't be read matches no other."""
    assert Role.of_arn(arn) is None


@pytest.mark.parametrize(
    ("role", "other_role", "matches"),
    [
        (Role("aws", "111122223333", "EKS-node"), Role("aws", "111122223333", "eks-NODE"), True),
        (Role("aws", "111122223333", "n"), Role("aws", "111122223333", "m"), False),
        (Role("aws", "111122223333", "n"), Role("aws", "222233334444", "n"), False),
        (Role("aws", "111122223333", "n"), Role("aws-cn", "111122223333", "n"), False),
    ],
)
def test_a_role_is_the_same_whatever_the_letter_case_of_its_name(
    role: Role,
    other_role: Role,
    matches: bool,  # noqa: FBT001  a case
) -> None:
    """A role's account and partition are compared exactly. From: IAM API, CreateRole."""
    assert (matches, matches) == (role.matches(other_role), other_role.matches(role))
