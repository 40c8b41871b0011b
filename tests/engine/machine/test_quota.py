"""The number of threads follows a container's quota of processor time."""

import os

import pytest

from chainrule.engine.machine import availability
from chainrule.engine.machine.quota import quota

V1 = "29 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct"
V2 = "35 23 0:30 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw"
OTHERS = (
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
    "33 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
)


@pytest.fixture
def tree(tmp_path):
    """Return what writes a faked file tree, with the quotas of groups, and returns its root."""

    def write(mounts, groups, **files):
        proc = tmp_path / "proc" / "self"
        proc.mkdir(parents=True)
        (proc / "mountinfo").write_text("\n".join([*OTHERS, *mounts, ""]))
        (proc / "cgroup").write_text("\n".join([*groups, ""]))
        for place, text in files.items():
            path = tmp_path / "sys/fs/cgroup" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *[("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("50000 10000", 5)],
        *[("max 100000", None), ("", None), ("0 100000", None), ("x y", None), ("1 0", None)],
    ],
)
def test_version_2(tree, text, count):
    root = tree([V2], ["0::/"], **{"cpu.max": text})
    assert quota(root) == count


@pytest.mark.parametrize(("microseconds", "count"), [(250000, 3), (100000, 1), (-1, None)])
def test_version_1(tree, microseconds, count):
    folder = "cpu,cpuacct/"
    files = {"cpu.cfs_quota_us": microseconds, "cpu.cfs_period_us": 100000}
    named = {folder + name: number for name, number in files.items()}
    assert quota(tree([V1], ["4:cpu,cpuacct:/", "3:memory:/a"], **named)) == count


@pytest.mark.parametrize(
    ("own", "around", "count"), [("max", "300000", 3), ("200000", "500000", 2), ("max", "max", 9)]
)
def test_the_smallest_of_nested_groups_counts(tree, own, around, count):
    files = {"a/cpu.max": f"{around} 100000", "a/b/c/cpu.max": f"{own} 100000"}
    others = {"a/other/cpu.max": "100000 100000", "cpu.max": "900000 100000"}
    found = quota(tree([V2], ["0::/a/b/c"], **files, **others))
    assert found == count


def test_a_container_that_sees_its_own_group_alone(tree):
    mount = V1.replace(" / ", " /docker/0123 ", 1)
    files = {"cpu.cfs_quota_us": 400000, "cpu.cfs_period_us": 100000}
    named = {f"cpu,cpuacct/{name}": number for name, number in files.items()}
    assert quota(tree([mount], ["4:cpu,cpuacct:/docker/0123"], **named)) == 4


def test_both_versions_at_once_and_a_mount_with_a_space(tree):
    apart = V2.replace("/sys/fs/cgroup", r"/sys/fs/cgroup/a\040b")
    files = {"a b/cpu.max": "300000 100000"}
    first = {"cpu,cpuacct/x/cpu.cfs_quota_us": 200000, "cpu,cpuacct/x/cpu.cfs_period_us": 100000}
    assert quota(tree([V1, apart], ["4:cpu,cpuacct:/x", "0::/"], **files, **first)) == 2


@pytest.mark.parametrize("group", ["0::/../x", "nonsense", "4:memory:/"])
def test_what_says_nothing_of_this_process(tree, group):
    assert quota(tree(["short", V2], [group], **{"cpu.max": "100000 100000"})) is None


def test_a_system_without_groups(tmp_path):
    assert quota(tmp_path) is None


def test_a_quota_that_changes_is_read_anew(tree):
    root = tree([V2], ["0::/"], **{"cpu.max": "100000 100000"})
    assert quota(root) == 1
    (root / "sys/fs/cgroup/cpu.max").write_text("700000 100000\n")
    assert quota(root) == 7


@pytest.mark.parametrize(("limit", "setting", "count"), [(3, "", 3), (3, "2", 2), (None, "", 8)])
def test_threads_follow_it(monkeypatch, limit, setting, count):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(availability, "quota", lambda: limit)
    monkeypatch.setenv("OMP_NUM_THREADS", setting)
    assert availability.processors() == count
