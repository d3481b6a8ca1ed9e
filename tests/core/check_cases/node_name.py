"""Node requests: the check of the node's name."""

from tests.builders import INSTANCE_ID, NODE, a_case, a_csr, an_instance
from tests.core.check_cases.cases import OTHER_NODE, RESOURCE_NAME
from tests.core.check_cases.example import DENY, LEAVE, CheckExample
from tests.core.check_cases.unconfirmed import unconfirmed

EXAMPLES: tuple[CheckExample, ...] = (
    # --- node-name
    CheckExample("node-name", "PrivateDnsName", a_case()),
    CheckExample("node-name", "in upper case", a_case(csr=a_csr(node=NODE.upper()))),
    CheckExample("node-name", "the instance id", a_case(csr=a_csr(node=INSTANCE_ID))),
    CheckExample("node-name", "the resource name", a_case(csr=a_csr(node=RESOURCE_NAME))),
    CheckExample(
        "node-name",
        "PrivateDnsName, which EC2 gives in another letter case",
        a_case(instance=an_instance(private_dns_name=NODE.upper())),
    ),
    CheckExample(
        "node-name",
        "the instance id, before EC2 gives a name",
        a_case(csr=a_csr(node=INSTANCE_ID), instance=an_instance(private_dns_name="")),
    ),
    CheckExample(
        "node-name",
        "another node's name",
        a_case(csr=a_csr(node=OTHER_NODE)),
        DENY,
        "node name is not the instance's",
        f"got {OTHER_NODE}, expected one of '{INSTANCE_ID}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "node-name",
        "the resource name under another suffix",
        a_case(csr=a_csr(node=f"{INSTANCE_ID}.evil.example")),
        DENY,
        "node name is not the instance's",
        f"got {INSTANCE_ID}.evil.example, "
        f"expected one of '{INSTANCE_ID}', '{RESOURCE_NAME}', '{NODE}'",
    ),
    CheckExample(
        "node-name",
        "EC2 gives no name yet",
        a_case(instance=an_instance(private_dns_name="")),
        LEAVE,
        "instance has no name yet",
        f"EC2 gives no PrivateDnsName for {INSTANCE_ID}",
    ),
    CheckExample(
        "node-name",
        "an empty name, before EC2 gives one",
        a_case(csr=a_csr(node=""), instance=an_instance(private_dns_name="")),
        LEAVE,
        "instance has no name yet",
        f"EC2 gives no PrivateDnsName for {INSTANCE_ID}",
    ),
    CheckExample(
        "node-name",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    CheckExample(
        "node-name",
        "a stopped instance, whatever its name",
        a_case(csr=a_csr(node=OTHER_NODE), instance=an_instance(state="stopped")),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    *unconfirmed("node-name"),
)
