"""Saving: at any moment there is a whole file, the old or the new."""

import errno
import os
import stat

import pytest

from chainrule import load
from chainrule.files import ModelFileError
from files.examples import table_network


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def failing(code):
    def fail(*arguments):
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_write_that_fails_leaves_the_old_file(path, monkeypatch, name, code):
    table_network("binary").save(path)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing(code))
        with pytest.raises(ModelFileError, match=f"cannot be written: {os.strerror(code)}$"):
            table_network("regression").save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    load(path)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_an_interruption_leaves_the_old_file(path, monkeypatch, name):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    table_network("binary").save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, name, interrupt)
    with pytest.raises(KeyboardInterrupt):
        table_network("regression").save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_what_a_process_that_was_killed_has_left_goes_with_the_next_file(path):
    (path.parent / ".chainrule-0123456789abcdef.partial").write_bytes(b"half a mod")
    table_network().save(path)
    assert os.listdir(path.parent) == [path.name]


def test_a_first_write_that_fails_leaves_nothing(path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(ModelFileError, match="No space left on device"):
        table_network().save(path)
    assert os.listdir(path.parent) == []


def test_file_and_folder_are_synced_in_this_order(path, monkeypatch):
    events, fsync, replace = [], os.fsync, os.replace

    def synced(descriptor):
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        events.append("folder" if folder else "file")
        fsync(descriptor)

    def replaced(old, new):
        events.append("replace")
        assert os.path.dirname(old) == os.path.dirname(new)
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    table_network().save(path)
    assert events == ["file", "replace", "folder"]


def test_a_folder_that_cannot_be_synced_is_no_failure(path, monkeypatch):
    fsync = os.fsync

    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    table_network().save(path)
    load(path)


def test_places_where_no_file_can_be(path, tmp_path):
    with pytest.raises(ModelFileError, match="cannot be written: its folder does not exist"):
        table_network().save(tmp_path / "none" / "model")
    with pytest.raises(ModelFileError, match="cannot be written: it is a folder"):
        table_network().save(tmp_path)
    with pytest.raises(ModelFileError, match="cannot be written: it is a device or pipe"):
        table_network().save("/dev/null")
    with pytest.raises(ModelFileError, match="cannot be written: "):
        table_network().save(tmp_path / ("x" * 300))
    with pytest.raises(ModelFileError, match="null"):
        table_network().save(tmp_path / "a\0b")
    assert os.listdir(tmp_path) == []


@pytest.fixture
def closed(tmp_path):
    """Return a folder without leave to write, and no longer be root, who may write anywhere."""
    tmp_path.chmod(0o500)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield tmp_path
    os.seteuid(user)
    tmp_path.chmod(0o700)


def test_a_folder_without_leave_to_write(closed):
    with pytest.raises(ModelFileError, match="cannot be written: Permission denied"):
        table_network().save(closed / "model")


def test_permissions_stay_and_new_files_have_the_usual_ones(path):
    mask = os.umask(0o027)
    try:
        table_network().save(path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    table_network().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_link_is_followed(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    table_network().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    load(path)


def test_any_name_will_do(tmp_path):
    for name in ("model", "model.dat", "ü €", "x" * 255):
        table_network().save(tmp_path / name)
        load(tmp_path / name)
