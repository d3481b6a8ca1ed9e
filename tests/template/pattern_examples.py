"""Values that each parameter's AllowedPattern must accept and refuse, by the parameter's name.

For a list, each example is one element. Where an empty value is accepted, it means "none".
"""

from typing import Final, NamedTuple


class Examples(NamedTuple):
    """At least one of each."""

    accepted: tuple[str, ...]
    refused: tuple[str, ...]


EXAMPLES: Final = {
    "Regions": Examples(
        ("", "eu-west-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"),
        ("US East", "us_east_1", "eu-west", "eu-west-1\n", "eu-west-1.evil.example"),
    ),
    "ClusterNames": Examples(
        ("", "*", "prod-*", "prod-[ab]?", "prod-[!a-c]_1", "a" * 100),
        ("prod/1", "a" * 101, "prod dev", "prod\n", "prod\\1"),
    ),
    "ClusterTag": Examples(
        ("", "csr-approver:serve", "team=a=b", "team=", "k" * 128 + "=" + "v" * 256, "é=ü"),
        ("=a", "k" * 129, "k=" + "v" * 257, "team=a\n", "team=a\rb"),
    ),
    "ExtraDnsSuffixes": Examples(
        ("", "corp.example", ".corp.example", "a.b.corp.example."),
        ("corp", "corp..example", "corp_1.example", "*.corp.example", "corp.example\n"),
    ),
    "AlarmEmail": Examples(
        ("", "ops@corp.example", "ops+eks@corp.example"),
        ("ops", "ops@", "a@b@c", "ops @corp.example", "ops@corp.example\n"),
    ),
    "AlarmTopicArn": Examples(
        (
            "",
            "arn:aws-cn:sns:cn-north-1:123456789012:ops",
            "arn:aws:sns:us-east-1:123456789012:a.b_c",
        ),
        ("ops", "arn:aws:sqs:us-east-1:123456789012:ops", "arn:aws:sns:us-east-1:12345:ops"),
    ),
    "SecurityAlarmEmail": Examples(
        ("", "ops@corp.example", "ops+eks@corp.example"),
        ("ops", "ops@", "a@b@c", "ops @corp.example", "ops@corp.example\n"),
    ),
    "SecurityAlarmTopicArn": Examples(
        (
            "",
            "arn:aws-cn:sns:cn-north-1:123456789012:ops",
            "arn:aws:sns:us-east-1:123456789012:a.b_c",
        ),
        ("ops", "arn:aws:sqs:us-east-1:123456789012:ops", "arn:aws:sns:us-east-1:12345:ops"),
    ),
    "SubnetIds": Examples(
        ("", "subnet-0123456789abcdef0", "subnet-01234567"),
        ("vpc-0123456789abcdef0", "subnet-", "subnet-0123456789ABCDEF0"),
    ),
    "SecurityGroupIds": Examples(
        ("", "sg-0123456789abcdef0", "sg-01234567"),
        ("default", "sg-", "sg-0123456789abcdef01"),
    ),
    "CodeBucketPrefix": Examples(
        ("corp-csr-approver", "abc", "p" * 47),
        ("", "ab", "p" * 48, "Corp", "corp.example", "corp-", "-corp"),
    ),
    "OrganizationId": Examples(
        ("o-abcdefghij", "o-0123456789"),
        ("", "abcdefghij", "o-abc", "o-ABCDEFGHIJ", "r-abcd", "ou-abcd-0a1b2c3d"),
    ),
    "ReviewerRoleName": Examples(
        ("csr-approver", "a_+=,.@-Z", "r" * 64),
        ("", "a/b", "r" * 65, "csr approver", "arn:aws:iam::123456789012:role/a"),
    ),
    "ReviewerRolePrefix": Examples(
        ("", "csr-approver", "a_+=,.@-Z", "r" * 48),
        ("a/b", "r" * 49, "csr approver", "arn:aws:iam::123456789012:role/a"),
    ),
    "PermissionsBoundaryArn": Examples(
        ("", "arn:aws:iam::123456789012:policy/a/b", "arn:aws:iam::aws:policy/PowerUserAccess"),
        ("a/b", "arn:aws:iam::123456789012:policy/", "arn:aws:iam::123456789012:policy/a b"),
    ),
    "KmsKeyArn": Examples(
        (
            "",
            "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
            "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f",
        ),
        ("arn:aws:kms:us-east-1:123456789012:alias/logs", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"),
    ),
    "ClusterName": Examples(
        ("prod", "0_prod-1", "a" * 100),
        ("", "-prod", "_prod", "a" * 101, "prod-*", "prod\n"),
    ),
}
