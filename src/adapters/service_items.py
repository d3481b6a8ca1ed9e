"""Read a Service, as the API or `kubectl get svc -o json` gives it, into `core.model.Service`.

Users who may create Services in a namespace choose all of it except the addresses, which the API
server allocates. From: k8s.io/api/core/v1, types.go (ServiceSpec).
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StrictStr, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from adapters.shapes import AS_TEXT, Text, explain, or_
from core.model import Service

# A headless Service has "None" in place of an address.
_HEADLESS: Final = "None"

_Address: Final = TypeAdapter(Annotated[IPv4Address | IPv6Address, AS_TEXT])


class _Shape(BaseModel):
    """Fields by the API's names; others are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class _Metadata(_Shape):
    name: Annotated[StrictStr, Field(min_length=1)]
    namespace: Annotated[StrictStr, Field(min_length=1)]
    deletion_timestamp: Text = ""


class _Spec(_Shape):
    type: Text = ""
    # The alias generator would make `clusterIp` and `clusterIps`.
    cluster_ip: Annotated[Text, Field(alias="clusterIP")] = ""
    cluster_ips: Annotated[list[StrictStr], or_([]), Field(alias="clusterIPs")] = []


class _Item(_Shape):
    metadata: _Metadata
    spec: _Spec


def service_of(item: object) -> Service:
    """Read one Service.

    Raises:
        ValueError: it isn't a Service; names the field.
    """
    try:
        read = _Item.model_validate(item)
        texts = {read.spec.cluster_ip, *read.spec.cluster_ips} - {"", _HEADLESS}
        addresses = frozenset(_Address.validate_python(text) for text in texts)
    except ValidationError as error:
        raise ValueError(f"not a Service: {explain(error)}") from error
    return Service(
        namespace=read.metadata.namespace,
        name=read.metadata.name,
        kind=read.spec.type,
        # An ExternalName's address is left over from its earlier type.
        cluster_ips=frozenset() if read.spec.type == "ExternalName" else addresses,
        deleting=bool(read.metadata.deletion_timestamp),
    )
