"""Which clusters the approver serves."""

from fnmatch import fnmatchcase
from typing import Final

from core.model import Cluster
from core.settings import Selection

#: A cluster's tag that may lower the stack's mode for that cluster, never raise it.
MODE_TAG: Final = "csr-approver:mode"


def is_reviewable(status: str) -> bool:
    """Return whether the cluster's API runs: one CREATING or DELETING may have none."""
    return status in {"ACTIVE", "UPDATING"}


def is_named(selection: Selection, name: str, region: str, *, home: str) -> bool:
    """Return whether Region and name are selected. `home`: the Region if the setting is empty."""
    if region not in (selection.regions or (home,)):
        return False
    return any(fnmatchcase(name, pattern) for pattern in selection.cluster_names)


def is_selected(selection: Selection, cluster: Cluster, *, home: str) -> bool:
    """Return whether Region, name and tag select this cluster."""
    if not is_named(selection, cluster.name, cluster.region, home=home):
        return False
    key, has_value, value = selection.cluster_tag.partition("=")
    if not key:
        return not has_value
    return key in cluster.tags and (not has_value or cluster.tags[key] == value)
