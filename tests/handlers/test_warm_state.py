"""What the warm function keeps of requests and clusters from one run to the next."""

from datetime import timedelta
from itertools import pairwise

from handlers import review
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas

#: The weight, in bytes, of a kept request of a kubelet's size.
ENTRY = 2_048


def kept() -> dict[tuple[str, ...], int]:
    """Return how many requests are kept of each list."""
    readers = review._reviewer()._signers._memo._readers
    return {key: reader.weight for key, reader in readers.items()}


def test_parsed_requests_are_kept_until_they_leave_the_list(
    account: Account, lambdas: Lambdas
) -> None:
    """Each cluster's parsed requests are kept apart from other clusters'."""
    prod, lab = account.cluster("prod"), account.cluster("lab")
    names = [prod.file(node, known=False) for node in range(3)]
    lab.file(9, known=False)
    lambdas.review("prod")
    lambdas.review("lab")

    signer = "kubernetes.io/kubelet-serving"
    assert kept() == {
        ("us-east-1", "prod", signer): 3 * ENTRY,
        ("us-east-1", "lab", signer): ENTRY,
    }

    prod.remove(names[0])
    lambdas.review("prod")

    assert kept()["us-east-1", "prod", signer] == 2 * ENTRY


def test_while_eks_throttles_a_cluster_is_reviewed_by_what_is_kept_of_it(
    account: Account, lambdas: Lambdas
) -> None:
    """After an hour without a description it is an error."""
    cluster = account.cluster()
    lambdas.review()
    cluster.file(1)
    lambdas.calls.refuse("DescribeCluster", "ThrottlingException")

    lambdas.set_clock_ahead(timedelta(minutes=59))
    lambdas.review()
    assert cluster.decision("csr-0001") == "Approved"

    lambdas.discard_output()
    lambdas.set_clock_ahead(timedelta(minutes=61))
    lambdas.review()
    [line] = lambdas.lines_with("cluster unavailable")
    assert line["detail"] == "EKS DescribeCluster: ThrottlingException"


def test_the_dispatcher_renews_descriptions_a_few_at_a_time(
    account: Account, lambdas: Lambdas
) -> None:
    """After a cold start it has asked for all at once; it doesn't do so again."""
    account.name_only([f"c{number}" for number in range(30)])
    lambdas.dispatch()
    asked = [lambdas.calls.count("DescribeCluster")]

    for minutes in (5, 10, 15):
        lambdas.set_clock_ahead(timedelta(minutes=minutes))
        lambdas.dispatch()
        asked.append(lambdas.calls.count("DescribeCluster"))

    assert (30, 60) == (asked[0], asked[-1])
    assert all(before < after for before, after in pairwise(asked))
