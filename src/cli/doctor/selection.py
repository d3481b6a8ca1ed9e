"""Why a stack doesn't serve a cluster, for `csr-approver doctor`."""

from core.model import Cluster
from core.selection import is_named
from core.settings import Selection


def unserved(selection: Selection, cluster: Cluster, *, home: str) -> tuple[str, str]:
    """Return which parameter leaves the cluster out, and how to change that.

    `home`: the stack's Region. The cluster isn't selected.
    """
    name, region = cluster.name, cluster.region
    regions = ", ".join(selection.regions or (home,))
    if region not in (selection.regions or (home,)):
        return f"{name} is in {region}, the stack serves {regions}", f"add {region} to Regions"
    if not is_named(selection, name, region, home=home):
        globs = ", ".join(selection.cluster_names)
        return f"{name} matches none of ClusterNames ({globs})", f"add {name} to ClusterNames"
    tag = selection.cluster_tag
    return f"{name} doesn't have the tag {tag}", "tag the cluster so, or change ClusterTag"
