"""Node requests: the checks of the instance's cluster and of its role."""

from core.model import RoleUnknown
from tests.builders import (
    INSTANCE_ID,
    a_case,
    a_cluster,
    a_csr,
    a_policy,
    an_extra,
    an_instance,
    without,
)
from tests.core.check_cases.cases import BY_NAME_CSR
from tests.core.check_cases.example import LEAVE, CheckExample

LOOSE = a_policy(allow_other_vpcs=True, require_cluster_tag=False)
OF_ANOTHER = {
    "kubernetes.io/cluster/dev": "owned",
    "eks:cluster-name": "dev",
    "eks:eks-cluster-name": "dev",
    "aws:eks:cluster-name": "dev",
}
OF_BOTH = {"kubernetes.io/cluster/prod": "owned", "kubernetes.io/cluster/dev": "shared"}

EXAMPLES: tuple[CheckExample, ...] = (
    # --- cluster
    CheckExample("cluster", "the cluster's VPC and tag", a_case()),
    *(
        CheckExample(
            "cluster", f"the cluster's tag {tag}", a_case(instance=an_instance(tags={tag: "prod"}))
        )
        for tag in ("eks:cluster-name", "eks:eks-cluster-name", "aws:eks:cluster-name")
    ),
    CheckExample(
        "cluster",
        "another VPC, where allowed",
        a_case(instance=an_instance(vpc_id="vpc-other"), policy=a_policy(allow_other_vpcs=True)),
    ),
    CheckExample(
        "cluster",
        "no tag, where none is required",
        a_case(instance=an_instance(tags={}), policy=a_policy(require_cluster_tag=False)),
    ),
    *(
        CheckExample(
            "cluster",
            f"another VPC, {other}",
            a_case(instance=an_instance(vpc_id=other)),
            LEAVE,
            "instance in another VPC",
            f"got {other}, expected vpc-0aaaaaaaaaaaaaaaa",
        )
        for other in ("vpc-0", "vpc-other")
    ),
    CheckExample(
        "cluster",
        "no VPC on either side",
        a_case(instance=an_instance(vpc_id=""), cluster=a_cluster(vpc_id="")),
        LEAVE,
        "instance in another VPC",
        "got none, expected unknown",
    ),
    CheckExample(
        "cluster",
        "tags of this cluster and of another",
        a_case(instance=an_instance(tags=OF_BOTH)),
    ),
    *(
        CheckExample(
            "cluster",
            f"another cluster's tag {tag}, whatever is required",
            a_case(instance=an_instance(tags={tag: value}, vpc_id="vpc-other"), policy=LOOSE),
            LEAVE,
            "instance of another cluster",
            f"{INSTANCE_ID} is tagged as 'dev', expected prod",
        )
        for tag, value in OF_ANOTHER.items()
    ),
    CheckExample(
        "cluster",
        "tags of two other clusters",
        a_case(instance=an_instance(tags={"kubernetes.io/cluster/a": "", "eks:cluster-name": "b"})),
        LEAVE,
        "instance of another cluster",
        f"{INSTANCE_ID} is tagged as 'a', 'b', expected prod",
    ),
    *(
        CheckExample(
            "cluster",
            f"AWS's own tag of another cluster, {other}, beside this cluster's",
            a_case(
                instance=an_instance(
                    tags={"kubernetes.io/cluster/prod": "owned", "aws:eks:cluster-name": other}
                )
            ),
            LEAVE,
            "instance of another cluster",
            f"{INSTANCE_ID} is tagged as '{other}', expected prod",
        )
        for other in ("dev", "test")
    ),
    CheckExample(
        "cluster",
        "no tag",
        a_case(instance=an_instance(tags={"Name": "prod"})),
        LEAVE,
        "instance has no cluster tag",
        f"{INSTANCE_ID} lacks kubernetes.io/cluster/prod or "
        "eks:cluster-name, eks:eks-cluster-name, aws:eks:cluster-name",
    ),
    CheckExample(
        "cluster",
        "the tag of a cluster without a name",
        a_case(
            instance=an_instance(tags={"kubernetes.io/cluster/": "owned", "eks:cluster-name": ""}),
            cluster=a_cluster(name=""),
        ),
        LEAVE,
        "instance has no cluster tag",
        f"{INSTANCE_ID} lacks kubernetes.io/cluster/ or "
        "eks:cluster-name, eks:eks-cluster-name, aws:eks:cluster-name",
    ),
    CheckExample(
        "cluster",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    # --- node-role
    CheckExample("node-role", "the role of the instance profile", a_case()),
    CheckExample(
        "node-role",
        "the role in another letter case",
        a_case(csr=a_csr(extra=an_extra(role="EKS-Node"))),
    ),
    CheckExample(
        "node-role",
        "the role with a path",
        a_case(csr=a_csr(extra=an_extra(role="team/eks-node"))),
    ),
    CheckExample(
        "node-role",
        "another role, where roles aren't verified",
        a_case(csr=a_csr(extra=an_extra(role="admin")), policy=a_policy(verify_node_role=False)),
    ),
    CheckExample(
        "node-role",
        "no role claimed by a node known by name",
        a_case(csr=BY_NAME_CSR, identity="name", role=RoleUnknown("no instance profile")),
    ),
    CheckExample(
        "node-role",
        "another role",
        a_case(csr=a_csr(extra=an_extra(role="admin"))),
        LEAVE,
        "node role not verified",
        "got arn:aws:iam::111122223333:role/admin, "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    CheckExample(
        "node-role",
        "the role's name in another account",
        a_case(
            csr=a_csr(
                extra=an_extra() | {"canonicalArn": ("arn:aws:iam::999999999999:role/eks-node",)}
            )
        ),
        LEAVE,
        "node role not verified",
        "got arn:aws:iam::999999999999:role/eks-node, "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    CheckExample(
        "node-role",
        "the role's name in another partition",
        a_case(
            csr=a_csr(
                extra=an_extra() | {"canonicalArn": ("arn:aws-cn:iam::111122223333:role/eks-node",)}
            )
        ),
        LEAVE,
        "node role not verified",
        "got arn:aws-cn:iam::111122223333:role/eks-node, "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    CheckExample(
        "node-role",
        "no role claimed",
        a_case(csr=without(a_csr(), "canonicalArn")),
        LEAVE,
        "node role not verified",
        "got none, expected arn:aws:iam::111122223333:role/eks-node",
    ),
    CheckExample(
        "node-role",
        "two roles claimed",
        a_case(
            csr=a_csr(
                extra=an_extra()
                | {"canonicalArn": ("arn:aws:iam::111122223333:role/eks-node", "x")}
            )
        ),
        LEAVE,
        "node role not verified",
        "got 'arn:aws:iam::111122223333:role/eks-node', 'x', "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    CheckExample(
        "node-role",
        "no instance profile",
        a_case(role=RoleUnknown("the instance has no instance profile")),
        LEAVE,
        "node role not verified",
        "the instance has no instance profile",
    ),
    CheckExample(
        "node-role",
        "IAM unavailable",
        a_case(role=RoleUnknown("AccessDenied", fault=True)),
        LEAVE,
        "node role not verified",
        "AccessDenied",
    ),
    CheckExample(
        "node-role",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
)
