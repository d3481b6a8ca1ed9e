"""Domains of AWS and of clusters: a name there proves nothing about a node."""

#: Domains of AWS's own services, in all partitions; no node and no Service owns a name there.
#: From: botocore's partitions (their DNS suffixes, dual-stack ones too) and the AWS General
#: Reference (cloudfront.net, on.aws, api.aws).
AWS_SERVICE_DOMAINS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "amazon.com",
    "api.aws",
    "on.aws",
    "aws.dev",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "awsglobalaccelerator.com",
    "cloudfront.net",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.cloud-aws.adc-e.uk",
    "api.aws.hci.ic.gov",
)

# Under AWS's or a cluster's own domains a label proves nothing: everyone has names there.
_FOREIGN_SUFFIXES = (
    *AWS_SERVICE_DOMAINS,
    "ec2.internal",
    "compute.internal",
    "cluster.local",
    "kubernetes",
    "localhost",
)


def own_domain(suffix: str) -> str:
    """Return a suffix of EXTRA_DNS_SUFFIXES in lower case, without a dot at either end.

    Raises:
        ValueError: it isn't a domain of two labels or more, or is AWS's or a cluster's.
    """
    name = suffix.casefold().removeprefix(".").removesuffix(".")
    labels = name.split(".")
    plain = all(
        len(label) <= 63 and label.replace("-", "").isalnum() and label.isascii()
        for label in labels
    )
    if not plain or len(labels) < 2:
        expected = "expected a domain of at least two labels, e.g. corp.example"
        raise ValueError(f"got {suffix!r}, {expected}")
    foreign = any(name == domain or name.endswith(f".{domain}") for domain in _FOREIGN_SUFFIXES)
    # Resolvers in a cluster take names with the label svc for Services; nodes are denied them.
    if foreign or "svc" in labels:
        expected = "expected a domain of your own"
        raise ValueError(f"got {suffix!r}, which belongs to AWS or to clusters; {expected}")
    return name
