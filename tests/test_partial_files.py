"""Files beside their places: locked while they are written, removed once nobody does."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from chainrule import partial_files
from chainrule.partial_files import remove_abandoned, replacing

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")

WRITER = """
import sys, time
from pathlib import Path
from chainrule.partial_files import replacing
with replacing(Path(sys.argv[1])) as (file, path):
    file.write(b"half")
    print(path.name, flush=True)
    sys.stdin.read(1)
"""


def writer(target):
    """Start a process that is writing a file, and return it and the file's name."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip()


@posix
def test_what_is_being_written_stays_and_what_a_kill_has_left_goes(tmp_path):
    alive, written = writer(tmp_path / "a")
    killed, left = writer(tmp_path / "b")
    with alive, killed:
        remove_abandoned(tmp_path)
        assert set(os.listdir(tmp_path)) == {written, left}
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert set(os.listdir(tmp_path)) == {written, left}
        remove_abandoned(tmp_path)
        assert os.listdir(tmp_path) == [written]
        alive.communicate("x")
    assert alive.returncode == 0
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"half"


@posix
def test_a_file_of_this_process_is_not_abandoned(tmp_path):
    with replacing(tmp_path / "a") as (_, path):
        remove_abandoned(tmp_path)
        assert path.exists()


@posix
def test_a_file_that_goes_before_it_is_locked_is_begun_again(tmp_path, monkeypatch):
    lock, removed = partial_files._lock, []

    def late(file):
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()
        lock(file)

    monkeypatch.setattr(partial_files, "_lock", late)
    with replacing(tmp_path / "a") as (file, path):
        file.write(b"whole")
        assert path not in removed
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["a"]


@posix
def test_a_file_system_without_locks_keeps_all(tmp_path, monkeypatch):
    def none(*_):
        raise OSError

    monkeypatch.setattr(partial_files.fcntl, "flock", none)
    left = tmp_path / partial_files.NAME.format("0")
    left.write_bytes(b"")
    with replacing(tmp_path / "a") as (file, _):
        file.write(b"whole")
        remove_abandoned(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [left.name, "a"]


def test_only_files_of_this_name_go(tmp_path):
    names = ["a.partial", ".chainrule-1", ".b-1.partial", "chainrule-1.partial"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / partial_files.NAME.format("folder")).mkdir()
    remove_abandoned(tmp_path)
    remove_abandoned(tmp_path / "none")
    assert len(os.listdir(tmp_path)) == 5


@posix
@pytest.mark.parametrize(("mode", "expected"), [(0o666, 0o664), (0o600, 0o600)])
def test_the_mode_is_there_from_the_first_moment(tmp_path, mode, expected):
    mask = os.umask(0o002)
    try:
        with replacing(tmp_path / "a", mode) as (_, path):
            assert stat.S_IMODE(path.stat().st_mode) == expected
    finally:
        os.umask(mask)


@posix
def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    pipe, expected = tmp_path / "pipe", "a device or pipe, where a file was expected"
    with pytest.raises(OSError, match=expected), replacing(pipe):
        pass
    assert (tmp_path / "pipe").is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]
