"""Files that users name: what cannot be written is said of the path that they gave."""

import errno
import os

import pytest

from chainrule.files.outputs import check_output, write_output


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "it is a folder"),
        ("pipe", "it is a device or pipe"),
        ("absent/x", "its folder does not exist"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_can_be_no_file_is_refused_before_any_work(tmp_path, name, reason):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / name
    for refused in (check_output, lambda path: write_output(path, [b"x"])):
        with pytest.raises(ValueError, match="cannot be written") as found:
            refused(path)
        assert str(found.value) == f"{path}: cannot be written: {reason}"
    assert {each.name for each in tmp_path.iterdir()} == {"folder", "pipe"}


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.c"

    def parts():
        yield b"half"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), ".chainrule-1.partial")

    write_output(path, [b"whole"])
    with pytest.raises(ValueError, match="cannot be written") as found:
        write_output(path, parts())
    assert str(found.value) == f"{path}: cannot be written: No space left on device"
    assert path.read_bytes() == b"whole"
    assert [each.name for each in tmp_path.iterdir()] == ["x.c"]
