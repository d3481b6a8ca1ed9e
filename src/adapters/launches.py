"""The clusters for which instances were just launched: nodes are joining them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, error_code
from adapters.ec2_items import instance_of, items_of
from adapters.ec2_pages import pages
from core.cluster_tags import CLUSTER_NAME_TAGS, CLUSTER_TAG_PREFIX, joined_cluster

# Every form of a cluster's tag that the check `cluster` accepts.
_TAG_KEYS: Final = (f"{CLUSTER_TAG_PREFIX}*", *CLUSTER_NAME_TAGS)

_ALIVE: Final = ("pending", "running")

_MINUTE: Final = timedelta(minutes=1)


def joined_clusters(
    ec2: Any, now: datetime, minutes: int, time_left: Callable[[], bool]
) -> frozenset[str] | str:
    """Return the names of the clusters whose instances were launched in the last `minutes`.

    `ec2`: a boto3 client of the Region. What pages beyond the time would show is left out. If
    nothing could be read: AWS's error code.
    """
    filters = {
        "launch-time": [f"{minute:%Y-%m-%dT%H:%M}:*" for minute in _minutes(now, minutes)],
        "tag-key": _TAG_KEYS,
        "instance-state-name": _ALIVE,
    }
    found: set[str] = set()
    is_answered = False
    try:
        for page in pages(ec2, filters):
            found |= set(_clusters(page))
            is_answered = True
            if not time_left():
                break
    except AWS_FAULTS as error:
        if not is_answered:
            return error_code(error)
    except ValueError:
        if not is_answered:
            return "unreadable answer"
    return frozenset(found)


def _minutes(now: datetime, count: int) -> Iterator[datetime]:
    """Yield the current minute and those before it. EC2's filter takes 200 patterns of times."""
    return (now - _MINUTE * back for back in range(count + 1))


def _clusters(page: object) -> Iterator[str]:
    for item in items_of(page):
        try:
            name = joined_cluster(instance_of(item))
        except ValueError:  # one unreadable instance hides no other
            continue
        if name is not None:
            yield name
