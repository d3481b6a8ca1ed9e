"""What the warm function keeps of requests from one run to the next."""

from handlers import review
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas

ENTRY = 2_048


def kept() -> dict[tuple[str, ...], int]:
    """Return how many requests are kept of each list."""
    readers = review._reviewer()._memo._readers
    return {key: one.weight for key, one in readers.items()}


def test_parsed_requests_are_kept_until_they_leave_the_list(
    account: Account, lambdas: Lambdas
) -> None:
    """Each cluster has its own."""
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
