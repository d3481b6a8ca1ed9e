"""EC2's description of an instance, reduced to the fields that the checks use."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ec2_items import instance_of, instances_of
from core.model import Instance, NetworkInterface, PrivateAddress

ITEM: dict[str, Any] = {
    "InstanceId": "i-0aaaaaaaaaaaaaaaa",
    "State": {"Code": 16, "Name": "running"},
    "LaunchTime": "2026-11-22T12:00:00+00:00",
    "VpcId": "vpc-1",
    "PrivateDnsName": "ip-10-0-1-10.ec2.internal",
    "PublicDnsName": "ec2-198-51-100-10.compute-1.amazonaws.com",
    "PrivateIpAddress": "10.0.1.10",
    "PublicIpAddress": "198.51.100.10",
    "Ipv6Address": "2001:db8::10",
    "IamInstanceProfile": {"Arn": "arn:aws:iam::111122223333:instance-profile/nodes", "Id": "x"},
    "Tags": [{"Key": "kubernetes.io/cluster/prod", "Value": "owned"}],
    "NetworkInterfaces": [
        {
            "NetworkInterfaceId": "eni-1",
            "InterfaceType": "interface",
            "Status": "in-use",
            "VpcId": "vpc-1",
            "Attachment": {"Status": "attached", "DeviceIndex": 0, "NetworkCardIndex": 0},
            "Association": {"PublicIp": "198.51.100.10", "IpOwnerId": "111122223333"},
            "PrivateIpAddress": "10.0.1.10",
            "PrivateIpAddresses": [
                {
                    "PrivateIpAddress": "10.0.1.77",
                    "Primary": False,
                    "Association": {"PublicIp": "198.51.100.77"},
                },
                {
                    "PrivateIpAddress": "10.0.1.10",
                    "Primary": True,
                    "Association": {"PublicIp": "198.51.100.10", "CarrierIp": "203.0.113.10"},
                },
            ],
            "Ipv6Addresses": [{"Ipv6Address": "2001:db8::10", "IsPrimaryIpv6": True}],
            "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.2.0/28"}],
            "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:0:1::/80"}],
        }
    ],
}


def an_item(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    """Return a node's instance as EC2 shows it, with one thing changed."""
    item = deepcopy(ITEM)
    change(item)
    return item


def eni_of(item: dict[str, Any]) -> dict[str, Any]:
    eni: dict[str, Any] = item["NetworkInterfaces"][0]
    return eni


def interface_with(**fields: object) -> NetworkInterface:
    return instance_of(an_item(lambda item: eni_of(item).update(fields))).interfaces[0]


def test_an_instance_is_read_whole() -> None:
    """All fields that the checks use are read."""
    instance = instance_of(ITEM)

    assert instance == Instance(
        id="i-0aaaaaaaaaaaaaaaa",
        state="running",
        launched=datetime(2026, 11, 22, 12, tzinfo=UTC),
        vpc_id="vpc-1",
        private_dns_name="ip-10-0-1-10.ec2.internal",
        public_dns_name="ec2-198-51-100-10.compute-1.amazonaws.com",
        profile_arn="arn:aws:iam::111122223333:instance-profile/nodes",
        tags={"kubernetes.io/cluster/prod": "owned"},
        interfaces=(
            NetworkInterface(
                id="eni-1",
                kind="interface",
                attached=True,
                device_index=0,
                card_index=0,
                vpc_id="vpc-1",
                ipv4=(
                    a_private("10.0.1.77", "198.51.100.77", primary=False),
                    a_private("10.0.1.10", "198.51.100.10", "203.0.113.10", primary=True),
                ),
                ipv6=(ip_address("2001:db8::10"),),  # type: ignore[arg-type]
                prefixes=(ip_network("10.0.2.0/28"), ip_network("2001:db8:0:1::/80")),
            ),
        ),
        other_addresses=frozenset(
            map(
                ip_address,
                ["10.0.1.10", "198.51.100.10", "198.51.100.77", "203.0.113.10", "2001:db8::10"],
            )
        ),
    )


def a_private(address: str, *public: str, primary: bool) -> PrivateAddress:
    return PrivateAddress(
        ip_address(address),  # type: ignore[arg-type]
        primary=primary,
        public=frozenset(map(ip_address, public)),  # type: ignore[arg-type]
    )


def test_the_times_of_boto3_and_of_the_cli_are_the_same() -> None:
    """A datetime with time zone and its ISO text give the same launch time."""
    launched = datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert instance_of(an_item(lambda item: item.update(LaunchTime=launched))) == instance_of(ITEM)


def test_an_instance_may_have_its_id_only() -> None:
    """Missing strings are empty, and there are no interfaces and no addresses."""
    expected = Instance("i-1", "", None, "", "", "", "", {}, ())

    assert expected == instance_of({"InstanceId": "i-1"})


def test_an_address_is_secondary_where_primary_is_null() -> None:
    """As where the field is missing."""
    addresses = [
        {"PrivateIpAddress": "10.0.1.77", "Primary": None},
        {"PrivateIpAddress": "10.0.1.78"},
    ]

    interface = interface_with(PrivateIpAddresses=addresses)

    assert [False, False] == [one.primary for one in interface.ipv4]


def test_null_and_empty_text_are_read_as_missing() -> None:
    """Some tools write null or empty text for a missing field."""
    nulls = dict.fromkeys(ITEM, None) | {"InstanceId": "i-1", "PublicIpAddress": ""}

    assert instance_of({"InstanceId": "i-1"}) == instance_of(nulls)


@pytest.mark.parametrize(
    ("status", "attachment"),
    [
        pytest.param("available", {"Status": "attached"}, id="not in use"),
        pytest.param("in-use", {"Status": "attaching"}, id="attaching"),
        pytest.param("in-use", {"Status": "detaching"}, id="detaching"),
        pytest.param("in-use", None, id="no attachment"),
        pytest.param(None, {"Status": "attached"}, id="no status"),
    ],
)
def test_an_interface_is_attached_only_if_both_states_say_so(
    status: str | None, attachment: dict[str, str] | None
) -> None:
    """The attachment must be attached and the interface in use."""
    interface = interface_with(Status=status, Attachment=attachment)

    assert not interface.attached


def test_an_interface_without_a_device_index_has_none() -> None:
    """A missing device index is unknown, not 0; a missing card index is the first card's."""
    interface = interface_with(Attachment={"Status": "attached"})

    assert (interface.device_index, interface.card_index) == (None, 0)


def test_the_public_address_of_the_interface_belongs_to_its_primary_address() -> None:
    """The interface's own association adds to the primary private address and to no other."""
    interface = interface_with(
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.1.77", "Primary": False},
            {"PrivateIpAddress": "10.0.1.10", "Primary": True},
        ]
    )

    assert interface.ipv4 == (
        a_private("10.0.1.77", primary=False),
        a_private("10.0.1.10", "198.51.100.10", primary=True),
    )


def test_the_public_address_of_the_interface_belongs_to_no_other_primary_address() -> None:
    """If the interface and its list disagree on the primary address, nothing is added."""
    interface = interface_with(
        PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.11", "Primary": True}]
    )

    assert interface.ipv4 == (a_private("10.0.1.11", primary=True),)


def test_an_address_without_a_primary_flag_is_secondary() -> None:
    """Only EC2's flag makes an address the primary one."""
    interface = interface_with(PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.10"}])

    assert interface.ipv4 == (a_private("10.0.1.10", primary=False),)


def test_a_customer_owned_address_is_an_other_address() -> None:
    """An Outposts address isn't among an address's public ones."""
    association = {"CustomerOwnedIp": "192.0.2.5"}
    private = {"PrivateIpAddress": "10.0.1.10", "Primary": True, "Association": association}
    instance = instance_of(
        an_item(lambda item: eni_of(item).update(PrivateIpAddresses=[private], Association=None))
    )

    assert ip_address("192.0.2.5") in instance.other_addresses
    assert instance.interfaces[0].ipv4 == (a_private("10.0.1.10", primary=True),)


def test_addresses_of_secondary_networks_are_other_addresses() -> None:
    """The addresses under SecondaryInterfaces are `other_addresses`."""
    secondary = [{"PrivateIpAddresses": [{"PrivateIpAddress": "172.31.9.9"}]}]
    instance = instance_of(an_item(lambda item: item.update(SecondaryInterfaces=secondary)))

    assert ip_address("172.31.9.9") in instance.other_addresses


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda item: item.pop("InstanceId"), "no field InstanceId", id="no id"),
        pytest.param(lambda item: item.update(InstanceId=""), "InstanceId: ", id="empty id"),
        pytest.param(lambda item: item.update(InstanceId=5), "InstanceId: ", id="id not text"),
        pytest.param(lambda item: item.update(VpcId=["vpc-1"]), "VpcId: ", id="VPC not text"),
        pytest.param(
            lambda item: item.update(LaunchTime="2026-11-22T12:00:00"),
            "LaunchTime: ",
            id="time without zone",
        ),
        pytest.param(lambda item: item.update(LaunchTime=0), "LaunchTime: ", id="time as number"),
        pytest.param(
            lambda item: item.update(PublicIpAddress="198.51.100"),
            "PublicIpAddress: expected an IPv4 address (got 198.51.100)",
            id="address",
        ),
        pytest.param(
            lambda item: item.update(PrivateIpAddress=167772426),
            "PrivateIpAddress: ",
            id="address as number",
        ),
        pytest.param(
            lambda item: eni_of(item).update(Ipv6Addresses=[{}]),
            "no field NetworkInterfaces.0.Ipv6Addresses.0.Ipv6Address",
            id="IPv6 item without address",
        ),
        pytest.param(
            lambda item: eni_of(item)["PrivateIpAddresses"][1].update(Primary="true"),
            "NetworkInterfaces.0.PrivateIpAddresses.1.Primary: ",
            id="flag as text",
        ),
        pytest.param(
            lambda item: eni_of(item).update(Ipv4Prefixes=[{"Ipv4Prefix": "10.0.2.1/28"}]),
            "NetworkInterfaces.0.Ipv4Prefixes.0.Ipv4Prefix: ",
            id="prefix with host bits",
        ),
        pytest.param(
            lambda item: eni_of(item)["Attachment"].update(DeviceIndex="0"),
            "NetworkInterfaces.0.Attachment.DeviceIndex: ",
            id="index as text",
        ),
        pytest.param(
            lambda item: item.update(PublicIpAddress=5),
            "PublicIpAddress: expected text (got 5)",
            id="address as number",
        ),
        pytest.param(
            lambda item: eni_of(item)["PrivateIpAddresses"][1].update(PrivateIpAddress=None),
            "NetworkInterfaces.0.PrivateIpAddresses.1.PrivateIpAddress: expected text",
            id="private address null",
        ),
        pytest.param(lambda item: item.update(Tags={"a": "b"}), "Tags: ", id="tags as mapping"),
    ],
)
def test_a_field_of_another_shape_is_an_error_that_names_it(
    change: Callable[[dict[str, Any]], object], problem: str
) -> None:
    """A value of another shape isn't guessed at: the error names the field."""
    with pytest.raises(ValueError, match=r"^") as refused:
        instance_of(an_item(change))

    assert problem in str(refused.value)


@pytest.mark.parametrize("item", [None, [], "i-1", 5])
def test_an_item_that_is_no_object_is_an_error(item: object) -> None:
    """The error of an item that is no object names no field, because the item has none."""
    with pytest.raises(ValueError, match=r"^expected an object"):
        instance_of(item)


def test_an_error_is_bounded_and_printable() -> None:
    """An error may be logged, whatever the value is."""
    with pytest.raises(ValueError, match=r"^VpcId") as refused:
        instance_of(an_item(lambda item: item.update(VpcId=["\n" * 10_000])))

    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


def test_an_answer_gives_its_instances_in_order() -> None:
    """The instances of all reservations come in the answer's order."""
    first, second, third = ({"InstanceId": name} for name in ("i-1", "i-2", "i-3"))
    answer = {"Reservations": [{"Instances": [first, second]}, {"Instances": [third]}]}

    assert [instance.id for instance in instances_of(answer)] == ["i-1", "i-2", "i-3"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param([], "expected an object", id="a list"),
        pytest.param({}, "no field Reservations", id="no reservations"),
        pytest.param(
            {"Reservations": [{}]}, "no field Reservations.0.Instances", id="no instances"
        ),
        pytest.param(
            {"Reservations": [{"Instances": [ITEM, {"InstanceId": 5}]}]},
            "instance 1: InstanceId",
            id="one of another shape",
        ),
    ],
)
def test_an_answer_of_another_shape_is_an_error_that_names_the_field(
    answer: object, problem: str
) -> None:
    """The error says which instance and which field."""
    with pytest.raises(ValueError, match=f"^{problem}"):
        instances_of(answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["10.0.0.1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted([*ITEM, *ITEM["NetworkInterfaces"][0]])), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_an_instance_or_a_value_error(item: object) -> None:
    """No JSON raises another error."""
    try:
        assert isinstance(instance_of(item), Instance)
    except ValueError as error:
        assert str(error)  # noqa: PT017  either outcome is right


# Near misses of an address: leading zeros, other bases and digits, blanks, too few or many parts.
near_parts = st.integers(0, 300).map(str) | st.text("0123456789x +-\0\uff11\u0663", max_size=4)
near_addresses = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.lists(near_parts, min_size=1, max_size=5).map(".".join),
    st.text(max_size=16),
)


@given(near_addresses)
def test_an_address_is_read_as_pythons_library_reads_it(text: str) -> None:
    """A quicker function reads it first, and must accept nothing else."""
    try:
        expected = IPv4Address(text)
    except ValueError:
        with pytest.raises(ValueError, match="PrivateIpAddress"):
            interface_with(PrivateIpAddresses=[{"PrivateIpAddress": text}])
    else:
        shown = interface_with(PrivateIpAddresses=[{"PrivateIpAddress": text}])
        assert [expected] == [one.address for one in shown.ipv4]
