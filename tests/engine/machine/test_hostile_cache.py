"""Kernels that a hostile or careless hand has changed on the disk: compiled again, never run."""

import hashlib
import os
import random
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
from llvmlite import binding

from chainrule.engine.kernels import rows
from chainrule.engine.language.emit import emitted
from chainrule.engine.machine import cache, compiling
from engine.machine.test_cache import OTHER, TEXT, code, compiled, folder

__all__ = ["compiled", "folder"]  # fixtures


def test_a_kernel_under_another_s_name_is_not_run(folder, compiled):
    """Whole files, swapped: as by a script that copies caches, or somebody who means harm."""
    right = code(), code(OTHER)
    first, second = sorted(folder.iterdir())
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    assert (code(), code(OTHER)) == right
    assert compiled == [TEXT, OTHER] * 2
    assert (first.read_bytes(), second.read_bytes()) == contents


@pytest.mark.parametrize("other", ["processor", "features", "version", "format"])
def test_a_kernel_of_another_machine_or_version_is_not_run(folder, compiled, monkeypatch, other):
    host = compiling.host()
    targets = {
        "processor": replace(host, processor="x86-64"),
        "features": replace(host, features=host.features + ",-bmi"),
    }
    with monkeypatch.context() as elsewhere:
        if other == "version":
            elsewhere.setattr(binding, "llvm_version_info", (3, 4, 0))
        elif other == "format":
            elsewhere.setattr(cache, "FORMAT", "1")
        cache.object_code(TEXT, targets.get(other, host))
    (foreign,) = folder.iterdir()
    content = foreign.read_bytes()
    right = code()
    (own,) = set(folder.iterdir()) - {foreign}
    whole = own.read_bytes()
    own.write_bytes(content)
    assert code() == right
    assert own.read_bytes() == whole
    assert len(compiled) == 3


TEXTS = [str(emitted(rows.transpose, f"kept{k}", "float32")[0].module) for k in range(4)]


def harm(folder, chance):
    """Do to a file of the cache what nobody should."""
    files = sorted(path for path in folder.iterdir() if path.suffix == ".kernel")
    path, other = chance.choice(files), chance.choice(files)
    content, foreign = (
        (each.read_bytes() if each.is_file() and each.stat().st_size < 2**20 else b"") or b"?"
        for each in (path, other)
    )
    place = chance.randrange(len(content))
    flipped = bytes([content[place] ^ 1 << chance.randrange(8)])
    others = {
        "cut": content[:place],
        "longer": content + content[place:],
        "a bit": content[:place] + flipped + content[place + 1 :],
        "zeros": bytes(len(content)),
        "another's": foreign,
        "another's code": content[:32] + foreign[32:],
    }
    acts = {
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(other),
        "link to itself": lambda: path.symlink_to(path),
        "pipe": lambda: os.mkfifo(path),
        "huge": lambda: path.write_bytes(b"") or os.truncate(path, 2**40),
        "gone": lambda: None,
        **{name: partial(path.write_bytes, changed) for name, changed in others.items()},
    }
    act = acts[chance.choice(sorted(acts))]
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    act()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes and links")
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_to_a_cache_the_code_is_right(folder, monkeypatch, seed):
    right = {text: compiling.object_code(text, compiling.host()) for text in TEXTS}
    monkeypatch.setattr(compiling, "object_code", lambda text, target: right[text])
    chance = random.Random(seed)
    for _ in range(80):
        assert [code(text) for text in TEXTS] == list(right.values())
        for _ in range(chance.randrange(4)):
            harm(folder, chance)


def test_files_of_the_format_before_are_no_harm(folder, compiled):
    """Those began with a checksum of the code alone."""
    right = code()
    (file,) = folder.iterdir()
    file.write_bytes(hashlib.sha256(right).digest() + right)
    assert code() == right
    assert len(compiled) == 2


def test_a_shuffled_cache_changes_no_bit_of_a_training(folder, tmp_path):
    """Each kernel is whole, and stands under the name of another."""
    command = [sys.executable, "-m", "chainrule", "train", "iris", "-q", "-e", "2", "-o"]

    def trained(name):
        subprocess.run([*command, str(tmp_path / name)], check=True, capture_output=True)
        return (tmp_path / name).read_bytes()

    right = trained("before")
    files = sorted(folder.iterdir())
    assert len(files) > 5
    contents = [file.read_bytes() for file in files]
    for file, content in zip(files, contents[1:] + contents[:1], strict=True):
        file.write_bytes(content)
    assert trained("after") == right
    assert [file.read_bytes() for file in sorted(folder.iterdir())] == contents
