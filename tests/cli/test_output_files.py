"""Nothing is lost to a wrong --output, and nothing is computed in vain."""

import errno
import os
import stat
import tempfile
import threading
from functools import partial
from pathlib import Path

import pytest

from chainrule.cli.output_files import (
    check_model_path,
    check_predictions_path,
    check_text_path,
    default_model_path,
    write_text,
)
from files.examples import table_network

CHECKS = pytest.mark.parametrize(
    "check", [partial(each, force=True) for each in (check_model_path, check_text_path)]
)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("digits", "digits.safetensors"),
        ("houses.csv", "houses.safetensors"),
        ("some where/houses.2024.csv.gz", "houses.2024.safetensors"),
        ("houses.2025.tsv", "houses.2025.safetensors"),
        ("houses", "houses.safetensors"),
    ],
)
def test_a_model_is_named_after_its_data(data, name):
    assert str(default_model_path(data)) == name


def test_a_folder_keeps_its_whole_name(tmp_path, monkeypatch):
    folder = tmp_path / "photos.v2"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for data in (folder, f"{folder}/", "../photos.v2", "."):
        assert str(default_model_path(str(data))) == "photos.v2.safetensors"
    assert str(default_model_path("..")) == f"{tmp_path.name}.safetensors"
    assert str(default_model_path("/")) == "model.safetensors"


@CHECKS
def test_a_folder_is_no_output(check, tmp_path):
    with pytest.raises(ValueError, match=r"--output: \S+ is a folder; a file's name was expected"):
        check(tmp_path)


@CHECKS
def test_the_folder_of_an_output_must_be_there(check, tmp_path):
    with pytest.raises(ValueError, match=r"--output: there is no folder \S+absent$"):
        check(tmp_path / "absent" / "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"--output: there is no folder \S+file$"):
        check(tmp_path / "file" / "x")


@CHECKS
def test_a_folder_that_takes_no_files_is_named(check, tmp_path, monkeypatch):
    def refuse(dir):  # noqa: A002 — permissions do not bind every user who runs tests
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(ValueError, match=r"no file can be made in \S+: Permission denied"):
        check(tmp_path / "x")


@CHECKS
def test_a_write_protected_file_is_respected(check, tmp_path, monkeypatch):
    path = tmp_path / "x"
    table_network().save(path)
    monkeypatch.setattr("chainrule.cli.output_files.access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(ValueError, match=r"--output: \S+ is write-protected"):
        check(path)


@CHECKS
def test_a_name_that_no_file_can_have_is_named(check, tmp_path):
    with pytest.raises(ValueError, match=r"--output: \S+: File name too long"):
        check(tmp_path / ("x" * 300))


@CHECKS
def test_what_is_read_is_not_overwritten(check, tmp_path):
    path, link = tmp_path / "houses.csv", tmp_path / "link.csv"
    path.write_text("a,b\n")
    link.symlink_to(path)
    for output in (path, link):
        with pytest.raises(ValueError, match=r"is to be read; another name was expected"):
            check(output, "digits", path)


@CHECKS
def test_checking_leaves_nothing_behind(check, tmp_path):
    check(tmp_path / "new", "digits", tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_a_model_may_take_the_place_of_a_model_whole_or_not(tmp_path):
    path = tmp_path / "m.safetensors"
    table_network().save(path)
    check_model_path(path, force=True)
    path.write_bytes(path.read_bytes()[:700])
    check_model_path(path, force=True)
    path.write_bytes(b"")
    check_model_path(path, force=True)


def test_a_file_with_content_is_overwritten_by_force_alone(tmp_path):
    model, text = tmp_path / "m.safetensors", tmp_path / "predictions.csv"
    table_network().save(model)
    text.write_text("price\n7\n")
    message = r"is there already; --force overwrites it, --output NAME writes another file"
    for path, check in ((model, check_model_path), (text, check_text_path)):
        with pytest.raises(ValueError, match=f"{path.name} {message}"):
            check(path, force=False)
        check(path, force=True)
        path.write_bytes(b"")
        check(path, force=False)


def test_a_model_never_takes_the_place_of_another_file(tmp_path):
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    with pytest.raises(ValueError, match=r"thesis.txt is there already and is no model"):
        check_model_path(path, force=True)
    assert path.read_text() == "years of work"


def test_a_device_takes_text_but_no_model():
    with pytest.raises(ValueError, match="/dev/null is a device or pipe"):
        check_model_path(Path(os.devnull), force=True)
    check_text_path(Path(os.devnull), force=False)
    write_text(Path(os.devnull), "x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_text_goes_into_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_text(encoding="utf-8")))
    reader.start()
    write_text(path, "größe\n")
    reader.join()
    assert got == ["größe\n"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_text_takes_the_place_of_text(tmp_path):
    path = tmp_path / "x.csv"
    write_text(path, "one,two\n")
    write_text(path, "drei\n")
    assert path.read_bytes() == b"drei\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["p.parquet", "p.XLSX", "p.csv.gz"])
def test_predictions_do_not_go_by_the_name_of_another_format(tmp_path, name):
    with pytest.raises(ValueError, match=r"predictions are written as plain text, as in pred"):
        check_predictions_path(tmp_path / name, force=True)
    check_predictions_path(tmp_path / "p.tsv", force=False)
