"""Settings: read once from the environment, validated as a whole; errors name each bad one."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from core.alarm_windows import why_too_low
from core.domains import own_domain
from core.errors import BadSettings

_BOOLEANS = {"true": True, "false": False}


def _boolean(value: object) -> object:
    if isinstance(value, str):
        if value not in _BOOLEANS:
            raise ValueError("expected true or false")
        return _BOOLEANS[value]
    return value


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part for part in value.split(",") if part.strip())
    return value


Boolean = Annotated[bool, BeforeValidator(_boolean)]
Names = Annotated[tuple[str, ...], BeforeValidator(_comma_separated)]
Domains = Annotated[
    tuple[Annotated[str, AfterValidator(own_domain)], ...], BeforeValidator(_comma_separated)
]


class Mode(Enum):
    """How far the approver may go. Verdicts and logs are the same in all modes."""

    SHADOW = "shadow"
    APPROVE_ONLY = "approve-only"
    ENFORCE = "enforce"

    @property
    def rank(self) -> int:
        """Return 0 for the mode that writes least, 1 and 2 for the others."""
        return list(Mode).index(self)

    def lowered_to(self, other: "Mode") -> "Mode":
        """Return the lower mode: a cluster's tag may lower the stack's mode, never raise it."""
        return min(self, other, key=lambda mode: mode.rank)


class RequireAccess(Enum):
    """For which clusters missing access is an error."""

    #: Those that CLUSTER_NAMES (other than `*`) or CLUSTER_TAG selects, or that are tagged
    #: csr-approver:mode.
    SELECTED = "selected"
    ALL = "all"
    NONE = "none"


class _FromEnvironment(BaseModel):
    """Settings whose field names are environment variables in lower case; empty means default."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Build from environment variables; variables that aren't fields are ignored.

        Raises:
            BadSettings: a value isn't allowed; names each variable and what is allowed.
        """
        given = {
            name: environ[name.upper()]
            for name in cls.model_fields
            if environ.get(name.upper(), "").strip()
        }
        try:
            return cls(**given)
        except ValidationError as error:
            problems = [_explain(problem, given) for problem in error.errors()]
            raise BadSettings("; ".join(problems)) from error


#: What is expected, by the type of pydantic's error; its context fills the gaps.
_EXPECTED = {
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a whole number",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
    "enum": "expected {expected}",
    "too_short": "expected at least one name or glob, e.g. prod-*",
}


def _explain(problem: ErrorDetails, given: Mapping[str, str]) -> str:
    words = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return words
    field = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"{field.upper()} is missing, and has no default"
    if words.startswith("got "):  # a validator that names the one bad part
        return f"{field.upper()}: {words}"
    if problem["type"] in _EXPECTED:
        words = _EXPECTED[problem["type"]].format(**problem.get("ctx", {}))
    return f"{field.upper()}: got {given[field]!r}, {words}"


class Policy(_FromEnvironment):
    """The settings of the checks."""

    max_csr_age_seconds: int = Field(900, ge=60, le=86_400)
    max_certificate_seconds: int = Field(31_536_000, ge=600, le=31_536_000)
    allow_name_identity: Boolean = False
    allow_other_vpcs: Boolean = False
    require_cluster_tag: Boolean = True
    verify_node_role: Boolean = True
    allow_public_addresses: Boolean = True
    allow_secondary_enis: Boolean = False
    extra_dns_suffixes: Domains = ()
    allow_short_service_names: Boolean = False

    @model_validator(mode="after")
    def _names_are_bound_to_the_cluster(self) -> Self:
        by_name_alone = self.allow_name_identity and self.allow_other_vpcs
        if by_name_alone and not self.require_cluster_tag:
            raise ValueError(
                "ALLOW_NAME_IDENTITY with ALLOW_OTHER_VPCS needs REQUIRE_CLUSTER_TAG=true, or any"
                " instance with a node's name counts as that node"
            )
        return self


class Selection(_FromEnvironment):
    """Which clusters are served.

    `regions` empty: the Region that the function runs in. `cluster_names`: globs, one of which
    must match. `cluster_tag`: the tag that a cluster must have, `key` or `key=value`; empty: none.
    """

    regions: Names = ()
    cluster_names: Names = Field(("*",), min_length=1)
    cluster_tag: str = ""


class JudgingSettings(Policy, Selection):
    """All settings of the reviewer, in any combination: for commands that judge and write nothing.

    `write_connections`: how many approvals and denials are written at once, each on its own
    connection, which takes up to 25 MiB if a requester's objects are large. `reapprove_unissued`:
    an experiment, see `core.acting.to_reapprove`. `app_serving`: review the requests of
    ServiceAccounts for their Services too. `require_access`: for which clusters it is an error
    that they refuse the approver or can't be reached. `schedule_minutes`: how many minutes pass
    from one review of a cluster to the next. `subnet_ids`, `security_group_ids`: the reviewer's
    own; without them it runs outside any VPC.
    """

    mode: Mode = Mode.SHADOW
    approve_after_seconds: int = Field(90, ge=0, le=840)
    deny_after_seconds: int = Field(360, ge=0, le=840)
    # Kubernetes deletes an approved CSR after an hour.
    issue_grace_seconds: int = Field(120, ge=30, le=1_800)
    write_connections: int = Field(8, ge=1, le=16)
    reapprove_unissued: Boolean = False
    app_serving: Boolean = False
    require_access: RequireAccess = RequireAccess.SELECTED
    schedule_minutes: int = Field(1, ge=1, le=5)
    subnet_ids: Names = ()
    security_group_ids: Names = ()


class ReviewSettings(JudgingSettings):
    """The reviewer's settings, in combinations that let every alarm fire.

    Others are refused at the start: no one would notice that an alarm can't fire.
    """

    @model_validator(mode="after")
    def _every_alarm_can_fire(self) -> Self:
        too_low = why_too_low(
            self.max_csr_age_seconds,
            approve_after=self.approve_after_seconds,
            deny_after=self.deny_after_seconds,
            grace=self.issue_grace_seconds,
            schedule_minutes=self.schedule_minutes,
        )
        if problems := [*too_low, *self._half_of_a_vpc()]:
            raise ValueError("; ".join(problems))
        return self

    def _half_of_a_vpc(self) -> Iterator[str]:
        """Yield why subnets without security groups, or the reverse, are refused."""
        if bool(self.subnet_ids) == bool(self.security_group_ids):
            return
        given, lacking = "SUBNET_IDS", "SECURITY_GROUP_IDS"
        if self.security_group_ids:
            given, lacking = lacking, given
        yield (
            f"{given} needs {lacking}: set both, or neither; otherwise Lambda doesn't attach the "
            "reviewer to the VPC"
        )


class DispatchSettings(Selection):
    """The dispatcher's settings: the clusters served, and the reviewer's queue.

    `fast_join_minutes`: how long after an instance's launch its cluster is reviewed more often; 0:
    never. `reviewer_concurrency`: how many reviews may run at once.
    """

    queue_url: str
    fast_join_minutes: int = Field(6, ge=0, le=30)
    reviewer_concurrency: int = Field(10, ge=2, le=1_000)
