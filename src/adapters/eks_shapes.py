"""EKS's answer to DescribeCluster: the fields that are read, and what each may be."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from adapters.shapes import AS_TEXT, Text, explain, or_


class _Shape(BaseModel):
    """Fields by EKS's names; others are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class _Vpc(_Shape):
    vpc_id: Text = ""
    endpoint_public_access: Annotated[StrictBool, or_(default=True)] = True
    public_access_cidrs: Annotated[tuple[StrictStr, ...], or_(())] = ()


class _Network(_Shape):
    service_ipv4_cidr: Annotated[IPv4Network | None, AS_TEXT] = None
    service_ipv6_cidr: Annotated[IPv6Network | None, AS_TEXT] = None


class _Authority(_Shape):
    data: Text = ""


class _Access(_Shape):
    authentication_mode: Text = ""


def _if_readable(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


class EksCluster(_Shape):
    """A described cluster. `adapters.eks` checks `id` and `outpost_config`."""

    name: Annotated[StrictStr, Field(min_length=1)]
    id: Any = None
    outpost_config: Any = None
    arn: Text = ""
    version: Text = ""
    status: Text = ""
    # Only alarms need it, and they treat a cluster without it as old.
    created_at: Annotated[AwareDatetime | None, WrapValidator(_if_readable)] = None
    endpoint: Text = ""
    certificate_authority: Annotated[_Authority, or_({})] = _Authority()
    resources_vpc_config: Annotated[_Vpc, or_({})] = _Vpc()
    kubernetes_network_config: Annotated[_Network, or_({})] = _Network()
    access_config: Annotated[_Access, or_({})] = _Access()
    tags: Annotated[dict[StrictStr, StrictStr], or_({})] = Field(default={})


class _Output(_Shape):
    cluster: EksCluster


def read_cluster(output: object) -> EksCluster:
    """Read the output of DescribeCluster.

    Raises:
        ValueError: it isn't a described cluster; names the field.
    """
    try:
        return _Output.model_validate(output).cluster
    except ValidationError as error:
        raise ValueError(explain(error)) from error
