"""CPUs and memory, read from files as the kernel lays them out in version 1 and 2."""

import os
from pathlib import Path

import pytest

from framework.cgroup import ControlGroup, MemoryUse, available_cpus, memory_limit

GB = 1 << 30
NO_LIMIT = "9223372036854771712\n"


@pytest.fixture
def lay_out(tmp_path):
    """Writes a membership file and the files of groups; returns the control group they make."""

    def write(membership: str, files: dict[str, str]) -> ControlGroup:
        (tmp_path / "membership").write_text(membership)
        mount = tmp_path / "mount"
        mount.mkdir()
        for name, content in files.items():
            path = mount / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return ControlGroup(mount, tmp_path / "membership")

    return write


def test_version_2_inside_a_container(lay_out):
    group = lay_out(
        "0::/\n",
        {
            "memory.max": f"{2 * GB}\n",
            "memory.peak": f"{GB}\n",
            "memory.events": "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n",
            "cpu.max": "50000 100000\n",
        },
    )

    assert group.memory() == MemoryUse(2 * GB, GB, 2)
    assert group.cpus() == 1


def test_version_2_without_limits(lay_out):
    group = lay_out(
        "0::/\n",
        {"memory.max": "max\n", "memory.events": "oom_kill 0\n", "cpu.max": "max 100000\n"},
    )

    assert group.memory() == MemoryUse(None, None, 0)
    assert group.cpus() == len(os.sched_getaffinity(0))


def test_version_2_with_the_limit_in_a_group_above(lay_out):
    group = lay_out(
        "0::/kubepods/pod1/container\n",
        {
            "kubepods/pod1/container/memory.max": "max\n",
            "kubepods/pod1/container/memory.events": "oom_kill 1\n",
            "kubepods/pod1/memory.max": f"{4 * GB}\n",
            "kubepods/memory.max": f"{8 * GB}\n",
            "kubepods/pod1/cpu.max": "100000 100000\n",
        },
    )

    assert group.memory() == MemoryUse(4 * GB, None, 1)
    assert group.cpus() == 1


def test_version_1_inside_a_container_whose_path_is_the_hosts(lay_out):
    group = lay_out(
        "11:memory:/docker/0123\n4:cpu,cpuacct:/docker/0123\n0::/system.slice\n",
        {
            "memory/memory.limit_in_bytes": f"{GB}\n",
            "memory/memory.max_usage_in_bytes": f"{GB}\n",
            "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
            "cpu/cpu.cfs_quota_us": "150000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
        },
    )

    assert group.memory() == MemoryUse(GB, GB, 1)
    assert group.cpus() == min(2, len(os.sched_getaffinity(0)))


def test_version_1_without_limits(lay_out):
    group = lay_out(
        "11:memory:/\n4:cpu,cpuacct:/\n",
        {
            "memory/memory.limit_in_bytes": NO_LIMIT,
            "memory/memory.max_usage_in_bytes": "5\n",
            "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n",
            "cpu/cpu.cfs_quota_us": "-1\n",
            "cpu/cpu.cfs_period_us": "100000\n",
        },
    )

    assert group.memory() == MemoryUse(None, 5, 0)
    assert group.cpus() == len(os.sched_getaffinity(0))


def test_version_1_below_the_visible_root(lay_out):
    group = lay_out(
        "11:memory:/jobs/one\n",
        {
            "memory/memory.limit_in_bytes": NO_LIMIT,
            "memory/jobs/memory.limit_in_bytes": f"{3 * GB}\n",
            "memory/jobs/one/memory.limit_in_bytes": f"{5 * GB}\n",
            "memory/jobs/one/memory.max_usage_in_bytes": "7\n",
        },
    )

    assert group.memory() == MemoryUse(3 * GB, 7, 0)


def test_without_control_groups_the_machine_counts(tmp_path):
    group = ControlGroup(tmp_path / "absent", tmp_path / "absent-too")

    assert group.memory() == MemoryUse(None, None, 0)
    assert group.cpus() >= 1


def test_this_machine():
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024

    assert 1 <= available_cpus() <= (os.cpu_count() or 1)
    assert 0 < memory_limit() <= total
