"""How many threads this process may use without waiting: cores that it may have, and are idle."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path


def idle(wanted: int) -> int:
    """How many of so many threads would have a core of their own now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return spare(wanted, cores(), load)


def spare(wanted: int, cores: int, load: float) -> int:
    """How many threads to use: as many as wanted where the load is below the cores, else one.

    Examples
    --------
    >>> spare(4, 2, 0.3), spare(2, 2, 15.0), spare(2, 1, 0.0)
    (2, 1, 1)
    """
    return max(1, min(wanted, cores)) if load < cores else 1


def cores() -> int:
    """How many cores this process may use: of its affinity, and its container's quota."""
    if hasattr(os, "sched_getaffinity"):
        number = len(os.sched_getaffinity(0))
    else:
        number = os.cpu_count() or 1
    limit = _quota()
    return number if limit is None else max(1, min(number, int(limit)))


@cache
def _quota() -> float | None:
    return quota(Path("/sys/fs/cgroup"))


def quota(groups: Path) -> float | None:
    """How many cores a container's quota is, by control groups of version 2 or 1; else None."""
    try:
        allowed, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            allowed = (groups / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (groups / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    return int(allowed) / int(period) if allowed not in ("max", "-1") else None
