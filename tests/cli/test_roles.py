"""Who may assume a role: every principal of its trust policy, but EC2's own service."""

from typing import Any

import pytest

from cli.doctor.roles import other_principals

EC2 = {"Service": "ec2.amazonaws.com"}
ROOT = "arn:aws:iam::111122223333:root"


def allowed(principal: object, action: object = "sts:AssumeRole", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


CASES: dict[str, tuple[object, list[str]]] = {
    "EC2": ([allowed(EC2)], []),
    "EC2 in China": ([allowed({"Service": "ec2.amazonaws.com.cn"})], []),
    "one statement is a list of one": (allowed({"AWS": ROOT}), [ROOT]),
    "an account": ([allowed(EC2), allowed({"AWS": ROOT})], [ROOT]),
    "an account beside EC2": ([allowed({**EC2, "AWS": [ROOT]})], [ROOT]),
    "another service": (
        [allowed({"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"]})],
        ["ssm.amazonaws.com"],
    ),
    "EC2's name as an account": ([allowed({"AWS": "ec2.amazonaws.com"})], ["ec2.amazonaws.com"]),
    "a provider": (
        [allowed({"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity")],
        ["accounts.google.com"],
    ),
    "everyone": ([allowed("*")], ["*"]),
    "everyone, as AWS": ([allowed({"AWS": "*"})], ["*"]),
    "everyone except some": (
        [{"Effect": "Allow", "NotPrincipal": {"AWS": ROOT}, "Action": "sts:*"}],
        ["everyone except some principals"],
    ),
    "by any action": ([allowed({"AWS": ROOT}, "*")], [ROOT]),
    "by a pattern of another case": ([allowed({"AWS": ROOT}, ["STS:Assume*"])], [ROOT]),
    "by all actions but one": (
        [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "NotAction": "sts:TagSession"}],
        [ROOT],
    ),
    "under a condition": (
        [allowed({"AWS": ROOT}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
        [ROOT],
    ),
    "tags alone": ([allowed({"AWS": ROOT}, "sts:TagSession")], []),
    "denied": ([{"Effect": "Deny", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}], []),
    "nothing": (None, []),
    "a statement that isn't an object": (["text"], []),
}


@pytest.mark.parametrize("case", CASES)
def test_all_other_principals_that_may_assume_the_role_are_returned(case: str) -> None:
    statement, expected = CASES[case]

    assert expected == other_principals({"Statement": statement})
