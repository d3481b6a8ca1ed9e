"""Which clusters the approver serves, which are switched off, and which must let it in."""

from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import Final

from core.model import Cluster
from core.settings import RequireAccess, ReviewSettings, Selection

#: A cluster's tag that may lower the stack's mode for that cluster, or switch its reviews off.
MODE_TAG: Final = "csr-approver:mode"

_OFF: Final = "off"


def is_reviewable(status: str) -> bool:
    """Return whether the cluster's API runs: one CREATING or DELETING may have none."""
    return status in {"ACTIVE", "UPDATING"}


def is_named(selection: Selection, name: str, region: str, *, home: str) -> bool:
    """Return whether Region and name are selected. `home`: the Region if the setting is empty."""
    if region not in (selection.regions or (home,)):
        return False
    return any(fnmatchcase(name, pattern) for pattern in selection.cluster_names)


def is_selected(selection: Selection, cluster: Cluster, *, home: str) -> bool:
    """Return whether Region, name and tag select this cluster; it may be switched off."""
    if not is_named(selection, cluster.name, cluster.region, home=home):
        return False
    key, has_value, value = selection.cluster_tag.partition("=")
    if not key:
        return not has_value
    return key in cluster.tags and (not has_value or cluster.tags[key] == value)


def is_off(cluster: Cluster) -> bool:
    """Return whether the cluster's tag says that it isn't to be reviewed."""
    return MODE_TAG in cluster.tags and cluster.tags[MODE_TAG].strip() == _OFF


class Choice(Enum):
    """What the dispatcher does about a cluster that is selected by name."""

    REVIEWED = auto()
    #: It couldn't be described. It is assigned, and the reviewer decides.
    UNKNOWN = auto()
    OFF = auto()
    NOT_SELECTED = auto()
    #: It is being created or deleted, has failed, or is gone.
    NOT_READY = auto()


def choice(selection: Selection, cluster: Cluster, status: str, *, home: str) -> Choice:
    """Return whether the cluster is reviewed, by its status and tags."""
    if not is_reviewable(status):
        return Choice.NOT_READY
    if not is_selected(selection, cluster, home=home):
        return Choice.NOT_SELECTED
    return Choice.OFF if is_off(cluster) else Choice.REVIEWED


def is_singled_out(selection: Selection, name: str) -> bool:
    """Return whether an operator chose this selected cluster, and not just every cluster there is.

    It is chosen by a glob other than `*`, or by CLUSTER_TAG.
    """
    by_name = any(
        set(pattern) != {"*"} and fnmatchcase(name, pattern) for pattern in selection.cluster_names
    )
    return by_name or bool(selection.cluster_tag)


def why_required(settings: ReviewSettings, cluster: Cluster) -> str:
    """Return why this cluster must let the approver in; empty if it needn't."""
    if settings.require_access is RequireAccess.ALL:
        return "REQUIRE_ACCESS=all"
    if settings.require_access is RequireAccess.NONE:
        return ""
    if is_singled_out(settings, cluster.name):
        return "selected by CLUSTER_NAMES or CLUSTER_TAG"
    return f"tagged {MODE_TAG}" if MODE_TAG in cluster.tags else ""
