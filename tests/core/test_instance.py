"""What follows from an instance as EC2 describes it."""

from dataclasses import replace
from ipaddress import ip_address

from tests.builders import an_instance, an_interface


def test_an_instance_has_the_addresses_of_its_interfaces_and_any_others() -> None:
    """A delegated prefix isn't an address."""
    interface = an_interface(
        address="10.0.1.10",
        public=("203.0.113.7",),
        secondary=("10.0.1.77",),
        ipv6=("2001:db8::1",),
        prefixes=("10.0.2.0/28",),
    )
    instance = an_instance(interfaces=(interface, an_interface(address="10.0.9.9", public=())))
    instance = replace(instance, other_addresses=frozenset({ip_address("198.51.100.3")}))

    assert {"10.0.1.10", "203.0.113.7", "10.0.1.77", "2001:db8::1", "10.0.9.9", "198.51.100.3"} == {
        *map(str, instance.addresses())
    }
