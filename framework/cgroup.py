"""What the container may use: CPUs and memory, read from control groups, version 1 and 2.

os.cpu_count() and /proc/meminfo show the machine, not the container's share of it.
"""

import math
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

UNLIMITED = 1 << 60  # version 1 says "no limit" with a number near 2**63


@dataclass(frozen=True)
class MemoryUse:
    """Memory evidence at one moment, in bytes; None where the kernel does not say.

    Attributes:
        limit: what the container may use.
        peak: the most that it has used so far.
        kills: how many of its processes the kernel has killed for memory so far.
    """

    limit: int | None
    peak: int | None
    kills: int


@dataclass(frozen=True)
class ControlGroup:
    """The control groups of this process.

    Args:
        mount: where the control groups are mounted.
        membership: the file that says which groups the process is in.
    """

    mount: Path = Path("/sys/fs/cgroup")
    membership: Path = Path("/proc/self/cgroup")

    def cpus(self) -> int:
        """CPUs that this process may keep busy, at least 1; a part of one counts as one."""
        usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
        quotas = [quota for group in self._lineage("cpu") if (quota := _cpu_quota(group))]
        return max(1, math.ceil(min([usable, *quotas])))

    def memory(self) -> MemoryUse:
        """The limit that binds, the peak and the kills so far."""
        groups = self._lineage("memory")
        limits = [limit for group in groups if (limit := _memory_limit(group)) is not None]
        own = groups[0] if groups else self.mount
        return MemoryUse(min(limits, default=None), _memory_peak(own), _memory_kills(own))

    @cached_property
    def _paths(self) -> dict[str, str]:
        """Path of each controller's group; "" stands for the unified version 2."""
        try:
            lines = self.membership.read_text().splitlines()
        except OSError:
            return {}
        paths = {}
        for line in lines:
            _, controllers, path = line.split(":", 2)
            paths.update(dict.fromkeys(controllers.split(","), path.strip("/")))
        return paths

    def _lineage(self, controller: str) -> list[Path]:
        """The controller's group and all visible groups above it, the nearest first.

        Inside a container the path of version 1 is often the host's, while the mount shows
        the container's own group as its root: then only the root is visible.
        """
        version_1 = controller in self._paths
        root = self.mount / controller if version_1 else self.mount
        group = root / self._paths.get(controller if version_1 else "", "")
        if not group.is_dir():
            group = root
        return [group, *(parent for parent in group.parents if parent.is_relative_to(root))]


def available_cpus() -> int:
    """CPUs that this process may keep busy, at least 1."""
    return ControlGroup().cpus()


def memory_limit() -> int:
    """Bytes that this process may use: the container's limit, else the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(ControlGroup().memory().limit or machine, machine)


def _cpu_quota(group: Path) -> float | None:
    words = _words(group / "cpu.max")
    if not words:
        words = _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
    if len(words) != 2 or not words[0].isdigit():
        return None
    return int(words[0]) / int(words[1])


def _memory_limit(group: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        words = _words(group / name)
        if words and words[0].isdigit() and int(words[0]) < UNLIMITED:
            return int(words[0])
    return None


def _memory_peak(group: Path) -> int | None:
    for name in ("memory.peak", "memory.max_usage_in_bytes"):
        if words := _words(group / name):
            return int(words[0])
    return None


def _memory_kills(group: Path) -> int:
    for name in ("memory.events", "memory.oom_control"):
        words = _words(group / name)
        if "oom_kill" in words:
            return int(words[words.index("oom_kill") + 1])
    return 0


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
