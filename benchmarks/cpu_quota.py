"""Limit another process to the share of a vCPU that Lambda gives a function for its memory.

This uses a Linux cgroup, so it needs root.

From: Lambda Developer Guide, "Configure Lambda function memory": 1,769 MB have one vCPU.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_ONE_VCPU_MEGABYTES: Final = 1_769
_PERIOD_MICROSECONDS: Final = 20_000
_VERSION_1: Final = Path("/sys/fs/cgroup/cpu")
_VERSION_2: Final = Path("/sys/fs/cgroup")


@contextmanager
def limited(pid: int, megabytes: int) -> Iterator[float]:
    """Limit a process to the share for this much memory, and yield the share (1.0 is one vCPU).

    Raises:
        OSError: a cgroup can't be made here: this needs Linux and root.
    """
    share = megabytes / _ONE_VCPU_MEGABYTES
    quota = str(int(share * _PERIOD_MICROSECONDS))
    root = _VERSION_1 if _VERSION_1.is_dir() else _VERSION_2
    group = root / f"csr-approver-{pid}"
    group.mkdir()
    try:
        if root is _VERSION_1:
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_MICROSECONDS))
            (group / "cpu.cfs_quota_us").write_text(quota)
        else:
            (group / "cpu.max").write_text(f"{quota} {_PERIOD_MICROSECONDS}")
        (group / "cgroup.procs").write_text(str(pid))
        yield share
    finally:
        (root / "cgroup.procs").write_text(str(pid))
        group.rmdir()
