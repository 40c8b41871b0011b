"""Kernels on disk: found again, and never a reason to fail."""

import os
import re
import subprocess
import sys

import pytest

from chainrule import partial_files
from chainrule.engine.kernels import rows
from chainrule.engine.language.emit import emitted
from chainrule.engine.machine import cache, compiling

TEXT, OTHER = (
    str(emitted(emit, "kept", "float32")[0].module) for emit in (rows.transpose, rows.squares)
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "kernels"))
    return tmp_path / "kernels"


@pytest.fixture
def compiled(monkeypatch):
    """Count what is compiled."""
    calls = []
    real = compiling.object_code

    def counting(text, target):
        calls.append(text)
        return real(text, target)

    monkeypatch.setattr(compiling, "object_code", counting)
    return calls


def code(text=TEXT):
    return cache.object_code(text, compiling.host())


def test_a_kernel_is_compiled_once(folder, compiled):
    assert code() == code()
    assert compiled == [TEXT]
    assert len(list(folder.iterdir())) == 1


def test_another_text_or_processor_is_another_kernel(folder, compiled):
    code()
    code(OTHER)
    cache.object_code(TEXT, compiling.Target("haswell", "", 32))
    assert len(compiled) == 3


def test_a_text_is_made_once_for_a_source(folder, compiled):
    made = []

    def text():
        made.append(TEXT)
        return TEXT

    def of(source):
        return cache.object_code_of(source, compiling.host(), text)

    assert of("source") == of("source") == code()
    assert len(made) == len(compiled) == 1
    assert of("other source") == code()  # which led to the same text
    assert (len(made), len(compiled)) == (2, 1)
    for file in folder.iterdir():
        if file.stat().st_size > 1000:  # the code itself, not what names it
            file.unlink()
    assert of("source") == code()
    assert (len(made), len(compiled)) == (3, 2)


def test_without_a_folder_a_text_is_made_each_time(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", "")
    made = []
    for _ in range(2):
        cache.object_code_of("source", compiling.host(), lambda: made.append(0) or TEXT)
    assert len(made) == 2


@pytest.mark.parametrize(
    "damage",
    [lambda b: b[:-9], lambda b: b"", lambda b: b[:-1] + b"?", lambda b: b[:20], lambda b: b[32:]],
)
def test_a_damaged_file_is_compiled_again(folder, compiled, damage):
    whole = code()
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert code() == whole
    assert code() == whole
    assert len(compiled) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_others_could_have_written_is_not_run(folder, compiled, what):
    code()
    (file,) = folder.iterdir()
    (file if what == "file" else folder).chmod(0o777)
    code()
    code(OTHER)
    assert len(compiled) == 3
    assert len(list(folder.iterdir())) == (2 if what == "file" else 1)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o775, 0o707, 0o777])
def test_a_folder_that_is_not_used_is_said_with_the_reason(folder, mode):
    assert cache.trouble() is None  # there is none yet
    code()
    assert cache.trouble() is None
    folder.chmod(mode)
    assert re.fullmatch(
        rf"kernels are not kept in {folder}, since others may write there \(mode {mode:o}\), and "
        rf"machine code .* is never run: chmod go-w {folder}, .* CHAINRULE_CACHE to a folder .*",
        cache.trouble(),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX users")
def test_a_folder_of_another_user_is_said(folder, compiled, monkeypatch):
    folder.mkdir()
    status = os.stat_result([0o40755, 0, 0, 2, os.getuid() + 1, 0, 0, 0, 0, 0])
    monkeypatch.setattr(type(folder), "stat", lambda self, **_: status)
    assert f"since it belongs to another user, of id {os.getuid() + 1}" in cache.trouble()
    code()
    code()
    assert len(compiled) == 2


def test_no_writable_place_is_no_error(tmp_path, monkeypatch, compiled):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("CHAINRULE_CACHE", str(blocked / "kernels"))
    assert code() == code()
    assert len(compiled) == 2
    reason = f"kernels are not kept in {blocked / 'kernels'}: Not a directory; set CHAINRULE_CACHE"
    assert cache.trouble().startswith(reason)


def test_a_folder_that_cannot_be_written_is_read_all_the_same(folder, compiled, monkeypatch):
    def refuse(folder, mode):
        raise PermissionError

    code()
    monkeypatch.setattr(partial_files, "_begun", refuse)  # root may write into any folder
    code()
    code(OTHER)
    code(OTHER)
    assert compiled == [TEXT, OTHER, OTHER]
    assert len(list(folder.iterdir())) == 1


def test_what_a_process_that_was_killed_has_left_goes(folder):
    cache._remove_abandoned.cache_clear()
    folder.mkdir()
    (folder / ".chainrule-0123456789abcdef.partial").write_bytes(b"half a ker")
    code()
    assert [file.suffix for file in folder.iterdir()] == [".kernel"]


def test_what_is_in_the_way_stays_and_nothing_is_left_beside_it(folder, compiled):
    code()
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()
    assert code() == code()
    assert len(compiled) == 3
    assert [path.is_dir() for path in folder.iterdir()] == [True]


def test_an_empty_setting_keeps_nothing(monkeypatch, compiled):
    monkeypatch.setenv("CHAINRULE_CACHE", "")
    assert cache.folder() is None
    assert cache.trouble() is None
    code()
    code()
    assert len(compiled) == 2


def test_the_folder_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.delenv("CHAINRULE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform.startswith("linux"):
        assert cache.folder() == tmp_path / "chainrule" / "kernels"


def test_two_processes_may_fill_it_at_once(folder):
    script = (
        "from chainrule.engine.machine import cache, compiling\n"
        "from chainrule.engine.kernels import rows\n"
        "from chainrule.engine.language.emit import emitted\n"
        "text = str(emitted(rows.transpose, 'kept', 'float32')[0].module)\n"
        "print(len(cache.object_code(text, compiling.host())))\n"
    )
    environment = os.environ | {"CHAINRULE_CACHE": str(folder)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    sizes = {process.communicate()[0] for process in both}
    assert sizes == {f"{len(code())}\n"}
    assert [file.suffix for file in folder.iterdir()] == [".kernel"]


@pytest.fixture
def crowded(folder, monkeypatch):
    """Return a folder with ten old kernels of 100,000 bytes, the first the oldest, and others."""
    monkeypatch.setenv("CHAINRULE_CACHE_MEGABYTES", "1")
    monkeypatch.setattr(cache, "_unmeasured", {})
    folder.mkdir(mode=0o700)
    for number in range(10):
        file = folder / f"{number}.kernel"
        file.write_bytes(bytes(100_000))
        os.utime(file, (10**9 + number, 10**9 + number))
    (folder / "notes.txt").write_bytes(bytes(2_000_000))
    return folder


def names(folder):
    return sorted(path.stem for path in folder.glob("?.kernel"))


def test_the_oldest_kernels_go_where_all_take_too_much(crowded, compiled):
    whole = code()
    assert names(crowded) == list("23456789")  # an eighth is free again
    assert code() == whole
    assert len(compiled) == 1
    assert (crowded / "notes.txt").exists()


def test_a_kernel_in_use_is_not_old(crowded, compiled):
    whole = code()
    (own,) = set(crowded.glob("*.kernel")) - set(crowded.glob("?.kernel"))
    os.utime(own, (10**8, 10**8))
    assert code() == whole  # found, and used
    (crowded / "x.kernel").write_bytes(bytes(500_000))
    cache.remove_oldest(crowded, 10**6)
    assert own.exists()
    assert len(compiled) == 1


def test_a_folder_within_its_limit_keeps_all(crowded, monkeypatch):
    for megabytes in ("2", "", "many", "-1"):  # what is no number is not taken for one
        monkeypatch.setenv("CHAINRULE_CACHE_MEGABYTES", megabytes)
        cache._unmeasured.clear()
        code(f"{TEXT}\n; {megabytes}")
    assert len(names(crowded)) == 10


def test_nothing_is_kept_where_nothing_may_be(crowded, monkeypatch, compiled):
    monkeypatch.setenv("CHAINRULE_CACHE_MEGABYTES", "0")
    assert code() == code()
    assert list(crowded.glob("*.kernel")) == []
    assert len(compiled) == 2


def test_what_another_process_has_removed_is_no_error(crowded, monkeypatch):
    real = os.unlink

    def twice(path):
        real(path)
        return real(path)

    monkeypatch.setattr(cache.os, "unlink", twice)
    cache.remove_oldest(crowded, 500_000)
    cache.remove_oldest(crowded / "nowhere", 0)
    assert names(crowded) == []
